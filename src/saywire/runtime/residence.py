"""Which models are loaded: on first use, unloaded when nobody used them for a while, never too many.

A crew that has sessions, or that somebody waits for, is never unloaded. Who comes while it ends gets a new
one. Times are the loop's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

from ..engines import Entry
from ..errors import Overloaded
from .crew import Crew


class Residence:
    """Crews by the name of their model. ``begin`` makes one; it is told when a crew is left by its last."""

    def __init__(self, begin: Callable[[Entry], Crew], most: int, idle: float) -> None:
        """``most`` models at a time, ``idle`` seconds until one goes that nobody uses; 0: no limit, never."""
        self._begin = begin
        self._most = most
        self._idle = idle
        self._crews: dict[str, Crew] = {}  # the one used longest ago first
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._ending: set[asyncio.Task[None]] = set()

    def __iter__(self) -> Iterator[Crew]:
        return iter(tuple(self._crews.values()))

    def find(self, entry: Entry) -> Crew | None:
        return self._crews.get(entry.name)

    def enter(self, entry: Entry) -> Crew:
        """The crew of a model, which counts as used now. Raises Overloaded when there is no room for it."""
        if timer := self._timers.pop(entry.name, None):
            timer.cancel()
        crew = self._crews.pop(entry.name, None)
        if crew is None:
            self._make_room(entry)
            crew = self._begin(entry)
        self._crews[entry.name] = crew
        return crew

    def rest(self, crew: Crew) -> None:
        """Nobody uses it now: it may go, and after the idle time it does."""
        name = crew.entry.name
        if self._idle and self._crews.get(name) is crew and name not in self._timers:
            loop = asyncio.get_running_loop()
            self._timers[name] = loop.call_later(self._idle, self._leave, crew)

    async def end(self) -> None:
        """Unload everything; idempotent."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        await asyncio.gather(*(crew.stop() for crew in self), *self._ending)
        self._crews.clear()

    def _make_room(self, entry: Entry) -> None:
        if not self._most or len(self._crews) < self._most:
            return
        unused = next((crew for crew in self._crews.values() if not crew.used), None)
        if unused is None:
            raise Overloaded(
                f"no room for model '{entry.name}': {self._most} are loaded, which is the limit, and all "
                f"are in use ({', '.join(self._crews)}); try again later"
            )
        self._leave(unused)

    def _leave(self, crew: Crew) -> None:
        name = crew.entry.name
        if timer := self._timers.pop(name, None):
            timer.cancel()
        if crew.used:
            return
        del self._crews[name]
        task = asyncio.create_task(crew.stop())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
