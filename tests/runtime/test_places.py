"""Where the user's things lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from saywire.runtime.places import find_data


def test_the_data_folder_is_the_system_s(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_data({"XDG_DATA_HOME": "/x", "HOME": "/h"}) == Path("/x/saywire")
    for system, folder in {
        "linux": "/h/.local/share/saywire",
        "darwin": "/h/Library/Application Support/saywire",
        "win32": "/h/AppData/Local/saywire",
    }.items():
        monkeypatch.setattr("sys.platform", system)
        assert find_data({"HOME": "/h"}) == Path(folder)
    assert find_data({"USERPROFILE": "/u", "LOCALAPPDATA": "/l"}) == Path("/l/saywire")
