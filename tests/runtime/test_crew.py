from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from runtime import talk as talk_module
from runtime.talk import BROKEN, DEADLY, FAKE, MANUAL, SINGLE, Talk, make_pool, noise
from saywire import messages as m
from saywire.engines import Entry
from saywire.errors import Overloaded
from saywire.runtime import crew
from saywire.runtime.pool import Pool
from saywire.types import Options

ALONE = Options(model=SINGLE.name, turns=MANUAL)


def run(test: Callable[[Pool], Awaitable[None]], **settings: int) -> None:
    async def inside() -> None:
        async with asyncio.timeout(60), make_pool(**settings) as pool:  # type: ignore[arg-type]
            await test(pool)

    asyncio.run(inside())


def workers(pool: Pool, name: str) -> int:
    return next(model.workers for model in pool.models() if model.name == name)


def test_sessions_are_spread_evenly() -> None:
    async def test(pool: Pool) -> None:
        talks = [Talk(pool) for _ in range(6)]
        for talk in talks:
            talk.give(noise(0.1))
            await talk.until_kind(m.SpeechStarted)
        links = next(iter(pool.crews)).links
        assert sorted(len(link.sessions) for link in links) == [2, 2, 2]

    run(test, workers=3)


def test_a_crew_of_single_seats_grows_with_its_sessions_and_shrinks_again() -> None:
    async def test(pool: Pool) -> None:
        talks = [Talk(pool, ALONE) for _ in range(4)]
        for talk in talks:
            talk.give(noise(0.3))
            await talk.until_kind(m.Partial)
        assert workers(pool, SINGLE.name) >= 4
        for talk in talks:
            talk.give(m.Commit())
            await talk.finish()
            assert talk.texts == ["one two three"]
        assert workers(pool, SINGLE.name) <= crew.SPARE + 1

    run(test)


def test_a_crew_that_is_full_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "MOST_PER_CORE", 0)

    async def test(pool: Pool) -> None:
        first = Talk(pool, ALONE)
        first.give(noise(0.3))
        await first.until_kind(m.Partial)
        rest = [Talk(pool, ALONE) for _ in range(2)]
        for talk in rest:
            talk.give(noise(0.1))
        failed = await rest[-1].until_kind(m.Failed)
        assert isinstance(failed, m.Failed) and failed.error.code == "overloaded"
        first.give(m.Commit())
        await first.finish()
        assert first.texts == ["one two three"]

    run(test)


def test_two_questions_for_a_broken_model_get_two_answers() -> None:
    async def test(pool: Pool) -> None:
        talk = Talk(pool)
        broken = m.Configure(Options(model=BROKEN.name, turns=MANUAL))
        talk.give(broken, broken, noise(0.2), m.Commit())
        await talk.finish()
        assert sum(isinstance(event, m.Failed) for event in talk.events) == 2
        assert talk.texts == ["one two"]

    run(test)


def test_many_who_left_while_a_model_was_loading_are_forgotten(caplog: pytest.LogCaptureFixture) -> None:
    async def test(pool: Pool) -> None:
        for _ in range(400):
            talk = Talk(pool, Options(model=DEADLY.name, turns=MANUAL))
            talk.give(noise(0.1))
            talk.session.close()
        talk = Talk(pool, Options(model=DEADLY.name, turns=MANUAL))
        talk.give(noise(0.2), m.Commit())
        await talk.finish()
        assert talk.texts == ["one two"]
        assert not any(hosted for crew in pool.crews for hosted in crew._waiting)

    run(test, max_sessions=1000)
    assert "died" not in caplog.text


def test_a_crew_has_no_more_workers_than_were_wanted() -> None:
    async def test(pool: Pool) -> None:
        talks = [Talk(pool, Options(model=DEADLY.name, turns=MANUAL)) for _ in range(5)]
        for talk in talks:
            talk.give(noise(0.2), m.Commit())
        await asyncio.gather(*(talk.finish() for talk in talks))
        assert workers(pool, DEADLY.name) == 2

    run(test, workers=2)


@pytest.mark.parametrize("shares", [True, False])
def test_a_model_that_could_not_be_loaded_is_tried_again(
    shares: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = Entry("late", "fake:load", ("module_that_comes_late",), "pip install it", (), "", shares=shares)
    monkeypatch.setattr(talk_module, "ENTRIES", (FAKE, late))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))

    async def test(pool: Pool) -> None:
        talk = Talk(pool)
        wanted = m.Configure(Options(model="late", turns=MANUAL))
        talk.give(wanted)
        failed = await talk.until_kind(m.Failed)
        assert isinstance(failed, m.Failed) and "module_that_comes_late" in str(failed.error)
        (tmp_path / "module_that_comes_late.py").touch()
        talk.give(wanted, noise(0.2), m.Commit())
        await talk.until_kind(m.Configured)
        await talk.finish()
        assert talk.texts == ["one two"]

    run(test)


def test_a_system_that_starts_no_process_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(pool: Pool) -> None:
        crew = pool.crews[0]

        def start(entry: Entry) -> socket.socket:
            raise OSError(24, "Too many open files")

        monkeypatch.setattr(crew._starter, "start", start)
        talk = Talk(pool)
        talk.give(noise(0.2))
        await talk.until_kind(m.SpeechStarted)
        os.kill(pool.processes[0], signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)
        failed = await talk.until_kind(m.Failed)
        assert (
            isinstance(failed, m.Failed) and failed.error.fatal and "Too many open files" in str(failed.error)
        )
        monkeypatch.undo()
        other = Talk(pool)
        other.give(noise(0.2), m.Commit())
        await other.finish()
        assert other.texts == ["one two"]

    run(test)


def test_workers_that_died_and_were_replaced_are_counted() -> None:
    async def test(pool: Pool) -> None:
        assert [model.restarts for model in pool.models() if model.info] == [0]
        talk = Talk(pool)
        talk.give(noise(0.2))
        await talk.until_kind(m.SpeechStarted)
        os.kill(pool.processes[0], signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)
        talk.give(noise(0.1), m.Commit())
        await talk.finish()
        assert talk.texts == ["one two three"]
        assert [model.restarts for model in pool.models() if model.info] == [1]

    run(test, workers=1)


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="no way to wait for another's child on this system")
def test_a_worker_that_hangs_does_not_hang_the_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "GRACE", 0.05)

    async def inside() -> None:
        async with asyncio.timeout(60):
            pool = make_pool()
            await pool.start()
            talk = Talk(pool)
            talk.give(noise(0.2))
            await talk.until_kind(m.SpeechStarted)
            (pid,) = pool.processes
            ended = watch_end(pid)
            os.kill(pid, signal.SIGSTOP)
            talk.give(noise(60.0))
            await asyncio.gather(pool.stop(), pool.stop())
            failed = await talk.until_kind(m.Failed)
            assert isinstance(failed, m.Failed) and failed.error.code == "overloaded" and talk.session.ended
            await ended

    asyncio.run(inside())


def watch_end(pid: int) -> asyncio.Future[None]:
    """Done when the process has ended, however long the system takes over that after a kill."""
    loop, handle = asyncio.get_running_loop(), os.pidfd_open(pid)
    ended = loop.create_future()

    def note() -> None:
        loop.remove_reader(handle)
        os.close(handle)
        ended.set_result(None)

    loop.add_reader(handle, note)
    return ended


def test_a_stop_while_workers_are_loading_ends_the_start() -> None:
    async def inside() -> None:
        pool = make_pool(workers=2)
        starting = asyncio.create_task(pool.start())
        await asyncio.sleep(0)  # its first steps: it waits for the workers now
        await asyncio.sleep(0)
        assert pool.crews
        await pool.stop()
        with pytest.raises(Overloaded):
            await starting

    async def bounded() -> None:
        await asyncio.wait_for(inside(), 60)

    asyncio.run(bounded())


def test_audio_that_kills_takes_nobody_with_it() -> None:
    """All of them sit in one worker."""

    async def test(pool: Pool) -> None:
        deadly = Options(model=DEADLY.name, turns=MANUAL)
        others = [Talk(pool, deadly) for _ in range(5)]
        for talk in others:
            talk.give(noise(0.2))
            await talk.until_kind(m.Partial)
        victim = Talk(pool, deadly)
        victim.give(noise(0.5))
        failed = await victim.until_kind(m.Failed)
        assert isinstance(failed, m.Failed) and failed.error.fatal and "workers died" in str(failed.error)
        for talk in others:
            talk.give(m.Commit())
            await talk.finish()
            assert talk.texts == ["one two"]

    run(test)


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no SIGSTOP on this system")
def test_a_worker_that_hangs_is_replaced_and_nobody_notices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "WATCH", 0.1)

    async def test(pool: Pool) -> None:
        talk = Talk(pool)
        talk.give(noise(0.5))
        await talk.until_kind(m.Partial)
        (pid,) = pool.processes
        os.kill(pid, signal.SIGSTOP)
        talk.give(noise(0.5), m.Commit())
        await talk.finish()
        assert talk.texts == ["one two three four five six seven eight nine ten"]
        assert pid not in pool.processes

    run(test)
