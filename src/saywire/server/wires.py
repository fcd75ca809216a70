"""Where websockets come in: each path has its wire."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping

from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from ..errors import SaywireError
from ..protocols.base import Adapter, Multiplex, Surroundings, Vocabularies, find_none
from ..protocols.solo import Solo
from ..types import Options
from . import problems
from .connection import Connection, House
from .line import WebsocketLine
from .logs import SessionLog

NewWire = Callable[[Surroundings], Adapter | Multiplex]
Wires = Mapping[str, NewWire]
"""By path."""


class Door:
    def __init__(
        self,
        wires: Wires,
        house: House,
        options: Options,
        lifetime: float | None = None,
        vocabularies: Vocabularies = find_none,
    ) -> None:
        """``options`` are what a session gets whose client names nothing, ``lifetime`` its seconds."""
        self._wires = wires
        self._house = house
        self._surroundings = Surroundings(new_id, house.now, options, lifetime, vocabularies)

    async def let_in(self, socket: WebSocket) -> None:
        await self._connect(socket, self._wires[_path_in(socket.scope)]).run()

    async def refuse(self, scope: Scope, receive: Receive, send: Send, error: SaywireError) -> None:
        """Each wire has its own words; where there is none, HTTP has."""
        if new_wire := self._wires.get(_path_in(scope)):
            await self._connect(WebSocket(scope, receive, send), new_wire).run(error)
        else:
            await problems.respond(error)(scope, receive, send)

    def _connect(self, socket: WebSocket, new_wire: NewWire) -> Connection:
        options = self._surroundings.defaults
        wire = new_wire(self._surroundings)
        if not isinstance(wire, Multiplex):
            wire = Solo(wire, options, self._house.now)
        path = socket.scope["path"]
        client = socket.client.host if socket.client else "?"

        def new_log() -> SessionLog:
            return SessionLog(secrets.token_hex(4), path, client, options.model)

        return Connection(WebsocketLine(socket), wire, self._house, new_log)


def _path_in(scope: Scope) -> str:
    """Within this application, wherever that is mounted."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def new_id(kind: str) -> str:
    return f"{kind}_{secrets.token_urlsafe(16)}"


def steady_clock() -> Callable[[], float]:
    """Unix time, as it was when the clock was made, and from then on as the time goes by: never set."""
    began = time.time() - time.monotonic()
    return lambda: began + time.monotonic()
