"""Models that come and go, as openai-python sees them: loaded when asked for, unloaded when unused."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from openai import AsyncOpenAI

from e2e.house import open_sdk, serve
from engines.recordings import read
from saywire.config import Config, EngineConfig, ServerConfig
from saywire.runtime.pool import Pool
from server.audio import wav

NAME = "tiny-offline"


async def describe(client: AsyncOpenAI) -> Any:
    return next(model for model in (await client.models.list()).data if model.id == NAME)


async def until(client: AsyncOpenAI, wanted: Callable[[Any], bool]) -> Any:
    while not wanted(found := await describe(client)):
        pass  # each look is a request
    return found


async def speak(client: AsyncOpenAI) -> str:
    found = await client.audio.transcriptions.create(
        model=NAME, file=("a.wav", wav(read("computer-stop"))), language="en"
    )
    return found.text


async def visit(client: AsyncOpenAI, pool: Pool) -> None:
    """A session holds the model while a file is heard; then both leave."""
    async with client.realtime.connect(model=NAME) as connection:
        assert (await connection.recv()).type == "session.created"
        await connection.session.update(
            session={"type": "transcription", "audio": {"input": {"transcription": {"model": NAME}}}}
        )
        assert (await connection.recv()).type == "session.updated"
        assert await speak(client) == "computer stop"
        used = await until(client, lambda model: model.loaded and model.sessions == 1)
        assert used.memory_bytes is None or used.memory_bytes > 10_000_000
        links = next(crew.links for crew in pool.crews if crew.entry.name == NAME)
        assert links and {link.pid for link in links} <= set(pool.processes)
    gone = await until(client, lambda model: not model.loaded)
    assert (gone.sessions, gone.memory_bytes) == (0, None)
    await asyncio.gather(*(link.gone for link in links))
    assert not {link.pid for link in links} & set(pool.processes)


def test_a_model_is_loaded_while_it_is_used_and_the_list_shows_it() -> None:
    async def test() -> None:
        engine = EngineConfig(model="tiny", workers=1, unload_after=0.05)
        config = Config(server=ServerConfig(port=0), engine=engine)
        async with (
            asyncio.timeout(120),
            Pool(config) as pool,
            serve(config, pool) as doors,
            open_sdk(doors[""]) as client,
        ):
            before = await describe(client)
            assert (before.loaded, before.sessions, before.memory_bytes) == (False, 0, None)
            for _ in range(2):  # it comes again
                await visit(client, pool)

    asyncio.run(test())
