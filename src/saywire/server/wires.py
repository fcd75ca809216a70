"""Where websockets come in: each path has its wire."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from secrets import token_hex, token_urlsafe

from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from ..errors import SaywireError
from ..protocols.base import Adapter, Multiplex, Surroundings, Vocabularies, find_none
from ..protocols.solo import Solo
from ..types import Options
from . import problems
from .connection import Connection, House
from .line import Line, WebsocketLine
from .logs import SessionLog
from .offered import path_in
from .secrets import Secrets

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
        secrets: Secrets | None = None,
    ) -> None:
        """``options`` are what a session gets whose client names nothing, ``lifetime`` its seconds."""
        self._wires = wires
        self._secrets = secrets or Secrets(house.now)
        self._house = house
        self._surroundings = Surroundings(new_id, house.now, options, lifetime, vocabularies)

    async def let_in(self, socket: WebSocket) -> None:
        await self._meet(socket, path_in(socket.scope)).run()

    async def refuse(self, scope: Scope, receive: Receive, send: Send, error: SaywireError) -> None:
        """Each wire has its own words; where there is none, HTTP has."""
        path = path_in(scope)
        if scope["type"] == "websocket" and path in self._wires:
            await self._meet(WebSocket(scope, receive, send), path).run(error)
        else:
            await problems.respond(error)(scope, receive, send)

    def connect(self, line: Line, path: str, client: str) -> Connection:
        """A connection over the wire of ``path``, which nobody runs yet; ``client`` is for the log."""
        options = self._surroundings.defaults
        wire = self._wires[path](self._surroundings)
        if not isinstance(wire, Multiplex):
            wire = Solo(wire, options, self._house.now)
        asked = line.handshake.path

        def new_log() -> SessionLog:
            return SessionLog(token_hex(4), asked, client, options.model, self._house.watch(asked))

        return Connection(line, wire, self._house, new_log)

    def _meet(self, socket: WebSocket, path: str) -> Connection:
        client = socket.client.host if socket.client else "?"
        return self.connect(WebsocketLine(socket, self._secrets.settings(socket.scope)), path, client)


def new_id(kind: str) -> str:
    return f"{kind}_{token_urlsafe(16)}"


def steady_clock() -> Callable[[], float]:
    """Unix time, as it was when the clock was made, and from then on as the time goes by: never set."""
    began = time.time() - time.monotonic()
    return lambda: began + time.monotonic()
