from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from runtime.talk import MANUAL, SINGLE, Talk, make_pool, noise
from saywire import messages as m
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
