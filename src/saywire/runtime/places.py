"""Where the things of this user lie on this system."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path


def find_data(environment: Mapping[str, str]) -> Path:
    """``saywire`` in the user's data folder; it need not be there yet."""
    home = Path(environment.get("HOME") or environment.get("USERPROFILE") or ".")
    if environment.get("XDG_DATA_HOME"):
        data = Path(environment["XDG_DATA_HOME"])
    elif sys.platform == "win32":
        data = Path(environment.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        data = home / "Library" / "Application Support"
    else:
        data = home / ".local" / "share"
    return data / "saywire"
