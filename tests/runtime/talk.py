"""Sessions of a real pool, driven from a test."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import numpy as np

from saywire import messages as m
from saywire.config import Config, EngineConfig, ServerConfig
from saywire.engines import Entry
from saywire.runtime.hosted import Hosted
from saywire.runtime.pool import Pool
from saywire.types import RATE, Options, Samples, Turns

FAKE = Entry("fake", "fake:load", (), "", (), "exact", rank=1)
SLOW = Entry("slow", "fake:load_slow", (), "", (), "2 s a step")
SINGLE = Entry("single", "fake:load_single", (), "", (), "one stream a process", shares=True)
DEADLY = Entry("deadly", "fake:load_deadly", (), "", (), "dies on three")
BROKEN = Entry("broken", "fake:load", ("no_such_module",), "pip install nothing", (), "cannot load")
ENTRIES = (FAKE, SLOW, SINGLE, DEADLY, BROKEN)

MANUAL = Turns(voice=False, threshold=1e-6)
"""Everything is voice, and only commands end an utterance: exact without real speech."""


def noise(seconds: float) -> Samples:
    return np.random.default_rng(0).uniform(-0.5, 0.5, round(seconds * RATE)).astype(np.float32)


def make_pool(
    *, start: str = "auto", workers: int = 1, max_sessions: int = 100, max_backlog: float = 600
) -> Pool:
    engine = EngineConfig(model="fake", start=start, workers=workers, max_backlog=max_backlog)
    return Pool(Config(server=ServerConfig(max_sessions=max_sessions), engine=engine), ENTRIES)


class Talk:
    """One session and what it said."""

    def __init__(self, pool: Pool, options: Options | None = None) -> None:
        self._moved = asyncio.Event()
        self.session: Hosted = pool.open(options or Options(turns=MANUAL), self._moved.set)
        self.events: list[m.Event] = []

    def give(self, *commands: m.Command | Samples) -> None:
        for command in commands:
            self.session.receive(m.Audio(command) if isinstance(command, np.ndarray) else command)

    async def until(self, told: Callable[[m.Event], bool]) -> m.Event:
        """Wait for an event; the others before it are kept as well."""
        seen = 0
        while True:
            for event in self.events[seen:]:
                if told(event):
                    return event
            seen = len(self.events)
            await self._moved.wait()
            self._moved.clear()
            self.events += self.session.events_to_send()

    async def until_kind(self, kind: type) -> m.Event:
        return await self.until(lambda event: isinstance(event, kind))

    async def finish(self) -> list[m.Event]:
        self.give(m.Finish())
        await self.until_kind(m.Finished)
        return self.events

    @property
    def texts(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, m.Final)]
