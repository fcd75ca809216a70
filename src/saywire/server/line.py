"""What a connection goes over: frames both ways, and beside them audio, where there is a place for it.

A websocket is one (here), a call of WebRTC another (``call.py``). Whoever has one calls ``accept`` or
``deny``, once and first, then ``receive`` and ``send`` in any order, ``close`` at last.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from ..errors import SaywireError
from ..messages import Audio
from ..protocols.base import Close, Handshake, HttpAnswer


class Gone(Exception):
    """The client has left, or is out of reach; the message says why, where that is known."""


class Line(Protocol):
    """All but ``close`` raise Gone."""

    handshake: Handshake

    @property
    def overheard(self) -> bool:
        """Whether somebody else hears what is sent, who goes on hearing when the client has left."""

    async def accept(self, subprotocol: str | None) -> None: ...

    async def deny(self, error: SaywireError, answer: HttpAnswer | None) -> bool:
        """Turn the client away, in the words of its wire if it has some. False: it must be accepted first
        and be told then."""

    async def receive(self) -> str | bytes | Audio:
        """What came next. May be given up in the middle."""

    async def send(self, frame: str | bytes) -> None:
        """Waits while the client is slow."""

    async def close(self, close: Close) -> None:
        """What was sent still arrives. Idempotent."""


class WebsocketLine(Line):
    overheard = False

    def __init__(self, socket: WebSocket, settings: tuple[str, ...] = ()) -> None:
        self._socket = socket
        self.handshake = Handshake(
            socket.scope["path"],
            tuple(socket.query_params.multi_items()),
            dict(socket.headers),
            tuple(socket.scope["subprotocols"]),
            settings,
        )

    async def accept(self, subprotocol: str | None) -> None:
        with _noticing():
            await self._socket.accept(subprotocol)

    async def deny(self, error: SaywireError, answer: HttpAnswer | None) -> bool:
        if answer is None:
            return False
        response = Response(answer.body, answer.status, answer.headers, answer.content_type)
        with _noticing():
            await self._socket.send_denial_response(response)
        return True

    async def receive(self) -> str | bytes:
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            raise Gone
        text: str | None = message.get("text")
        frame: bytes = message["bytes"] if text is None else b""
        return frame if text is None else text

    async def send(self, frame: str | bytes) -> None:
        with _noticing():
            try:
                if isinstance(frame, str):
                    await self._socket.send_text(frame)
                else:
                    await self._socket.send_bytes(frame)
            except RuntimeError as e:  # uvicorn closed it (1009, no pong) and tells us only so
                raise Gone from e

    async def close(self, close: Close) -> None:
        if self._socket.application_state is WebSocketState.CONNECTED:
            with suppress(WebSocketDisconnect, RuntimeError):  # gone, or closed by uvicorn
                await self._socket.close(close.code, _clip(close.reason))


@contextmanager
def _noticing() -> Iterator[None]:
    """OSError is what comes when the client left before it was accepted."""
    try:
        yield
    except (WebSocketDisconnect, OSError) as e:
        raise Gone from e


def _clip(reason: str) -> str:
    """RFC 6455 5.5: a control frame holds 125 bytes, two of them the code."""
    return reason.encode()[:123].decode(errors="ignore")
