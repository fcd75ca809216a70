"""What a session will be shown as that begins with given settings: for keys that settings are tied to."""

from __future__ import annotations

from ...types import Options
from .merge import merge
from .options import opening_settings
from .reading import read_session
from .session import Session
from .show import shown_session


def preview(id: str, session: str, defaults: Options) -> Session:
    """``session`` is JSON. Raises BadRequest for settings that may not be."""
    settings = merge(opening_settings(None), read_session(session))
    return shown_session(id, 0, settings, defaults)
