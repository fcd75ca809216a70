"""The line of one stream to its server: turns go in, one at a time, and each is settled in bounded time.

A connection is opened for the first turn, kept for the next ones, and closed when nobody has spoken for a
while. What may pass is tried again with the turn's audio from its beginning, ``retries`` times, after random
pauses that double; a failure of a connection that was kept from an earlier turn costs no try. A turn is given
up at its deadline, which begins when it is committed.

All of it runs in the thread of ``background.py``.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from math import inf

from ..server import Server, Trouble
from .connection import OPENING, Connection, connect
from .turn import Turn
from .wire import Wire

log = logging.getLogger(__name__)

IDLE = 30.0
"""Seconds that a connection without a turn is kept: DashScope closes after 60."""


class Places:
    """How many connections there may be; who needs another has the longest unused one closed."""

    def __init__(self, most: int) -> None:
        self._free = asyncio.Semaphore(most)
        self._waiting = 0
        self._idle: dict[Line, None] = {}

    @property
    def crowded(self) -> bool:
        """Whether somebody waits for a place."""
        return self._waiting > 0

    async def take(self) -> None:
        if self._free.locked() and self._idle:
            next(iter(self._idle)).leave()
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1

    def give_back(self) -> None:
        self._free.release()

    def note(self, line: Line, *, idle: bool) -> None:
        self._idle.pop(line, None)
        if idle:
            self._idle[line] = None


class Line:
    def __init__(
        self,
        server: Server,
        places: Places,
        make_wire: Callable[[], Wire],
        timeout: float,
        settled: Callable[[], None],
    ) -> None:
        """``settled`` is called after each turn that was."""
        self._server = server
        self._places = places
        self._make_wire = make_wire
        self._timeout = timeout
        self._settled = settled
        self._turns: deque[Turn] = deque()
        self._turn: Turn | None = None
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._connection: Connection | None = None
        self._limit: asyncio.Timeout | None = None
        self._queueing = False

    # What the stream says.

    def take(self, turn: Turn) -> None:
        """The next turn; the one before it was settled, or nobody waits for it any more."""
        self._turns.append(turn)
        self._changed.set()
        self._places.note(self, idle=False)
        self._start()

    def wake(self) -> None:
        """The turn has more audio, or was committed."""
        if self._connection:
            self._connection.wake()
        self._set_limit()

    def leave(self) -> None:
        """Nobody waits for any turn any more: hang up."""
        self._turns.clear()
        self._places.note(self, idle=False)
        if self._task:
            self._task.cancel()

    # What it does.

    def _start(self) -> None:
        if self._turns and not self._task:
            self._task = asyncio.create_task(self._run())
            self._task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """By itself, by ``leave``, or by a mistake of ours, for which nobody may wait in vain."""
        error = None if task.cancelled() else task.exception()
        if error:
            log.error("a connection to a remote engine broke", exc_info=error)
        if error and self._turn and not self._turn.settled:
            self._settle(self._turn, self._server.judge_break(f"{type(error).__name__}: {error}"))
        self._task = self._turn = None
        self._start()

    async def _run(self) -> None:
        try:
            while await self._has_turn():
                self._turn = self._turns.popleft()
                await self._serve(self._turn)
                self._turn = None
        finally:
            await self._hang_up()

    async def _has_turn(self) -> bool:
        """Whether there is one; waits for it while the connection is kept."""
        if not self._turns and self._connection and not self._places.crowded:
            self._places.note(self, idle=True)
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(IDLE):
                    await self._changed.wait()
            self._places.note(self, idle=False)
        return bool(self._turns)

    async def _serve(self, turn: Turn) -> None:
        trouble, self._queueing = None, False
        try:
            async with asyncio.timeout(None) as self._limit:
                self._set_limit()
                await self._try(turn)
        except Trouble as e:
            trouble = e
        except TimeoutError:
            trouble = self._server.judge_queue() if self._queueing else self._server.judge_delay()
        finally:
            self._limit = None
        self._settle(turn, trouble)
        if trouble:
            await self._hang_up()

    def _set_limit(self) -> None:
        if self._limit and self._turn and self._turn.deadline < inf and self._limit.when() is None:
            self._limit.reschedule(self._turn.deadline)  # asyncio's clock is time.monotonic

    def _settle(self, turn: Turn, trouble: Trouble | None) -> None:
        turn.settle(self._server.fail(trouble) if trouble else None)
        self._settled()

    async def _try(self, turn: Turn) -> None:
        pauses = self._server.pauses()
        while True:
            if self._connection and self._connection.broken:
                await self._hang_up()
            kept = self._connection is not None
            try:
                return await self._attempt(turn)
            except Trouble as trouble:
                pause = 0.0 if kept else max(next(pauses, inf), trouble.after)
                if not trouble.again or pause >= min(self._timeout, turn.deadline - time.monotonic()):
                    raise
            await self._hang_up()
            await asyncio.sleep(pause)

    async def _attempt(self, turn: Turn) -> None:
        if not self._connection:
            self._queueing = True
            await self._places.take()
            self._queueing = False
            try:
                self._connection = await connect(self._server, self._make_wire(), min(OPENING, self._timeout))
            finally:
                if not self._connection:
                    self._places.give_back()
        await self._connection.converse(turn)

    async def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection:
            try:
                await connection.close()
            finally:
                self._places.give_back()
