"""The workers of one model: started, watched, filled evenly, replaced when they die."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections import deque
from collections.abc import Iterator
from typing import cast

from .. import messages as m
from ..engines import Entry
from ..engines.base import EngineInfo
from ..errors import EngineFailed, Overloaded, SaywireError
from .hosted import Hosted
from .link import Down, Drop, Hello, Refused, Unpacker, pack
from .starters import Starter

log = logging.getLogger(__name__)

MOST_PER_CORE = 8
"""Workers of an engine that holds only so many streams each, for every core."""
SPARE = 1
"""Of those, idle ones that are kept for whoever comes next."""
BIRTHS = 3
"""Workers in a row that may die before they are loaded."""


class Crew:
    def __init__(self, entry: Entry, starter: Starter, wanted: int, numbers: Iterator[int]) -> None:
        self.entry = entry
        self.info: EngineInfo | None = None
        self.links: list[WorkerLink] = []
        self._starter = starter
        self._wanted = wanted
        self._numbers = numbers
        self._waiting: deque[Hosted] = deque()
        self._stillborn = 0
        self._loaded: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopped = False

    async def loaded(self) -> None:
        """Start workers if there are none, and wait for all there should be. Raises why there are none."""
        if not self.links:
            self._start()
        await asyncio.shield(self._loaded)

    async def stop(self) -> None:
        self._stopped = True
        await asyncio.gather(*self._tasks)
        for link in self.links:
            link.close()
        await asyncio.gather(*(link.gone for link in self.links))
        self._starter.retire(self.entry)

    def seat(self, hosted: Hosted) -> None:
        """Answers by ``hosted.seated`` or ``hosted.refused``, now or later."""
        self._waiting.append(hosted)
        self._fill()

    @property
    def sessions(self) -> int:
        return sum(len(link.sessions) for link in self.links)

    # From the links.

    def greeted(self, info: EngineInfo) -> None:
        """A worker has loaded its engine."""
        first, self.info = self.info is None, info
        self._stillborn = 0
        enough = 1 if info.max_streams else self._wanted
        if sum(bool(link.pid) for link in self.links) >= enough and not self._loaded.done():
            self._loaded.set_result(None)
        for _ in range(SPARE if info.max_streams else self._wanted - 1) if first else ():
            self._start()
        self._fill()

    def refused(self, error: SaywireError) -> None:
        """The engine cannot be loaded: all who wait are told; whoever comes later makes us try again."""
        if not self._loaded.done():
            self._loaded.set_exception(error)
            self._loaded.exception()  # it is looked at, whether or not somebody awaits it
            self._loaded = asyncio.get_running_loop().create_future()
        waiting, self._waiting = self._waiting, deque()
        for hosted in waiting:
            hosted.refused(error)

    def lost(self, link: WorkerLink) -> None:
        if self._stopped:
            return
        self.links.remove(link)
        if not link.expected:
            self._replace(link)
        for hosted in list(link.sessions.values()):
            hosted.lost()

    def left(self) -> None:
        """A seat became free: the workers of a growing crew go when they are not needed."""
        idle = [link for link in self.links if link.pid and not link.sessions]
        if self.info and self.info.max_streams and len(idle) > SPARE:
            idle[-1].close()
        self._fill()

    # Inside.

    def _fill(self) -> None:
        while self._waiting and (link := self._best()):
            Place(link, next(self._numbers)).take(self._waiting.popleft())
        starting = sum(not link.pid for link in self.links)
        for _ in range(len(self._waiting) - starting):
            if len(self.links) >= self._most():
                break
            self._start()
        if self._waiting and not any(not link.pid for link in self.links):
            self.refused(
                Overloaded(f"all {len(self.links)} workers of '{self.entry.name}' are taken; try later")
            )

    def _most(self) -> int:
        grows = self.info is not None and self.info.max_streams is not None
        return MOST_PER_CORE * (os.cpu_count() or 1) if grows else self._wanted

    def _best(self) -> WorkerLink | None:
        """The worker with the fewest sessions that has room."""
        most = self.info.max_streams if self.info else None
        able = [
            x for x in self.links if x.pid and not x.expected and (most is None or len(x.sessions) < most)
        ]
        return min(able, key=lambda link: len(link.sessions), default=None)

    def _replace(self, link: WorkerLink) -> None:
        log.warning("a worker of '%s' died with %d sessions", self.entry.name, len(link.sessions))
        self._stillborn += not link.pid
        if self._stillborn < BIRTHS:
            self._start()
        else:
            self._stillborn = 0
            self.refused(EngineFailed(f"workers of '{self.entry.name}' die before they are loaded"))

    def _start(self) -> None:
        if self._stopped:
            return
        link = WorkerLink(self)
        self.links.append(link)
        task = asyncio.create_task(self._connect(link, self._starter.start(self.entry)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, link: WorkerLink, end: socket.socket) -> None:
        await asyncio.get_running_loop().create_connection(lambda: link, sock=end)


class WorkerLink(asyncio.Protocol):
    """Our end of the link to one worker."""

    def __init__(self, crew: Crew) -> None:
        self.sessions: dict[int, Hosted] = {}
        self.pid = 0
        """Of the worker process; 0 while it is loading."""
        self.expected = False
        """Whether the link's end is."""
        self.gone = asyncio.get_running_loop().create_future()
        self._crew = crew
        self._unpacker = Unpacker()
        self._transport: asyncio.Transport | None = None

    def send(self, number: int, message: Down) -> None:
        """To a dead worker it goes nowhere: the session keeps it and gives it to the next."""
        if self._transport and not self._transport.is_closing():
            self._transport.write(pack(number, message))

    def close(self) -> None:
        """Let the worker end."""
        self.expected = True
        if self._transport:
            self._transport.close()

    def left(self) -> None:
        self._crew.left()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own is none by inheritance

    def data_received(self, data: bytes) -> None:
        for number, message in self._unpacker.feed(data):
            match message:
                case Hello(info, pid):
                    self.pid = pid
                    self._crew.greeted(info)
                case Refused(error):
                    self.expected = True
                    self._crew.refused(error)
                case _ if hosted := self.sessions.get(number):
                    assert isinstance(message, m.Event)
                    hosted.hear(message)

    def connection_lost(self, exc: Exception | None) -> None:
        self._crew.lost(self)
        self.gone.set_result(None)


class Place:
    """``hosted.Seat``: one session's place in one worker."""

    def __init__(self, link: WorkerLink, number: int) -> None:
        self._link = link
        self._number = number

    def send(self, message: Down) -> None:
        self._link.send(self._number, message)

    def take(self, hosted: Hosted) -> None:
        self._link.sessions[self._number] = hosted
        hosted.seated(self)

    def leave(self) -> None:
        self._link.send(self._number, Drop())
        if self._link.sessions.pop(self._number, None):
            self._link.left()
