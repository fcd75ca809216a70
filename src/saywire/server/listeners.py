"""Ports of their own for single wires: ``[listener.NAME]``. Pure ASGI, around the whole application.

A request that came in at such a port is answered as if it had been for the wire's own path: any websocket is
the wire's, and what its clients look at over HTTP beside it (``PAGES``) is found at the paths they know.
Everything else is as at the main port, keys included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from starlette.types import ASGIApp, Receive, Scope, Send

from ..config import ListenerConfig
from ..errors import ConfigError
from ..protocols import NAMES
from .borrowed import PAGES


class Listeners:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._wires: dict[int, str] = {}

    def bind(self, wires: Mapping[int, str]) -> None:
        """Which wire is at which port; ports that are not named have all."""
        self._wires = dict(wires)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wire = self._wires.get((scope.get("server") or ("", 0))[1])
        await self._app(move(scope, wire) if wire else scope, receive, send)


def move(scope: Scope, wire: str) -> Scope:
    """The same request, at the path where the application has what it is for."""
    if scope["type"] == "websocket":
        return _at(scope, NAMES[wire])
    pages = PAGES.get(wire, {})
    return _at(scope, pages[scope["path"]]) if scope["type"] == "http" and scope["path"] in pages else scope


def _at(scope: Scope, path: str) -> Scope:
    return {**scope, "path": path, "raw_path": path.encode()}


def check_listeners(listeners: Sequence[ListenerConfig]) -> None:
    """Raises ConfigError for a wire that there is not, naming the nearest."""
    for listener in listeners:
        if listener.wire not in NAMES:
            near = get_close_matches(listener.wire, NAMES, 1)
            hint = f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(NAMES)}"
            raise ConfigError(f"listener.{listener.name}.wire is '{listener.wire}'; {hint}")
