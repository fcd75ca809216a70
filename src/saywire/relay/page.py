"""The relay's page and its websockets, on this machine's own address alone.

``/`` is the page and, for those who open a websocket there, the control of ``control.py`` in
LLM-Realtime-ASR's words; ``/captions`` is the websocket of the page here, which hears more. Pages of this
machine may use them, from any port, and those whose origin was named; the Host must be this machine's too,
or any site could lead its name here (DNS rebinding).
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from ..errors import SaywireError
from ..messages import Event, Final
from ..server.pages import HEADERS, PREFIX, read_page, read_pages
from ..server.pages import Page as Served
from ..server.run import listen
from . import control
from .audience import State
from .control import Refusal, Wish
from .journal import Gap

ADDRESS = "127.0.0.1"
OURS = frozenset({"127.0.0.1", "localhost", "::1"})
CONTROL, CAPTIONS = "/", "/captions"
WEB = Path(__file__).parent / "web"
KEPT = 500
"""Finals and gaps that a page is told that comes late."""
LARGEST = 4096
"""Bytes of what a page may say."""
MOST_WAITING = 2**20
"""Bytes that a page may leave unread before it is sent away."""


class Captures(Protocol):
    """Of a relay, what a page may command."""

    @property
    def state(self) -> State: ...

    def capture(self) -> None: ...

    def rest(self) -> None: ...


class Page:
    """An audience of pages. ``serve`` it for a relay."""

    def __init__(self, now: Callable[[], datetime] = datetime.now) -> None:
        self._now = now
        self._plain: set[ServerConnection] = set()
        """Those who speak LLM-Realtime-ASR's words."""
        self._ours: set[ServerConnection] = set()
        self._kept: deque[str] = deque(maxlen=KEPT)
        self._capturing = False

    # As an audience.

    def hear(self, event: Event, captured: float) -> None:
        if isinstance(event, Final) and (text := control.tell_text(event, captured, self._now())):
            _tell(self._plain, text)
        if frame := control.tell_event(event):
            if isinstance(event, Final):
                self._kept.append(frame)
            _tell(self._ours, frame)

    def lose(self, gap: Gap) -> None:
        self._kept.append(control.tell_gap(gap))
        _tell(self._ours, self._kept[-1])

    def see(self, state: State) -> None:
        if state.capturing != self._capturing:
            self._capturing = state.capturing
            for frame in self._statuses():
                _tell(self._plain, frame)
        _tell(self._ours, _tell_state(state))

    def warn(self, message: str) -> None:
        _tell(self._ours, control.tell_warning(message))

    def fail(self, error: SaywireError) -> None:
        _tell(self._plain, control.tell_error(f"{control.FAILED}: {error.message}", self._now()))
        self.warn(f"capturing has failed: {error.message}")

    # As a server.

    @asynccontextmanager
    async def serve(self, relay: Captures, port: int, origins: Sequence[str] = ()) -> AsyncGenerator[str]:
        """While it is entered. Yields its address. Raises ConfigError for a port that cannot be had."""
        pages = read_files()

        def answer(connection: ServerConnection, request: Request) -> Response | None:
            return self._answer(request, pages, origins)

        async def meet(connection: ServerConnection) -> None:
            await self._meet(connection, relay)

        socket = listen(ADDRESS, port)
        async with serve(
            meet, sock=socket, process_request=answer, max_size=LARGEST, compression=None, server_header=None
        ):
            yield f"http://{ADDRESS}:{socket.getsockname()[1]}/"

    async def _meet(self, connection: ServerConnection, relay: Captures) -> None:
        assert connection.request
        ours = urlsplit(connection.request.path).path == CAPTIONS
        audience = self._ours if ours else self._plain
        try:
            greeting = control.tell_status(control.GREETING, self._now())
            for known in (*self._kept, _tell_state(relay.state)) if ours else (greeting,):
                _tell((connection,), known)
            audience.add(connection)
            async for frame in connection:
                for reply in self._obey(frame, relay):
                    await connection.send(reply)
        except ConnectionClosed:
            pass
        finally:
            audience.discard(connection)

    def _obey(self, frame: str | bytes, relay: Captures) -> list[str]:
        """What only the one hears who said it; of what changes, all hear in ``see``."""
        match control.read(frame, self._now()):
            case Wish.PING:
                return [control.tell_pong(self._now())]
            case Wish.START:
                known = self._capturing
                relay.capture()
                return self._statuses() if known else []
            case Wish.STOP:
                known = not self._capturing
                relay.rest()
                return self._statuses() if known else []
            case Refusal(told):
                return [told]

    def _statuses(self) -> list[str]:
        words = (control.CAPTURING, control.RECORDING) if self._capturing else (control.STOPPED,)
        return [control.tell_status(word, self._now()) for word in words]

    def _answer(
        self, request: Request, pages: Mapping[str, Served], origins: Sequence[str]
    ) -> Response | None:
        """None: a websocket is opened."""
        path = urlsplit(request.path).path
        if not is_ours(request.headers.get("Host", ""), request.headers.get("Origin"), origins):
            return _respond(HTTPStatus.FORBIDDEN, "This relay is for pages of its own machine.\n")
        if "Upgrade" in request.headers:
            known = path in (CONTROL, CAPTIONS)
            return None if known else _respond(HTTPStatus.NOT_FOUND, "There is no websocket here.\n")
        page = pages.get(path)
        if page is None:
            return _respond(HTTPStatus.NOT_FOUND, "There is nothing here.\n")
        return _respond(HTTPStatus.OK, page.body, HEADERS | {"content-type": page.kind})


def read_files() -> Mapping[str, Served]:
    """By their paths, which are those of the sources: modules import each other by them."""
    ours = {f"/relay/web/{path.name}": read_page(path) for path in WEB.iterdir()}
    shared = {PREFIX + name: page for name, page in read_pages().items()}
    return shared | ours | {"/": ours["/relay/web/index.html"]}


def is_ours(host: str, origin: str | None, origins: Sequence[str]) -> bool:
    """Whether a request was meant for us, and its page is one of this machine or of ``origins``. Programs
    send no Origin. Pure."""
    if _name(f"//{host}") not in OURS:
        return False
    return origin is None or origin in origins or _name(origin) in OURS


def _name(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _respond(status: HTTPStatus, body: str | bytes, headers: Mapping[str, str] | None = None) -> Response:
    data = body.encode() if isinstance(body, str) else body
    told = {"content-type": "text/plain; charset=utf-8", "connection": "close"}
    length = {"content-length": str(len(data))}
    return Response(status, status.phrase, Headers(told | dict(headers or {}) | length), data)


def _tell(audience: Collection[ServerConnection], frame: str) -> None:
    """Who does not read is sent away before the frames that wait take our memory."""
    broadcast(audience, frame)
    for connection in audience:
        if connection.transport.get_write_buffer_size() > MOST_WAITING:
            connection.transport.abort()


def _tell_state(state: State) -> str:
    return control.tell_state(state.connected, state.capturing, state.waiting, state.lost)
