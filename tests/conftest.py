"""For all tests: nobody's installed models, and no time limits: a machine may be busy."""

from __future__ import annotations

from pathlib import Path

import pytest

try:
    from hypothesis import settings
except ImportError:  # in the environments of single engines
    pass
else:
    settings.register_profile("house", deadline=None)
    settings.load_profile("house")


@pytest.fixture(autouse=True, scope="session")
def _no_models(tmp_path_factory: pytest.TempPathFactory) -> object:
    """Models that a developer has installed must not change what a test sees."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        yield Path
