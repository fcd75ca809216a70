"""What a session will be shown as that begins with given settings: for keys that settings are tied to."""

from __future__ import annotations

from ...types import Options
from .merge import merge
from .options import Settings, opening_settings
from .reading import read_session
from .session import FlatSession, Session
from .show import shown_flat, shown_session


def preview(id: str, session: str, defaults: Options) -> Session:
    """``session`` is JSON. Raises BadRequest for settings that may not be."""
    return shown_session(id, 0, _settings(session), defaults)


def preview_flat(id: str, session: str, defaults: Options) -> FlatSession:
    """The same in the beta's shape."""
    return shown_flat(id, 0, _settings(session), defaults)


def _settings(session: str) -> Settings:
    return merge(opening_settings(None), read_session(session))
