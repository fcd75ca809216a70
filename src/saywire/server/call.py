"""A call: a session whose audio comes from a peer of WebRTC, and whose events any number may share.

The peer's data channel and every websocket that joined (``?call_id=``, OpenAI's "sideband") say what they
want in the words of the same wire and hear the same events. The call ends with the peer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ..errors import Overloaded, SaywireError
from ..messages import Audio
from ..protocols.base import Close, Frame, Handshake, HttpAnswer
from .ice import Reach
from .line import Gone, Line
from .peer import Peer

LONGEST_QUEUE = 1_500
"""What may have come and was not read, because the client does not read: half a minute of audio."""
MOST_SIDES = 16
MOST_UNREAD = 1_000
"""Frames that may wait for a websocket that joined; then it is left behind."""
TOO_SLOW = Close(1013, "events were not read")

HANG_UP = '{"type":"session.close"}'

Side = asyncio.Queue[Frame]


class Call(Line):
    def __init__(self, id: str, handshake: Handshake, reach: Reach) -> None:
        self.id = id
        self.handshake = handshake
        self._peer = Peer(reach, self._come, self._leave)
        self._inbox: asyncio.Queue[str | bytes | Audio | None] = asyncio.Queue(LONGEST_QUEUE)
        """None: nothing comes any more."""
        self._left = ""
        """Why."""
        self._decided: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sides: set[Side] = set()

    async def answer(self, offer: str) -> str:
        """Raises BadRequest, Overloaded."""
        return await self._peer.answer(offer)

    async def accepted(self) -> None:
        """Wait until there is a session. Raises SaywireError when there will be none."""
        await self._decided

    def end(self, close: Close) -> None:
        """Nobody joins any more; those who did are sent away."""
        for side in self._sides:
            _put(side, close)
        if not self._decided.done():
            self._decided.set_exception(SaywireError("The server failed; the reason is in its log."))
            self._decided.exception()  # it may be that nobody waits

    def hang_up(self) -> None:
        """End as if the client had asked for it: what was heard is still said."""
        if self._peer.connected:
            self._come(HANG_UP)
        else:
            self._leave("hung up")

    @contextmanager
    def join(self) -> Iterator[Side]:
        """Hear what the client hears, until there is a Close. Raises Overloaded."""
        if len(self._sides) >= MOST_SIDES:
            raise Overloaded(f"{MOST_SIDES} websockets have joined this call already")
        side = Side(MOST_UNREAD)
        self._sides.add(side)
        try:
            yield side
        finally:
            self._sides.discard(side)

    async def say(self, frame: str | bytes) -> None:
        """For one who joined, like a frame of the client; waits while there are too many."""
        await self._inbox.put(frame)

    # As a line.

    @property
    def overheard(self) -> bool:
        return bool(self._sides)

    async def accept(self, subprotocol: str | None) -> None:
        self._decided.set_result(None)

    async def deny(self, error: SaywireError, answer: HttpAnswer | None) -> bool:
        self._decided.set_exception(error)
        return True

    async def receive(self) -> str | bytes | Audio:
        if self._left and self._inbox.empty():
            raise Gone(self._left)
        came = await self._inbox.get()
        if came is None:
            raise Gone(self._left)
        return came

    async def send(self, frame: str | bytes) -> None:
        for side in self._sides:
            _put(side, frame)
        await self._peer.send(frame if isinstance(frame, str) else frame.decode())

    async def close(self, close: Close) -> None:
        self.end(close)
        await self._peer.close()

    def _come(self, came: str | bytes | Audio) -> None:
        try:
            self._inbox.put_nowait(came)
        except asyncio.QueueFull:
            self._leave("events were not read")

    def _leave(self, cause: str) -> None:
        if not self._left:
            self._left = cause
            with suppress(asyncio.QueueFull):  # whoever is to be woken does not wait then
                self._inbox.put_nowait(None)


def _put(side: Side, frame: Frame) -> None:
    try:
        side.put_nowait(frame)
    except asyncio.QueueFull:
        while not side.empty():
            side.get_nowait()
        side.put_nowait(TOO_SLOW)
