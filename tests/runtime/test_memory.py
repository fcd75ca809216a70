from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from saywire.runtime.memory import measure


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells it")
def test_a_process_takes_some_megabytes() -> None:
    found = measure([os.getpid()])
    assert found is not None and found > 10 << 20


def test_shared_pages_are_counted_in_proportion_and_the_dead_not_at_all(tmp_path: Path) -> None:
    for pid, kilobytes in ((1, 100), (2, 50)):
        (tmp_path / str(pid)).mkdir()
        (tmp_path / str(pid) / "smaps_rollup").write_text(
            f"Rss: 999 kB\nPss:   {kilobytes} kB\nPss_Anon: 7 kB\n"
        )
    assert measure([1, 2, 3], tmp_path) == 150 << 10


def test_a_system_that_does_not_tell(tmp_path: Path) -> None:
    assert measure([1], tmp_path / "none") is None
