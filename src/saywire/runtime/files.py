"""A whole file through one session: blocks of samples in, events out, bounded memory between.

The blocks come from any iterator (a decoder, a test); each is taken in a thread, since decoding
blocks. The session is never much more than AHEAD seconds in front of its engine: a Mark goes in about
every second, and reading pauses until the engine has answered an old one. A consumer that takes no
events pauses the reading too.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator

from ..messages import Audio, Event, Finish, Mark, Marked
from ..types import RATE, Options, Samples
from .base import Host, Hosted

AHEAD = 10 * RATE
"""Samples given to a session and not decoded yet before reading pauses."""
MARK_EVERY = RATE
"""Samples between marks, at least; less would only cost messages."""


async def read_file(host: Host, blocks: Iterator[Samples], options: Options) -> AsyncGenerator[Event]:
    """The events of one file, up to and with the one that ends the session; Marked left out.

    ``blocks`` are at the house rate. Close the generator (``contextlib.aclosing``) to give the file up:
    the session is closed then, and ``blocks`` too where it has a ``close``. Raises Overloaded when the
    host is full, and whatever ``blocks`` raises.
    """
    moved = asyncio.Event()
    feed = _Feed(host.open(options, moved.set), moved)
    produced = _in_thread(blocks)
    try:
        async for block in produced:
            while events := await feed.events(lambda: feed.ahead <= AHEAD):
                for event in events:
                    yield event
            if feed.ended:
                return
            feed.give(block)
        while events := await feed.events(lambda: True):
            for event in events:
                yield event
        if feed.ended:
            return
        feed.finish()
        while events := await feed.events(lambda: False):
            for event in events:
                yield event
    finally:
        feed.close()
        await produced.aclose()


class _Feed:
    """A session, what it has been given, and how far its engine is behind."""

    def __init__(self, session: Hosted, moved: asyncio.Event) -> None:
        self._session = session
        self._moved = moved
        self._given = self._done = 0
        self._marks: deque[int] = deque()
        """Positions of the marks that are not answered yet, oldest first."""

    @property
    def ended(self) -> bool:
        return self._session.ended

    @property
    def ahead(self) -> int:
        """Samples between the last mark answered and the last given."""
        return self._given - self._done

    def give(self, block: Samples) -> None:
        """All events must have been taken: a session that ended by itself takes nothing any more."""
        self._session.receive(Audio(block))
        self._given += len(block)
        if self._given - (self._marks[-1] if self._marks else self._done) >= MARK_EVERY:
            self._marks.append(self._given)
            self._session.receive(Mark(self._given))

    def finish(self) -> None:
        self._session.receive(Finish())

    async def events(self, enough: Callable[[], bool]) -> list[Event]:
        """The next events; none when the last was taken, or when there was ``enough`` and none are left."""
        while True:
            if events := self._take():
                return events
            if self.ended or enough():
                return []
            await self._moved.wait()
            self._moved.clear()

    def close(self) -> None:
        self._session.close()

    def _take(self) -> list[Event]:
        events = self._session.events_to_send()
        for event in events:
            if isinstance(event, Marked):
                self._done = self._marks.popleft()
        return [event for event in events if not isinstance(event, Marked)]


async def _in_thread(blocks: Iterator[Samples]) -> AsyncGenerator[Samples]:
    """The same items, each taken in a thread. Never leaves a thread behind that still uses ``blocks``."""
    try:
        while True:
            step = asyncio.ensure_future(asyncio.to_thread(next, blocks, None))
            try:
                block = await asyncio.shield(step)
            except asyncio.CancelledError:
                await asyncio.wait([step])
                raise
            if block is None:
                return
            yield block
    finally:
        close = getattr(blocks, "close", None)
        if close:
            close()
