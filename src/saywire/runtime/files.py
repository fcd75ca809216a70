"""A whole file through a session, or one for each channel: samples in, events out, bounded memory between.

The blocks come from any iterator (a decoder, a test); each is taken in a thread, since decoding
blocks. The session is never much more than AHEAD seconds in front of its engine: a Mark goes in about
every second, and reading pauses until the engine has answered an old one. A consumer that takes no
events pauses the reading too.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, aclosing
from functools import partial

import numpy as np

from ..errors import SaywireError
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
    host is full, and whatever ``blocks`` raises; what was read before is still written down.
    """
    async with aclosing(read_channels(host, blocks, 1, options)) as events:
        async for _, event in events:
            yield event


async def read_channels(
    host: Host, blocks: Iterator[Samples], channels: int, options: Options
) -> AsyncGenerator[tuple[int, Event]]:
    """As ``read_file``, but each row of ``blocks`` is a session of its own, all as far as each other.

    ``blocks``: shape ``(channels, n)``, or ``(n,)`` for one channel. Yields the number of the channel with
    each event. Ends when all sessions have ended, or one of them by itself, which it does in a Failed.
    """
    moved = asyncio.Event()
    produced = in_thread(blocks)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(produced.aclose)
        feeds = []
        for _ in range(channels):
            feeds.append(_Feed(host.open(options, moved.set)))
            stack.callback(feeds[-1].close)
        events = await stack.enter_async_context(aclosing(_play(feeds, produced, moved)))
        async for event in events:
            yield event


async def _play(
    feeds: Sequence[_Feed], blocks: AsyncIterator[Samples], moved: asyncio.Event
) -> AsyncGenerator[tuple[int, Event]]:
    """Close it before ``blocks``, one of which it may be waiting for."""
    while True:
        step = asyncio.ensure_future(anext(blocks, None))
        step.add_done_callback(lambda _: moved.set())
        try:  # a microphone takes its time, and nobody's text waits for it
            async for event in _events(feeds, moved, partial(_is_here, step)):
                yield event
            if any(feed.ended for feed in feeds):
                return
            failure = step.exception()  # a device that is gone is no reason to forget what it heard
            block = None if feeds[0].given and isinstance(failure, SaywireError) else step.result()
        finally:
            step.cancel()
            await asyncio.gather(step, return_exceptions=True)
        async for event in _events(feeds, moved, lambda feed: feed.ahead <= AHEAD):
            yield event
        if any(feed.ended for feed in feeds):
            return
        if block is None:
            break
        for feed, samples in zip(feeds, np.atleast_2d(block), strict=True):
            feed.give(samples)
    async for event in _finish(feeds, moved):
        yield event
    if failure:
        raise failure


async def _finish(feeds: Sequence[_Feed], moved: asyncio.Event) -> AsyncIterator[tuple[int, Event]]:
    for feed in feeds:
        feed.finish()
    async for event in _events(feeds, moved, lambda feed: False):
        yield event


def _is_here(step: asyncio.Future[Samples | None], _: _Feed) -> bool:
    return step.done()


async def _events(
    feeds: Sequence[_Feed], moved: asyncio.Event, enough: Callable[[_Feed], bool]
) -> AsyncIterator[tuple[int, Event]]:
    """Those there are, and those to come until every feed has ended or has ``enough``."""
    while True:
        while events := [(number, event) for number, feed in enumerate(feeds) for event in feed.take()]:
            for event in events:
                yield event
        if all(feed.ended or enough(feed) for feed in feeds):
            return
        await moved.wait()
        moved.clear()


class _Feed:
    """A session, what it has been given, and how far its engine is behind."""

    def __init__(self, session: Hosted) -> None:
        self._session = session
        self.given = self._done = 0
        self._marks: deque[int] = deque()
        """Positions of the marks that are not answered yet, oldest first."""

    @property
    def ended(self) -> bool:
        return self._session.ended

    @property
    def ahead(self) -> int:
        """Samples between the last mark answered and the last given."""
        return self.given - self._done

    def give(self, block: Samples) -> None:
        """All events must have been taken: a session that ended by itself takes nothing any more."""
        self._session.receive(Audio(block))
        self.given += len(block)
        if self.given - (self._marks[-1] if self._marks else self._done) >= MARK_EVERY:
            self._marks.append(self.given)
            self._session.receive(Mark(self.given))

    def finish(self) -> None:
        self._session.receive(Finish())

    def take(self) -> list[Event]:
        events = self._session.events_to_send()
        for event in events:
            if isinstance(event, Marked):
                self._done = self._marks.popleft()
        return [event for event in events if not isinstance(event, Marked)]

    def close(self) -> None:
        self._session.close()


async def in_thread(blocks: Iterator[Samples]) -> AsyncGenerator[Samples]:
    """The same items, each taken in a thread. Never leaves a thread behind that still uses ``blocks``, which
    are stopped, where they have a ``stop``, when nobody waits for them any more."""
    try:
        while True:
            step = asyncio.ensure_future(asyncio.to_thread(next, blocks, None))
            try:
                block = await asyncio.shield(step)
            except asyncio.CancelledError:
                stop = getattr(blocks, "stop", None)
                if stop:
                    stop()  # what comes next may never come
                await asyncio.wait([step])
                raise
            if block is None:
                return
            yield block
    finally:
        close = getattr(blocks, "close", None)
        if close:
            close()
