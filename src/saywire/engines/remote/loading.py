"""``load``: an engine of a ``[remote.NAME]`` table, and the key it wants."""

from __future__ import annotations

import os
from collections.abc import Mapping

from ...calling import is_key
from ...config import RemoteConfig
from ...errors import EngineFailed
from ..base import Engine
from ..windowed import Pace, Windowed
from .client import Client
from .dialects import DIALECTS
from .realtime.dialects import DIALECTS as REALTIME
from .realtime.engine import Realtime
from .recognizer import Remote
from .server import Server


def load(remote: RemoteConfig) -> Engine:
    """Connects to nothing yet: the server may be started later. Raises EngineFailed for a missing key, an
    address or a proxy that is none."""
    key = read_key(remote, os.environ)
    if live := REALTIME.get(remote.dialect):
        return Realtime(remote, live, key)
    dialect = DIALECTS[remote.dialect]
    server = Server(remote, key, dialect.path, key_header=dialect.key_header, roots=dialect.roots)
    pace = Pace(step=remote.partials, agree=2 if remote.partials else 0)
    return Windowed(Remote(remote, dialect, Client(remote, dialect, server)), pace)


def read_key(remote: RemoteConfig, environment: Mapping[str, str]) -> str:
    """Empty where none is wanted. Raises EngineFailed."""
    variable = remote.api_key_env
    if not variable:
        return ""
    key = environment.get(variable, "").strip()
    if not key:
        raise EngineFailed(
            f"remote '{remote.name}' wants its key in ${variable}, which is empty; set it",
            code="remote_no_key",
        )
    if not is_key(key):
        raise EngineFailed(f"${variable} has characters that no key has; copy it again", code="remote_no_key")
    return key
