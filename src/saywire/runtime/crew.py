"""The workers of one model: started, watched, filled evenly, replaced when they die."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections import deque
from collections.abc import Callable, Iterator

from ..engines import Entry
from ..engines.base import EngineInfo
from ..errors import EngineFailed, Overloaded, SaywireError
from .hosted import Hosted
from .starters import Starter
from .worker_link import Place, WorkerLink

log = logging.getLogger(__name__)

MOST_PER_CORE = 8
"""Workers of an engine that holds only so many streams each, for every core."""
SPARE = 1
"""Of those, idle ones that are kept for whoever comes next."""
BIRTHS = 3
"""Workers in a row that may die before they are loaded."""
GRACE = 1.0
"""Seconds that workers have to end when the crew stops, before they are killed."""
WATCH = 10.0
"""Seconds between questions to a worker whether it is there."""


class Crew:
    def __init__(
        self,
        entry: Entry,
        starter: Starter,
        wanted: int,
        numbers: Iterator[int],
        rest: Callable[[Crew], None] = lambda crew: None,
    ) -> None:
        """``rest`` is called whenever nobody sits here, or waits to, any more."""
        self.entry = entry
        self._rest = rest
        self.info: EngineInfo | None = None
        self.links: list[WorkerLink] = []
        self._starter = starter
        self._wanted = wanted
        self._numbers = numbers
        self._waiting: deque[Hosted] = deque()
        self._stillborn = 0
        self.restarts = 0
        """Workers that died and were replaced."""
        self._loaded: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopped = False
        self._watching: asyncio.TimerHandle | None = None

    async def loaded(self) -> None:
        """Start workers if there are none, and wait for all there should be. Raises why there are none."""
        loaded = self._loaded
        if not self.staying:
            self._start(1)
        await asyncio.shield(loaded)

    async def stop(self) -> None:
        """End all workers, those that hang too; idempotent."""
        self._stopped = True
        if self._watching:
            self._watching.cancel()
        if not self._loaded.done():
            self._fail_loading(Overloaded(f"'{self.entry.name}' is being stopped"))
        await asyncio.gather(*self._tasks)
        for link in self.links:
            link.close()
        gone = [link.gone for link in self.links]
        if gone:
            await asyncio.wait(gone, timeout=GRACE)
            for link in self.links:
                link.kill()
            await asyncio.wait(gone)
        self._starter.retire(self.entry)

    def seat(self, hosted: Hosted) -> None:
        """Answers by ``hosted.seated`` or ``hosted.refused``, now or later."""
        self._waiting.append(hosted)
        self._fill()

    def forget(self, hosted: Hosted) -> None:
        """It has ended, and waits no more."""
        if hosted in self._waiting:
            self._waiting.remove(hosted)
        self._rest_if_unused()

    @property
    def model(self) -> str:
        return self.entry.name

    @property
    def sessions(self) -> int:
        return sum(len(link.sessions) for link in self.links)

    @property
    def used(self) -> bool:
        return bool(self._waiting or self.sessions)

    @property
    def staying(self) -> list[WorkerLink]:
        """Without those that were told to end, or cannot load."""
        return [link for link in self.links if not link.expected]

    # From the links.

    def greeted(self, info: EngineInfo) -> None:
        """A worker has loaded its engine."""
        first, self.info = self.info is None, info
        if first:
            self._watch()
        self._stillborn = 0
        enough = 1 if info.max_streams else self._wanted
        if sum(bool(link.pid) for link in self.links) >= enough and not self._loaded.done():
            self._loaded.set_result(None)
        full = self._wanted if not info.max_streams else 1 + SPARE if first else 0
        self._start(full - len(self.staying))
        self._fill()

    def refused(self, error: SaywireError) -> None:
        """The engine cannot be loaded: all who wait are told; whoever comes later makes us try again."""
        self._starter.retire(self.entry)
        if not self._loaded.done():
            self._fail_loading(error)
        self._turn_away(error)

    def lost(self, link: WorkerLink) -> None:
        if self._stopped:
            return
        self.links.remove(link)
        if not link.expected:
            self._replace(link)
        for number, hosted in list(link.sessions.items()):
            hosted.lost(tried=number == link.tried)
        self._fill()

    def left(self) -> None:
        """A seat became free: the workers of a growing crew go when they are not needed."""
        idle = [link for link in self.staying if link.pid and not link.sessions]
        if self.info and self.info.max_streams and len(idle) > SPARE:
            idle[-1].close()
        self._fill()
        self._rest_if_unused()

    # Inside.

    def _rest_if_unused(self) -> None:
        if not self.used and not self._stopped:
            self._rest(self)

    def _fill(self) -> None:
        while self._waiting and (link := self._best()):
            Place(link, next(self._numbers)).take(self._waiting.popleft())
        room = self._most() - len(self.staying)
        self._start(min(len(self._waiting) - self._starting, room))
        if self._waiting and not self._starting:
            taken = f"all {len(self.staying)} workers of '{self.entry.name}' are taken; try later"
            self._turn_away(Overloaded(taken))

    @property
    def _starting(self) -> int:
        return sum(not link.pid for link in self.staying)

    def _fail_loading(self, error: SaywireError) -> None:
        self._loaded.set_exception(error)
        self._loaded.exception()  # it is looked at, whether or not somebody awaits it
        self._loaded = asyncio.get_running_loop().create_future()

    def _turn_away(self, error: SaywireError) -> None:
        waiting, self._waiting = self._waiting, deque()
        for hosted in waiting:
            hosted.refused(error)

    def _most(self) -> int:
        grows = self.info is not None and self.info.max_streams is not None
        return MOST_PER_CORE * (os.cpu_count() or 1) if grows else self._wanted

    def _best(self) -> WorkerLink | None:
        """The worker with the fewest sessions that has room."""
        most = self.info.max_streams if self.info else None
        able = [x for x in self.staying if x.pid and (most is None or len(x.sessions) < most)]
        return min(able, key=lambda link: len(link.sessions), default=None)

    def _replace(self, link: WorkerLink) -> None:
        log.warning("a worker of '%s' died with %d sessions", self.entry.name, len(link.sessions))
        self._stillborn += not link.pid
        if self._stillborn < BIRTHS:
            self.restarts += 1
            self._start(1)
        else:
            self._stillborn = 0
            what = f"workers of '{self.entry.name}' die before they are loaded"
            self.refused(
                EngineFailed(f"{what}; the server's log says of what, or there is too little memory")
            )

    def _watch(self) -> None:
        for link in self.staying:
            link.ask()
        if not self._stopped:
            self._watching = asyncio.get_running_loop().call_later(WATCH, self._watch)

    def _start(self, count: int) -> None:
        for _ in range(0 if self._stopped else count):
            try:
                end = self._starter.start(self.entry)
            except OSError as e:
                self.refused(EngineFailed(f"no worker of '{self.entry.name}' can be started: {e}"))
                return
            link = WorkerLink(self)
            self.links.append(link)
            task = asyncio.create_task(self._connect(link, end))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _connect(self, link: WorkerLink, end: socket.socket) -> None:
        await asyncio.get_running_loop().create_connection(lambda: link, sock=end)
