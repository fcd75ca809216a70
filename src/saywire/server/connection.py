"""One line to a client, one wire, its sessions: the only room where they meet.

Two loops. One reads: frames become commands for the sessions; it never waits for them. One writes: events
become frames; it takes events only when the line took the frames before them, so a slow reader holds up
only itself, and of several Partials of an utterance that wait only the newest is sent. It is also woken
when the wire's deadline passes. When either loop ends, both end (law 6).

* The client goes away: what the wire orders on ``leave`` is obeyed, and what the sessions still say is
  waited for, at most ``drain_seconds``, so that their end is known and logged; then they are closed. Who
  has joined the client (``Line.overheard``) is told it.
* The server wants to stop (``finish``): the sessions get Finish, their finals are sent, then Close 1012,
  on which clients connect again.
* An error that ends the session or the connection: told in the wire's own words, then Close.
* The wire claims a session (``Wire.claim``): its client can go on elsewhere, so neither of the first two
  makes it finish. Another connection may claim the same: this one is then closed with 4009, at once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from ..errors import SaywireError
from ..messages import Audio, Finish
from ..protocols.base import Begin, Close, Frame, Give, Handshake, Multiplex, Order
from ..protocols.solo import BROKEN, farewell
from ..runtime.base import Host
from .claims import REPLACED, Claim, Claims
from .feeds import Speaker
from .limits import Admission
from .line import Gone, Line
from .logs import Meter, SessionLog, logger
from .offered import SHARE_SUBPROTOCOL, offered_share
from .seats import Seats
from .shares import Shares

GOING_AWAY = 1012
"""Service restart: the SDKs of OpenAI, and any sensible client, connect again."""

ROOM = 256
"""Frames that may wait for a client which asks but does not read; then it is not read either."""


@dataclass(frozen=True, slots=True)
class House:
    """What all connections of a server have in common."""

    host: Host
    admission: Admission
    now: Callable[[], float]
    """The clock that the wires' deadlines go by; seconds."""
    drain_seconds: float
    watch: Callable[[str], Meter | None] = lambda path: None
    """Who counts what goes on at a path."""
    claims: Claims = field(default_factory=Claims)
    shares: Shares = field(default_factory=Shares)


class Connection:
    def __init__(self, line: Line, wire: Multiplex, house: House, new_log: Callable[[], SessionLog]) -> None:
        """``new_log`` is called for each session."""
        self._line = line
        self._wire = wire
        self._house = house
        self._new_log = new_log
        self._moved = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        new_feed = partial(house.shares.feed, _find_speaker(line.handshake))
        self._seats = Seats(house.host, house.admission, new_log, self._moved.set, self.finish, new_feed)
        self._outbox: deque[Frame] = deque()
        self._alarm: asyncio.Handle | None = None
        self._due = 0.0
        """When it rings, by the loop's clock; uvloop's handles do not tell when they are due at once."""
        self._claim = Claim(house.claims)
        self._restarting = False
        self._farewell: Close | None = None
        """What to end with when the wire has no Close of its own."""
        self._cause = "client left"
        """Why sessions that are still open in the end are closed."""

    async def run(self, refused: SaywireError | None = None) -> None:
        """Serve the client until it or we are done, or tell it, in the wire's own way, why it may not come
        in. Never raises but to be cancelled.
        """
        try:
            if refused:
                self._new_log().refuse(refused.code)
                await self._refuse(refused)
            else:
                await self._welcome()
        except Gone:
            pass
        except Exception:
            logger.exception("session %s broke", ", ".join(self._seats.ids) or "not begun")
            self._cause = "broken"
            await self._close(Close(BROKEN, "internal_error"))
        finally:
            if self._alarm:
                self._alarm.cancel()
            self._claim.leave()
            self._seats.close(self._cause)

    def finish(self) -> None:
        """The server wants to stop: say what there is to say, then close with 1012."""
        if names := self._seats.unfinished:
            self._restarting = True
            self._seats.ending = "service restart"
            if self._claim.session:
                self._farewell = Close()
            else:
                self._obey(Give(name, Finish()) for name in names)
            self._moved.set()

    def greet(self) -> list[Frame]:
        """For somebody who joins the client."""
        return self._wire.greet()

    async def _welcome(self) -> None:
        try:
            self._enter()
        except SaywireError as error:
            self._new_log().fail(error)
            await self._refuse(error)
        else:
            await self._accept()
            await self._talk()

    def _enter(self) -> None:
        """Raises SaywireError when there is no room for the sessions that the wire begins with."""
        for order in self._wire.connect(self._line.handshake):
            if isinstance(order, Begin):
                self._seats.obey(order)
            else:
                self._obey([order])
        self._relay()  # what is refused at once is, before the client is told of a session

    async def _refuse(self, error: SaywireError) -> None:
        answer = self._wire.refuse(self._line.handshake, error)
        if await self._line.deny(error, answer):
            return
        self._farewell = farewell(error)
        self._post()
        self._moved.set()
        await self._accept()
        await self._write()

    async def _accept(self) -> None:
        spoken = self._wire.subprotocols
        offered = self._line.handshake.subprotocols
        # A browser leaves where none that it offered is taken, and only a share may have been offered.
        known = [p for p in offered if p in spoken] + [p for p in offered if p.startswith(SHARE_SUBPROTOCOL)]
        await self._line.accept(known[0] if known else None)

    async def _talk(self) -> None:
        reading = asyncio.create_task(self._read())
        writing = asyncio.create_task(self._write())
        self._moved.set()
        try:
            await asyncio.wait((reading, writing, self._claim.lost), return_when=asyncio.FIRST_COMPLETED)
        finally:
            reading.cancel()
            writing.cancel()
            ends = await asyncio.gather(reading, writing, return_exceptions=True)
        for end in ends:
            if isinstance(end, Gone):
                self._cause = str(end) or self._cause
            elif isinstance(end, Exception):
                raise end
        if self._claim.lost.done():
            self._seats.close("replaced")
            await self._close(Close(REPLACED, "replaced"))
        elif ends[1] is not None:  # nothing was closed by us
            await self._drain()

    async def _read(self) -> None:
        while True:
            came = await self._line.receive()
            try:
                self._obey(self._wire.listen(came) if isinstance(came, Audio) else self._wire.receive(came))
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
                await self._line.send(frame)
            self._room.set()
            if self._farewell or (self._restarting and not self._seats):
                return await self._close(self._farewell or Close())

    async def _drain(self) -> None:
        """The client is gone. Let its sessions end by themselves, if the wire wants that, for a while."""
        self._seats.ending = self._cause
        self._obey(self._wire.leave())
        try:
            async with asyncio.timeout(self._house.drain_seconds):
                await self._tell_others()
                while self._seats.finishing:
                    await self._moved.wait()
                    self._moved.clear()
                    await self._tell_others()
        except TimeoutError:
            self._cause += f", its audio was not decoded in {self._house.drain_seconds:g} s"

    async def _tell_others(self) -> None:
        """What the sessions say that is too late for the client."""
        for name, event in self._seats.take_events():
            if self._line.overheard:
                self._wire.hear(name, event)
        self._outbox.extend(self._wire.frames_to_send())
        while self._outbox:
            frame = self._outbox.popleft()
            if self._line.overheard and not isinstance(frame, Close):
                with suppress(Gone):
                    await self._line.send(frame)

    def _obey(self, orders: Iterable[Order]) -> None:
        for order in orders:
            try:
                self._seats.obey(order)
            except SaywireError as error:
                if error.fatal:
                    self._seats.end(order.session, error.code)
                self._new_log().fail(error)
                self._wire.fail(error, order.session)
                self._post()

    def _fail(self, error: SaywireError) -> None:
        self._new_log().fail(error)
        self._wire.fail(error)
        if error.fatal:
            self._cause = error.code
            self._farewell = farewell(error)

    def _relay(self) -> None:
        """Turn the sessions' events into frames, and let the wire do what was due."""
        for name, event in self._seats.take_events():
            self._obey(self._wire.hear(name, event))
        if self._wire.deadline is not None and self._wire.deadline <= self._house.now():
            self._obey(self._wire.expire())
        self._post()

    def _post(self) -> None:
        """Put what the wire has to send behind what waits already."""
        self._outbox.extend(self._wire.frames_to_send())
        if self._wire.claim:
            self._claim.take(self._wire.claim)
        if self._outbox:
            self._moved.set()
        if len(self._outbox) > ROOM:
            self._room.clear()
        self._set_alarm()

    def _set_alarm(self) -> None:
        """Wake the writer when the deadline is there, or earlier: one that moves on and on costs nothing."""
        deadline = self._wire.deadline
        if deadline is None:
            return
        loop = asyncio.get_running_loop()
        due = loop.time() + max(deadline - self._house.now(), 0.0)
        if self._alarm is None or self._due > due:
            if self._alarm:
                self._alarm.cancel()
            self._alarm, self._due = loop.call_at(due, self._ring), due

    def _ring(self) -> None:
        self._alarm = None
        self._moved.set()

    async def _close(self, close: Close) -> None:
        if self._restarting:
            close = Close(GOING_AWAY, "service restart")
        if self._cause == "client left":
            self._cause = f"closed {close.code} {close.reason}".strip()
        await self._line.close(close)


def _find_speaker(handshake: Handshake) -> Speaker:
    key = offered_share(handshake.headers, handshake.query, handshake.subprotocols)
    return Speaker(key, handshake.query.get("share_start"))
