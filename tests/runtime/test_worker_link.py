from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable

import pytest

from saywire import messages as m
from saywire.engines.base import EngineInfo
from saywire.errors import EngineFailed, SaywireError
from saywire.runtime import worker_link
from saywire.runtime.hosted import Hosted
from saywire.runtime.link import Down, Drop, Hello, Open, Ping, Pong, Refused, Trying, Unpacker, Up, pack
from saywire.runtime.worker_link import Place, WorkerLink
from saywire.types import Options

OPTIONS = Options()


class Crew:
    """Notes what it is told. As an usher, too: gives no seats."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.changed = asyncio.Event()

    def greeted(self, info: EngineInfo) -> None:
        self.told.append(f"greeted {info.name}")
        self.changed.set()

    def refused(self, error: SaywireError) -> None:
        self.told.append(f"refused {error}")
        self.changed.set()

    def lost(self, link: WorkerLink) -> None:
        self.told.append("lost")

    def left(self) -> None:
        self.told.append("left")

    model = "fake"

    def seat(self, hosted: Hosted, options: Options) -> None: ...

    def same_model(self, one: Options, other: Options) -> bool:
        return True

    def forget(self, hosted: Hosted) -> None: ...


class Worker:
    """The other end, by hand."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._unpacker = Unpacker()

    def say(self, *messages: tuple[int, Up]) -> None:
        self._end.sendall(b"".join(pack(number, message) for number, message in messages))

    async def next(self) -> list[tuple[int, Down | Up]]:
        """What came, whole; empty at the end of the link."""
        data = await asyncio.get_running_loop().sock_recv(self._end, 1 << 16)
        return list(self._unpacker.feed(data))


def run(test: Callable[[WorkerLink, Worker, Crew], Awaitable[None]]) -> None:
    async def inside() -> None:
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        crew = Crew()
        async with asyncio.timeout(60):
            with theirs:
                loop = asyncio.get_running_loop()
                _, link = await loop.create_connection(lambda: WorkerLink(crew), sock=ours)
                await test(link, Worker(theirs), crew)
            await link.gone
        assert crew.told[-1] == "lost"

    asyncio.run(inside())


async def seated(link: WorkerLink, worker: Worker, crew: Crew) -> tuple[Hosted, asyncio.Event]:
    moved = asyncio.Event()
    hosted = Hosted(crew, OPTIONS, moved.set, 600.0)
    hosted.receive(m.Commit())
    Place(link, 7).take(hosted)
    assert [type(message) for _, message in await worker.next()] == [Open, m.Commit]
    worker.say((7, m.Configured(OPTIONS)))
    return hosted, moved


def test_events_go_to_their_session_and_those_of_nobody_nowhere() -> None:
    async def test(link: WorkerLink, worker: Worker, crew: Crew) -> None:
        hosted, moved = await seated(link, worker, crew)
        worker.say((8, m.Finished(1.0)), (7, m.Marked(1)))
        await moved.wait()
        assert hosted.events_to_send() == [m.Marked(1)]
        hosted.close()
        assert await worker.next() == [(7, Drop())]
        assert not link.sessions and crew.told == ["left"]

    run(test)


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (Hello(EngineInfo("fake"), 4711), "greeted fake"),
        (Refused(EngineFailed("no model")), "refused no model"),
    ],
)
def test_the_first_word_goes_to_the_crew(message: Up, told: str) -> None:
    async def test(link: WorkerLink, worker: Worker, crew: Crew) -> None:
        worker.say((0, message))
        await crew.changed.wait()
        assert crew.told == [told]
        assert (link.pid, link.expected) == ((4711, False) if told.startswith("greeted") else (0, True))
        link.pid = 0  # nobody's

    run(test)


def test_a_worker_that_never_has_its_engine_loaded_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_link, "LOADING", 0.0)

    async def test(link: WorkerLink, worker: Worker, crew: Crew) -> None:
        await link.gone
        assert crew.told == [
            "refused model 'fake' was not loaded within 0 s; does its disk, or its device, answer?",
            "lost",
        ]
        assert link.expected

    run(test)


def test_it_knows_whom_a_dead_worker_was_trying() -> None:
    async def test(link: WorkerLink, worker: Worker, crew: Crew) -> None:
        _, moved = await seated(link, worker, crew)
        worker.say((7, Trying()), (7, m.Marked(1)))
        await moved.wait()
        assert link.tried == 7

    run(test)


def test_a_worker_that_answers_is_left_alone_and_one_that_does_not_is_killed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    killed: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, how: killed.append((pid, how)))

    async def test(link: WorkerLink, worker: Worker, crew: Crew) -> None:
        _, moved = await seated(link, worker, crew)
        link.pid = 4711
        for _ in range(worker_link.PATIENCE * 3):
            link.ask()
            assert await worker.next() == [(0, Ping())]
            worker.say((0, Pong()), (7, m.Marked(1)))
            await moved.wait()
            moved.clear()
        assert not killed
        for _ in range(worker_link.PATIENCE + 1):
            link.ask()
        await link.gone
        assert killed == [(4711, worker_link.KILL)] and crew.told == ["lost"]

    run(test)


def test_closing_lets_the_worker_end_first() -> None:
    async def test(link: WorkerLink, worker: Worker, crew: Crew) -> None:
        link.close()
        link.close()
        assert await worker.next() == []
        assert link.expected and not link.gone.done()

    run(test)
