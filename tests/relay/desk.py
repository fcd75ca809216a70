"""A desk for relays: a source that gives what a test lets it, a line to a server that can be cut, an
audience."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from typing import TypeVar
from urllib.parse import urlsplit

from saywire.client.sources import Stoppable
from saywire.errors import SaywireError
from saywire.messages import Event, Failed, Final
from saywire.relay.audience import State
from saywire.relay.journal import Gap
from saywire.relay.source import Source, skip
from saywire.types import RATE, Samples

BLOCK = RATE // 10
T = TypeVar("T")


class Feed:
    """A source whose audio a test gives out; one that is not live gives it from where it was left."""

    def __init__(self, name: str = "mic", live: bool = True) -> None:
        self.opened: list[int] = []
        self._blocks: queue.SimpleQueue[Samples | SaywireError | None] = queue.SimpleQueue()
        self.source = Source(name, self._open, live)

    def give(self, audio: Samples) -> None:
        for at in range(0, len(audio), BLOCK):
            self._blocks.put(audio[at : at + BLOCK])

    def end(self, error: SaywireError | None = None) -> None:
        self._blocks.put(error)

    def _open(self, known: int) -> Stoppable:
        self.opened.append(known)
        return Stoppable(skip(self._take(), known))

    def _take(self) -> Iterator[Samples]:
        while (block := self._blocks.get()) is not None:
            if isinstance(block, SaywireError):
                raise block
            yield block


class Crowd:
    """Remembers all it was told."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.gaps: list[Gap] = []
        self.states: list[State] = []
        self.warnings: list[str] = []
        self.failures: list[SaywireError] = []
        self._told = asyncio.Event()

    def hear(self, event: Event, captured: float) -> None:
        self._keep(self.events, event)

    def lose(self, gap: Gap) -> None:
        self._keep(self.gaps, gap)

    def see(self, state: State) -> None:
        self._keep(self.states, state)

    def warn(self, message: str) -> None:
        self._keep(self.warnings, message)

    def fail(self, error: SaywireError) -> None:
        self._keep(self.failures, error)

    def _keep(self, kept: list[T], told: T) -> None:
        kept.append(told)
        self._told.set()

    async def until(self, is_so: Callable[[], object]) -> None:
        while not is_so():
            self._told.clear()
            await self._told.wait()

    @property
    def captured(self) -> bool:
        """Whether capturing has begun and ended."""
        return any(state.capturing for state in self.states) and not self.states[-1].capturing

    @property
    def finals(self) -> list[Final]:
        return [event for event in self.events if isinstance(event, Final)]

    @property
    def failed(self) -> list[Failed]:
        return [event for event in self.events if isinstance(event, Failed)]


class Gate:
    """A server's address that can be shut: who is there is thrown out, and nobody comes in."""

    def __init__(self, address: str) -> None:
        self._host, self._port = urlsplit(address).hostname, urlsplit(address).port
        self._path = urlsplit(address).path
        self._open = False
        self._pipes: set[asyncio.StreamWriter] = set()
        self.passed = 0

    @asynccontextmanager
    async def stand(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self._pass, "127.0.0.1", 0)
        try:
            yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}{self._path}"
        finally:
            self.shut()
            server.close()

    def open(self) -> None:
        self._open = True

    def shut(self) -> None:
        self._open = False
        for pipe in self._pipes:
            pipe.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._open:
            writer.transport.abort()
            return
        self.passed += 1
        inside, outside = await asyncio.open_connection(self._host, self._port)
        ends = {writer, outside}
        self._pipes |= ends
        await asyncio.gather(_pump(reader, outside), _pump(inside, writer))
        self._pipes -= ends


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
    sink.transport.abort()
