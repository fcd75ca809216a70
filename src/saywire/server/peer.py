"""One peer of WebRTC: its offer is answered, what comes from it is handed on. All we use of aiortc is here.

The peer sends one audio track, and opens one data channel for text: ``oai-events`` with OpenAI's clients, but
the first is taken, whatever it is called. What aiortc (1.16) has no setting for is
set on each connection alone: its jitter buffer waits for four frames (80 ms) before it gives the first, and
for sixteen packets after a loss, which is never made up for again; here it waits for one, and four.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ..errors import BadRequest
from ..messages import Audio
from .ice import Reach, announce, limit_to, without_unresolvable
from .line import Gone
from .track import Ears

try:
    import aiortc
    from aiortc.exceptions import InternalError, InvalidAccessError, InvalidStateError, OperationError
    from aiortc.jitterbuffer import JitterBuffer
    from aiortc.mediastreams import MediaStreamError

    UNREADABLE: tuple[type[Exception], ...] = (
        *(InternalError, InvalidAccessError, InvalidStateError, OperationError),
        *(AssertionError, AttributeError, LookupError, TypeError, ValueError),
    )
    """What aiortc says to an offer that is none, or has nothing it could answer."""
except ImportError:
    aiortc = None

JITTER = {"capacity": 4, "prefetch": 1}
"""Packets, mostly of 20 ms."""
CONNECT_WITHIN = 30.0
"""Seconds, as browsers have it."""
CLOSE_WITHIN = 2.0
"""Seconds in which what was sent may arrive."""
MOST_UNSENT = 2**20
"""Bytes that may wait in a channel for a client that reads slowly."""

WEBRTC_INSTALL = "pip install 'saywire[webrtc]'"

Came = Callable[[str | bytes | Audio], None]
Left = Callable[[str], None]


def is_installed() -> bool:
    return aiortc is not None


class Peer:
    """``answer`` first and once; whoever has called it calls ``close``."""

    def __init__(self, reach: Reach, came: Came, left: Left) -> None:
        """``came`` is called with what comes, ``left`` with the reason when nothing can come any more."""
        self._reach = reach
        self._came = came
        self._left = left
        self._connection: Any = None
        self._channel: Any = None
        self._bound: set[Any] = set()
        self._talks = False
        self._opened = asyncio.Event()
        self._room = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._over = False

    @property
    def connected(self) -> bool:
        return self._connection is not None and self._connection.connectionState == "connected"

    async def answer(self, offer: str) -> str:
        """Both SDP. Raises BadRequest for an offer without audio that could be heard, Overloaded when no
        port is free."""
        self._connection = aiortc.RTCPeerConnection(_configure(self._reach, "a=group:BUNDLE" in offer))
        description = aiortc.RTCSessionDescription(without_unresolvable(offer), "offer")
        try:
            await self._connection.setRemoteDescription(description)
        except UNREADABLE as e:
            raise _bad_offer(f"the offer is not understood: {e or type(e).__name__}") from e
        track = self._choose_track()
        self._listen()
        try:
            self._bind()
            await self._connection.setLocalDescription(await self._connection.createAnswer())
        except UNREADABLE as e:
            raise _bad_offer(f"the offer cannot be answered: {e or type(e).__name__}") from e
        self._own(self._hear(track))
        self._own(self._give_up())
        return announce(self._connection.localDescription.sdp, self._reach.announced)

    async def send(self, text: str) -> None:
        """Waits until the channel is open and has room; to nobody, if the peer never asked for a channel.
        Raises Gone."""
        if not self._talks:
            return
        await self._opened.wait()
        while not self._over and self._channel.bufferedAmount > MOST_UNSENT:
            self._room.clear()
            await self._room.wait()
        if self._over:
            raise Gone
        try:
            self._channel.send(text)
        except InvalidStateError as e:
            raise Gone from e
        except ValueError as e:  # longer than the peer takes
            self._end(str(e))
            raise Gone from e

    async def close(self) -> None:
        """What was sent still arrives. Idempotent."""
        if self._opened.is_set() and not self._over:
            closed = asyncio.Event()
            self._channel.on("close", closed.set)
            self._channel.close()
            with suppress(TimeoutError):
                await asyncio.wait_for(closed.wait(), CLOSE_WITHIN)
        self._end("closed")
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._connection:
            await self._disconnect()

    async def _disconnect(self) -> None:
        try:
            await self._connection.close()
        except UNREADABLE:  # of an offer that it only half understood; it has connected nothing
            for gatherer in self._bound:
                await gatherer.close()

    def _choose_track(self) -> Any:
        """The first audio that is sent to us; all else is declined, since nobody would take its frames."""
        chosen = None
        for transceiver in self._connection.getTransceivers():
            track = transceiver.receiver.track
            if chosen is None and transceiver.kind == "audio" and track is not None:
                chosen = track
                transceiver.receiver._RTCRtpReceiver__jitter_buffer = JitterBuffer(**JITTER)
            else:
                transceiver.direction = "inactive"
        if chosen is None:
            raise _bad_offer(
                "the offer sends no audio: it needs an m=audio line that is sendrecv or sendonly"
            )
        return chosen

    def _bind(self) -> None:
        """One aioice.Connection for each transport; most peers bundle all they send in one."""
        transports = [each.receiver.transport for each in self._connection.getTransceivers()]
        if self._connection.sctp:
            transports.append(self._connection.sctp.transport)
        self._bound = {transport.transport._connection for transport in transports}
        for gatherer in self._bound:
            limit_to(self._reach, gatherer)

    def _listen(self) -> None:
        self._talks = self._connection.sctp is not None
        self._connection.on("datachannel", self._open)
        self._connection.on("connectionstatechange", self._look)

    def _look(self) -> None:
        if self._connection.connectionState in ("failed", "closed"):
            self._end("client left")

    def _open(self, channel: Any) -> None:
        if self._channel is not None:
            return
        self._channel = channel
        channel.bufferedAmountLowThreshold = MOST_UNSENT // 2
        channel.on("message", self._came)
        channel.on("bufferedamountlow", self._room.set)
        channel.on("close", lambda: self._end("client left"))
        self._opened.set()

    async def _hear(self, track: Any) -> None:
        ears = Ears()
        with suppress(MediaStreamError):  # its end; that of the peer is heard of elsewhere
            while True:
                for audio in ears.hear(await track.recv()):
                    self._came(audio)

    async def _give_up(self) -> None:
        await asyncio.sleep(CONNECT_WITHIN)
        if not self.connected or (self._talks and not self._opened.is_set()):
            self._end(f"not connected in {CONNECT_WITHIN:g} s")

    def _end(self, cause: str) -> None:
        """Wake whoever waits; there is nothing to wait for."""
        if not self._over:
            self._over = True
            self._opened.set()
            self._room.set()
            self._left(cause)

    def _own(self, work: Any) -> None:
        self._tasks.add(asyncio.create_task(work))


def _configure(reach: Reach, bundled: bool) -> Any:
    servers = [aiortc.RTCIceServer(each.url, each.user, each.password) for each in reach.servers]
    policy = aiortc.RTCBundlePolicy
    return aiortc.RTCConfiguration(servers, bundlePolicy=policy.MAX_BUNDLE if bundled else policy.BALANCED)


def _bad_offer(message: str) -> BadRequest:
    return BadRequest(message, code="invalid_offer", param="sdp")
