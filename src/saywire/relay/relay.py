"""The relay: what a source gives goes to disk, from there to a server, and what that says to an audience.

Three tasks, none of which waits for another: one captures, one keeps a connection and sends, one takes what
comes back. The server may be away as long as it likes; it is called again and again, and the session goes on
(``docs/resume.md``). So it does when the relay itself was killed: all it has to know is in its folder.
Nothing of the session is in memory that grows with its audio.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
import time
from contextlib import aclosing, suppress
from pathlib import Path
from random import Random

import numpy as np
from msgspec import structs

from ..client.dial import Dial, Unreachable, pause
from ..client.frames import Point
from ..client.ledger import Ledger
from ..client.realtime import RealtimeSession, join
from ..client.tape import AudioLost
from ..client.wire import Place, RealtimeWire
from ..errors import Overloaded, SaywireError
from ..messages import Audio, Event, Failed, Final, Finish, Finished
from ..runtime.files import in_thread
from ..types import RATE, Options, Samples
from .audience import Audience, State
from .journal import Begun, Gap, Journal, Line
from .source import Blocks, Source, Stretch
from .spool import DiskFailed, Spool

AHEAD = 10 * RATE
"""Samples of a source that can wait which are spooled before they are sent."""
SEAM = 2.0
"""Seconds of silence, beside those that end an utterance, where capturing was interrupted."""
LEAVING = 10.0
"""Seconds after ``stop`` in which a server may say what it has still to say."""


class Relay:
    """Made of what its folder has; ``run`` it once. The folder must be this relay's alone."""

    def __init__(
        self, dial: Dial, options: Options, folder: Path, limit: int, source: Source, audience: Audience
    ) -> None:
        """``limit``: bytes of audio on disk. Raises DiskFailed where the folder cannot be written to."""
        self._dial = dial
        self._options = options
        self._source = source
        self._audience = audience
        self.journal = Journal(folder / "journal.jsonl")
        if self.journal.begun is None:
            session = f"sess_{secrets.token_hex(16)}"
            begun = Begun(session, time.time(), source.name)
            self.journal.write(Line(begun, place=Place(Point(session))))
        assert self.journal.place
        self._place = self.journal.place
        self._spool = Spool(folder / "audio", limit, self._place.point.audio_start)
        self.went_on = self._spool.end > 0
        """Whether another relay was here that did not come to its end."""
        self._wire = RealtimeWire(RATE, Ledger(sys.maxsize, self._spool), self._place, options)
        self._capturing: asyncio.Task[None] | None = None
        self._stretch = Stretch()
        self._fresh, self._moved = asyncio.Event(), asyncio.Event()
        self._stopped, self._impatient = asyncio.Event(), asyncio.Event()
        self._running = self._connected = self._full = False
        self._finishing = self._endless = False
        self._complaint = ""
        self._broken: BaseException | None = None
        self._dice = Random()

    @property
    def state(self) -> State:
        missing = 0.0 if self._wire.finished else self._spool.start - self._place.point.settled
        lost = self.journal.lost + max(0.0, missing) / RATE
        return State(self._connected, self._running, self._wire.unsent / RATE, round(lost, 3))

    @property
    def seconds(self) -> float:
        """Of audio, in the whole session."""
        return self._spool.end / RATE

    @property
    def kept(self) -> float:
        """Seconds of audio that is not written down."""
        return (self._spool.end - self._spool.start) / RATE

    # What a person may do.

    def capture(self) -> None:
        """Begin, or go on. Without effect while it does."""
        before = self._capturing
        goes_on = before is not None and not before.done() and self._stretch.go_on()
        if not (self._stopped.is_set() or goes_on):
            self._stretch = Stretch()
            self._capturing = asyncio.create_task(self._capture(self._stretch, before))
            self._capturing.add_done_callback(self._watch)

    def rest(self) -> None:
        """Stop capturing, until it is to go on. Without effect while it does not."""
        self._stretch.rest()
        self._moved.set()

    def stop(self) -> None:
        """End the session: ``run`` returns when the server has said all, or soon. Idempotent."""
        self._stopped.set()
        self.rest()
        if self._capturing is None or self._capturing.done():
            self._finish()

    async def run(self, capture: bool = True) -> bool:
        """Until the source has ended, or ``stop``; with ``capture`` False, which leaves that to others, only
        ``stop``. Whether all was said: else it waits in the folder for a relay that goes on with it.

        Raises what speaks against the session from the first: a wrong key, an unknown model, a server that
        cannot let sessions go on, a source that gives nothing; and DiskFailed where the folder cannot be
        written to.
        """
        self._endless = not capture
        if capture:
            self.capture()
        tasks = [asyncio.create_task(self._keep_connected()), asyncio.create_task(self._leave())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await self._end(tasks)
        if self._broken:
            raise self._broken
        return self._wire.finished

    async def _leave(self) -> None:
        await self._stopped.wait()
        with suppress(TimeoutError):
            async with asyncio.timeout(LEAVING if self._connected else 0):
                await self._impatient.wait()

    def _watch(self, task: asyncio.Task[None]) -> None:
        """A task that fails ends it all."""
        error = None if task.cancelled() else task.exception()
        if error:
            self._broken = error
            self._impatient.set()
            self._stopped.set()

    async def _end(self, tasks: list[asyncio.Task[None]]) -> None:
        self.rest()
        mine = [*tasks, *([self._capturing] if self._capturing else [])]
        for task in mine:
            task.cancel()
        await asyncio.gather(*mine, return_exceptions=True)
        self._spool.close()
        if self._wire.finished:
            self._spool.forget(self._spool.end)
            self._spool.sweep()
        if self._wire.finished or not self._spool.end:
            self.journal.clear()
        self.journal.close()

    # Capturing.

    async def _capture(self, stretch: Stretch, before: asyncio.Task[None] | None) -> None:
        """``before``: which had the source until now."""
        if before:
            await asyncio.wait([before])
        try:
            await self._take_all(stretch)
        except DiskFailed:
            raise
        except SaywireError as error:
            if not (self._spool.end or self._endless):
                raise  # there is nothing to be written down
            self._audience.fail(error)
        finally:
            self._runs(False)
        if self._stopped.is_set() or not (stretch.resting or self._endless):
            self._finish()
        elif stretch.blocks and (self._source.live or not stretch.resting):  # what waits goes on where it was
            self._seam()

    async def _take_all(self, stretch: Stretch) -> None:
        if stretch.resting:
            return
        blocks = await self._open()
        stretch.begin(blocks)
        async with aclosing(in_thread(blocks)) as produced:
            async for block in produced:
                self._runs(True)
                self._take(block)
                if not self._source.live:
                    await self._room(stretch)

    async def _open(self) -> Blocks:
        """Who is cancelled meanwhile leaves no device open."""
        opening = asyncio.ensure_future(asyncio.to_thread(self._source.open, self._begin_source()))
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            await asyncio.wait([opening])
            if not opening.exception():
                opening.result().stop()
            raise

    def _begin_source(self) -> int:
        """How much of it is known already, in samples."""
        begun = self.journal.begun
        assert begun
        if begun.source == self._source.name and not self._source.live:
            return self._spool.end - begun.first
        if self._spool.end:
            self._seam()
        self.journal.write(Line(Begun(begun.session, time.time(), self._source.name, self._spool.end)))
        return 0

    def _seam(self) -> None:
        """What was said before belongs to no utterance that follows."""
        self._take(np.zeros(round((SEAM + self._options.turns.silence) * RATE), np.float32))

    def _take(self, block: Samples) -> None:
        before = self._spool.end
        self._wire.send(Audio(block))
        self._fresh.set()
        if self._spool.end // RATE > before // RATE:
            self._audience.see(self.state)
        if self._spool.dropped and not self._full:
            self._full = True
            limit = f"the spool is full ({self._spool.limit / 1e6:.0f} MB)"
            full = "the disk is full" if self._spool.cramped else limit
            self._audience.warn(f"{full}: the oldest audio is thrown away from now on")

    async def _room(self, stretch: Stretch) -> None:
        """Wait until a source that can wait may go on."""
        while not stretch.resting and (self._wire.unsent > AHEAD or self._spool.size > self._spool.limit / 2):
            self._moved.clear()
            await self._moved.wait()

    def _runs(self, running: bool) -> None:
        if running != self._running:
            self._running = running
            self._audience.see(self.state)

    def _finish(self) -> None:
        if not self._finishing:
            self._finishing = True
            self._wire.send(Finish())
            self._fresh.set()

    # The connection.

    async def _keep_connected(self) -> None:
        met, attempt, calls, progress = False, 0, 0, self._wire.progress
        while not self._wire.finished:
            self._wire.reconnect()
            try:
                async with join(self._dial, self._wire, 0, calls) as session:
                    met = True
                    self._joined()
                    await self._talk(session)
            except DiskFailed:
                raise
            except SaywireError as error:
                if not met and not isinstance(error, Unreachable | Overloaded):
                    raise
                self._complain(error)
            self._connected = False
            self._audience.see(self.state)
            attempt = 0 if self._wire.progress != progress else attempt + 1
            progress, calls = self._wire.progress, calls + 1
            if not self._wire.finished:
                await asyncio.sleep(pause(attempt, self._dice))

    def _joined(self) -> None:
        self._connected, self._full = True, False
        self._spool.dropped = 0
        if self._complaint:
            self._audience.warn("the server is there again")
        self._complaint = ""
        self._moved.set()
        self._audience.see(self.state)

    def _complain(self, error: SaywireError) -> None:
        """Once for each kind of trouble until it is over."""
        if not self._complaint:
            self._audience.warn(f"the server is away, audio is kept until it is there again: {error.message}")
        elif self._complaint != error.message:
            self._audience.warn(f"the server is still away: {error.message}")
        self._complaint = error.message

    async def _talk(self, session: RealtimeSession) -> None:
        writing = asyncio.create_task(self._write(session))
        writing.add_done_callback(self._watch)
        try:
            async for event in session:
                # Nothing else runs between the server's word and this: no other task can write down a place
                # that lies behind a final before the final itself.
                self._hear(event)
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)

    async def _write(self, session: RealtimeSession) -> None:
        try:
            while not self._wire.torn:
                self._fresh.clear()
                await session.flush()
                self._note(Line())
                self._moved.set()
                await self._fresh.wait()
            session.drop()  # what it would have to hear next is gone
        except DiskFailed:
            raise
        except SaywireError:
            pass  # the connection is gone: who hears is told, too

    # What comes back.

    def _hear(self, event: Event) -> None:
        match event:
            case Failed(None, AudioLost() as lost):
                gap = Gap(round(lost.start, 3), round(lost.end, 3))
                self._note(Line(gap=gap))
                self._audience.lose(gap)
            case Final():
                self._note(Line(final=event))
            case Failed() | Finished():
                self._note(Line())
        self._audience.hear(event, self._spool.end / RATE)

    def _note(self, line: Line) -> None:
        """Write down what there is new, and throw away the audio that is not needed any more."""
        place = self._wire.place
        assert place
        if place != self._place or line.final or line.gap:
            self._place = place
            self.journal.write(structs.replace(line, place=place))
            self._spool.sweep()
