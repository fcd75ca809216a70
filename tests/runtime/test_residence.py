from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from runtime.talk import ENTRIES, MANUAL, Talk, noise
from saywire import messages as m
from saywire.config import Config, EngineConfig
from saywire.errors import ConfigError, UnknownModel
from saywire.runtime.pool import Pool
from saywire.types import Options

FAKE, SINGLE, SLOW = (Options(model=name, turns=MANUAL) for name in ("fake", "single", "slow"))


def run(test: Callable[[Pool], Awaitable[None]], settings: EngineConfig) -> None:
    async def inside() -> None:
        async with asyncio.timeout(60), Pool(Config(engine=settings), ENTRIES) as pool:
            await test(pool)

    asyncio.run(inside())


def loaded(pool: Pool) -> set[str]:
    return {model.name for model in pool.models() if model.info}


async def speak(pool: Pool, options: Options) -> list[str]:
    talk = Talk(pool, options)
    talk.give(noise(0.2), m.Commit())
    await talk.finish()
    return talk.texts


def test_a_model_that_nobody_uses_is_unloaded_and_comes_again() -> None:
    async def test(pool: Pool) -> None:
        assert await speak(pool, SINGLE) == ["one two"]
        crews = {crew.entry.name: crew for crew in pool.crews}
        talk = Talk(pool, FAKE)
        talk.give(noise(0.1))
        await talk.until_kind(m.SpeechStarted)
        await asyncio.gather(*(link.gone for link in crews["single"].links))
        assert loaded(pool) == {"fake"}  # it is in use
        assert await speak(pool, SINGLE) == ["one two"]
        talk.session.close()

    run(test, EngineConfig(model="fake", workers=1, unload_after=0.05))


def test_another_model_takes_the_place_of_the_one_unused_for_longest() -> None:
    async def test(pool: Pool) -> None:
        await speak(pool, SINGLE)
        await speak(pool, FAKE)
        talk = Talk(pool, SLOW)
        talk.give(noise(0.1))
        await talk.until_kind(m.SpeechStarted)
        assert {crew.entry.name for crew in pool.crews} == {"fake", "slow"}
        talk.session.close()

    run(test, EngineConfig(model="fake", workers=1, max_models=2))


def test_a_model_in_use_is_never_unloaded_for_another() -> None:
    async def test(pool: Pool) -> None:
        talk = Talk(pool, FAKE)
        talk.give(noise(0.2))
        await talk.until_kind(m.SpeechStarted)
        refused = Talk(pool, SINGLE)
        refused.give(noise(0.1))
        failed = await refused.until_kind(m.Failed)
        assert isinstance(failed, m.Failed) and failed.error.code == "overloaded"
        assert "1 are loaded, which is the limit, and all are in use (fake)" in str(failed.error)
        talk.give(m.Commit())
        await talk.finish()
        assert talk.texts == ["one two"]

    run(test, EngineConfig(model="fake", workers=1, max_models=1))


def test_aliases_name_models() -> None:
    async def test(pool: Pool) -> None:
        assert await speak(pool, Options(model="whisper-1", turns=MANUAL)) == ["one two"]
        assert loaded(pool) == {"fake", "single"}

    run(test, EngineConfig(model="fake", workers=1, aliases=("whisper-1=single",)))


def test_an_alias_of_a_model_that_is_not_here_says_so() -> None:
    pool = Pool(Config(engine=EngineConfig(model="fake", aliases=("whisper-1=lost",))), ENTRIES)
    with pytest.raises(
        UnknownModel, match=r"engine\.aliases has 'lost' for 'whisper-1', but no model 'lost'"
    ):
        pool.find_model("whisper-1")
    with pytest.raises(UnknownModel, match=r"^no model 'lost'"):
        pool.find_model("lost")


def test_an_alias_that_is_none_is_told() -> None:
    with pytest.raises(ConfigError, match="expected name=model"):
        Pool(Config(engine=EngineConfig(aliases=("whisper-1",))), ENTRIES)
