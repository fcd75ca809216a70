"""One websocket, one adapter, one session: the only room where they meet.

Two loops. One reads: frames become commands for the session; it never waits for the session. One
writes: the session's events become frames; it takes events only when the socket took the frames before
them, so a slow reader holds up only itself, and of several Partials of an utterance that wait only the
newest is sent. When either loop ends, both end (law 6).

* The client goes away: the adapter's ``leave`` commands go to the session, and what it still says is
  waited for, at most ``drain_seconds``, so that its end is known and logged; then it is closed.
* The server wants to stop (``finish``): the session gets Finish, its finals are sent, then Close 1012,
  on which clients connect again.
* An error that ends the session: told in the wire's own words, then Close.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from ..errors import BadRequest, OutOfOrder, Overloaded, SaywireError
from ..messages import Command, Event, Failed, Finish, Partial
from ..protocols.base import Adapter, Close, Frame, Handshake
from ..runtime.base import Host, Hosted
from ..types import Options
from .auth import choose_subprotocol
from .limits import Admission
from .logs import SessionLog, logger

GOING_AWAY = 1012
"""Service restart: the SDKs of OpenAI, and any sensible client, connect again."""
TRY_LATER = 1013
REFUSED = 1008
"""Policy violation: what was asked for is not to be had, and asking again will not help."""
BROKEN = 1011

ROOM = 256
"""Frames that may wait for a client which asks but does not read; then it is not read either."""


class Connection:
    def __init__(self, socket: WebSocket, adapter: Adapter, log: SessionLog, drain_seconds: float) -> None:
        self._socket = socket
        self._adapter = adapter
        self._log = log
        self._drain_seconds = drain_seconds
        self._session: Hosted | None = None
        self._moved = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._outbox: deque[Frame] = deque()
        self._finishing = False
        self._restarting = False
        self._farewell: Close | None = None
        """What to end with when the adapter has no Close of its own."""
        log.cause = "client left"

    async def run(self, host: Host, admission: Admission, options: Options) -> None:
        """Serve the client until it or we are done. Never raises but to be cancelled."""
        self._log.start()
        try:
            await self._socket.accept(choose_subprotocol(self._socket.scope["subprotocols"]))
            await self._open(host, admission, options)
        except (WebSocketDisconnect, OSError):  # the latter when it left before it was accepted
            pass
        except Exception:
            logger.exception("session %s broke", self._log.session)
            self._log.cause = "broken"
            await self._close(Close(BROKEN, "internal_error"))
        finally:
            self._log.end()

    def finish(self) -> None:
        """The server wants to stop: say what there is to say, then close with 1012."""
        if not self._finishing:
            self._restarting = True
            self._obey([Finish()])
            self._moved.set()

    async def _open(self, host: Host, admission: Admission, options: Options) -> None:
        commands = self._adapter.connect(_handshake(self._socket))
        with ExitStack() as stack:
            try:
                stack.enter_context(admission.enter(self.finish))
                self._session = host.open(options, self._moved.set)
            except SaywireError as error:
                self._fail(error)
                return await self._write()
            stack.callback(self._session.close)
            self._obey(commands)
            self._moved.set()
            await self._talk()

    async def _talk(self) -> None:
        reading = asyncio.create_task(self._read())
        writing = asyncio.create_task(self._write())
        try:
            await asyncio.wait((reading, writing), return_when=asyncio.FIRST_COMPLETED)
        finally:
            reading.cancel()
            writing.cancel()
            ends = await asyncio.gather(reading, writing, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception) and not isinstance(end, WebSocketDisconnect):
                raise end
        if ends[1] is not None:  # nothing was closed by us
            await self._drain()

    async def _read(self) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            try:
                self._obey(self._adapter.receive(message["bytes"] if text is None else text))
            except SaywireError as error:
                self._fail(error)
            self._post()
            await self._room.wait()

    async def _write(self) -> None:
        while True:
            await self._moved.wait()
            self._moved.clear()
            self._relay()
            while self._outbox:
                frame = self._outbox.popleft()
                if isinstance(frame, Close):
                    return await self._close(frame)
                await self._send(frame)
            self._room.set()
            if self._farewell:
                return await self._close(self._farewell)

    async def _drain(self) -> None:
        """The client is gone. Let the session end by itself, if the wire wants that, for a while."""
        self._obey(self._adapter.leave())
        if self._session is None or not self._finishing:
            return
        try:
            async with asyncio.timeout(self._drain_seconds):
                while not self._session.ended:
                    await self._moved.wait()
                    self._moved.clear()
                    for event in self._session.events_to_send():
                        self._log.note(event)
        except TimeoutError:
            self._log.cause += f", its audio was not decoded in {self._drain_seconds:g} s"

    def _obey(self, commands: Iterable[Command]) -> None:
        """Give commands to the session; what follows a Finish, or an error that ends it, is dropped."""
        for command in commands:
            if self._finishing or self._session is None:
                return
            self._log.hear(command)
            self._finishing = isinstance(command, Finish)
            try:
                self._session.receive(command)
            except OutOfOrder:
                # It has ended by itself; the event that says so has not been taken yet.
                self._finishing = True
            except SaywireError as error:
                self._fail(error)

    def _fail(self, error: SaywireError) -> None:
        self._adapter.fail(error)
        if error.fatal:
            self._end_with(error)
        self._post()

    def _end_with(self, error: SaywireError) -> None:
        """Prepare to close after an error that the session does not survive."""
        self._finishing = True
        self._log.cause = error.code
        if isinstance(error, Overloaded):
            code = TRY_LATER
        elif isinstance(error, BadRequest):
            code = REFUSED
        else:
            code = BROKEN
        self._farewell = Close(code, error.code)

    def _relay(self) -> None:
        """Turn the session's events into frames."""
        if self._session is None:
            return
        events = thin(self._session.events_to_send())
        for event in events:
            self._log.note(event)
            self._adapter.send(event)
        self._post()
        if self._session.ended:
            match events:
                case [*_, Failed(_, error)]:
                    self._end_with(error)
                case _:
                    self._farewell = self._farewell or Close()

    def _post(self) -> None:
        """Put what the adapter has to send behind what waits already."""
        self._outbox.extend(self._adapter.frames_to_send())
        if self._outbox:
            self._moved.set()
        if len(self._outbox) > ROOM:
            self._room.clear()

    async def _send(self, frame: str | bytes) -> None:
        try:
            if isinstance(frame, str):
                await self._socket.send_text(frame)
            else:
                await self._socket.send_bytes(frame)
        except RuntimeError as e:  # uvicorn closed it (1009, no pong) and tells us only so
            raise WebSocketDisconnect(1006) from e

    async def _close(self, close: Close) -> None:
        if self._restarting:
            close = Close(GOING_AWAY, "service restart")
        if self._log.cause == "client left":
            self._log.cause = f"closed {close.code} {close.reason}".strip()
        if self._socket.application_state is WebSocketState.CONNECTED:
            with suppress(WebSocketDisconnect, RuntimeError):  # gone, or closed by uvicorn
                await self._socket.close(close.code, _clip(close.reason))


def thin(events: Sequence[Event]) -> list[Event]:
    """The same events without the Partials that a newer one of the same utterance makes obsolete.

    Stable text only grows, so the newest Partial says all that the older ones said.
    """
    newer: set[int] = set()
    kept: list[Event] = []
    for event in reversed(events):
        if isinstance(event, Partial):
            if event.utterance in newer:
                continue
            newer.add(event.utterance)
        kept.append(event)
    return kept[::-1]


def _handshake(socket: WebSocket) -> Handshake:
    return Handshake(
        socket.scope["path"],
        dict(socket.query_params),
        dict(socket.headers),
        tuple(socket.scope["subprotocols"]),
    )


def _clip(reason: str) -> str:
    """RFC 6455 5.5: a control frame holds 125 bytes, two of them the code."""
    return reason.encode()[:123].decode(errors="ignore")
