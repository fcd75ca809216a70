"""The client for programs: ``saywire.connect``, which speaks to a server and hears what it writes down.

::

    async with connect("http://127.0.0.1:8000", language="en") as session:
        await session.send(samples)
        await session.finish()
        async for event in session:
            print(event)

Without ``async`` and ``await`` it is the same for threads. One task, or thread, may send while another takes
events; or all may be sent first: events are taken from the connection as they come, and of the partials of an
utterance that nobody took only the newest waits. What happens when the connection breaks is told in
``realtime.py``: the program notices that it takes a while.
"""

from __future__ import annotations

import asyncio
from collections import deque

from ..errors import BadRequest
from ..messages import (
    Audio,
    Clear,
    Cleared,
    Command,
    Commit,
    Failed,
    Final,
    Finish,
    Finished,
    Partial,
    SpeechStarted,
    SpeechStopped,
)
from ..types import Samples
from .realtime import RealtimeSession
from .sound import Door, Sound

SessionEvent = SpeechStarted | SpeechStopped | Partial | Final | Cleared | Failed | Finished
"""What a session tells. Each utterance ends in one Final, Failed or Cleared; a Failed without an utterance is
a request that the server refused. Finished is the last."""


class Waiting:
    """Events that nobody has taken yet, in their order; a Partial takes the place of one before it."""

    def __init__(self) -> None:
        self._events: deque[SessionEvent] = deque()

    def __len__(self) -> int:
        return len(self._events)

    def put(self, event: SessionEvent) -> None:
        last = self._events[-1] if self._events else None
        if isinstance(event, Partial) and isinstance(last, Partial) and last.utterance == event.utterance:
            self._events.pop()
        self._events.append(event)

    def take(self) -> SessionEvent:
        return self._events.popleft()


class Session:
    """A session on a server; made by ``connect``. Iterate over it for its events, up to Finished.

    Each method waits while the connection is full or broken. It raises EngineFailed when the session is lost,
    and BadRequest after ``finish``.
    """

    def __init__(self, session: RealtimeSession, rate: int) -> None:
        self._session = session
        self._door = Door(rate)
        self._finished = False
        self._waiting = Waiting()
        self._moved = asyncio.Event()
        self._reading = asyncio.create_task(self._read())
        self._reading.add_done_callback(lambda _: self._moved.set())

    @property
    def connections(self) -> int:
        """How many there have been."""
        return self._session.connections

    async def send(self, audio: Sound) -> None:
        """Audio of the rate that ``connect`` was told. Raises BadAudio for arrays that are none."""
        await self._give(self._door.take(audio))

    async def commit(self) -> None:
        """End the utterance here, without waiting for silence. Without speech its Final is empty."""
        await self._give(self._door.flush())
        await self._say(Commit())

    async def clear(self) -> None:
        """Throw away the utterance that is being spoken; Cleared follows instead of its Final."""
        self._door.flush()
        await self._say(Clear())

    async def finish(self) -> None:
        """No more audio follows: what is open is ended, and Finished comes. Idempotent."""
        if not self._finished:
            await self._give(self._door.flush())
            await self._say(Finish())
            self._finished = True

    def __aiter__(self) -> Session:
        return self

    async def __anext__(self) -> SessionEvent:
        """Raises EngineFailed when the connection ends before the session does, and cannot be mended."""
        while not self._waiting:
            if self._reading.done():
                if not self._reading.cancelled():
                    self._reading.result()  # raises what ended it
                raise StopAsyncIteration
            self._moved.clear()
            await self._moved.wait()
        return self._waiting.take()

    async def close(self) -> None:
        """Leave without an end: what has no Final yet gets none. Idempotent."""
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)

    async def _give(self, samples: Samples) -> None:
        if len(samples):
            await self._say(Audio(samples))

    async def _say(self, command: Command) -> None:
        if self._finished:
            raise BadRequest("the session was finished; open another one")
        await self._session.send(command)

    async def _read(self) -> None:
        async for event in self._session:
            if isinstance(event, SessionEvent):
                self._waiting.put(event)
                self._moved.set()
