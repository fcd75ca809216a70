"""Models made of others, through a server: one that is shown and one that is kept, and one that stands in
for a remote server that dies while somebody speaks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import replace

import pytest
from openai import AsyncOpenAI

from e2e.test_openai_python import SPOKEN, TALK, TINY, collect, configure, open_house, play, transcripts
from engines.recordings import read
from engines.remote.peer import answer, open_peer
from runtime.talk import Talk
from saywire import messages as m
from saywire.config import Config, FallbackConfig, RemoteConfig, TwoPassConfig
from saywire.errors import ConfigError
from saywire.runtime.pool import Pool
from saywire.server.run import LOOP
from saywire.types import Options

MEETING = TwoPassConfig("meeting", "tiny", "tiny-offline")
SAFE = FallbackConfig("safe", ("cloud", "meeting"))
CLOUD = "told by the cloud"


def configured(url: str, model: str) -> Config:
    """The remote gives up at once, so that nobody waits for it."""
    return replace(
        TINY,
        engine=replace(TINY.engine, model=model),
        remote=(RemoteConfig("cloud", url, "large", retries=0),),
        two_pass=(MEETING,),
        fallback=(SAFE,),
    )


def run(url: str, model: str, test: Callable[[AsyncOpenAI], Awaitable[None]]) -> None:
    async def inside() -> None:
        async with asyncio.timeout(60), open_house(configured(url, model)) as client:
            await test(client)

    with asyncio.Runner(loop_factory=LOOP) as runner:
        runner.run(inside())


def test_the_next_model_takes_over_when_the_remote_dies_in_mid_session() -> None:
    with ExitStack() as stack:
        peer = stack.enter_context(open_peer(answer(f'{{"text":"{CLOUD}"}}'.encode(), fate="close")))

        async def test(client: AsyncOpenAI) -> None:
            async with client.realtime.connect(extra_query={"intent": "transcription"}) as connection:
                await configure(connection)
                first, rest = TALK[: len(read("please-play-five")) + 16_000], TALK
                await play(connection, first)
                assert transcripts(await collect(connection, 1)) == [CLOUD]
                await asyncio.to_thread(stack.close)
                await play(connection, rest)
                assert transcripts(await collect(connection, 3)) == list(SPOKEN)

        run(peer.url, "safe", test)
    assert len(peer.asked) == 1


def test_a_remote_that_breaks_off_every_answer_loses_no_utterance() -> None:
    with open_peer(answer(b'{"text":', fate="reset", content_length="99")) as peer:

        async def test(client: AsyncOpenAI) -> None:
            async with client.realtime.connect(extra_query={"intent": "transcription"}) as connection:
                await configure(connection)
                await play(connection, TALK)
                assert transcripts(await collect(connection, 3)) == list(SPOKEN)

        run(peer.url, "safe", test)
    assert len(peer.asked) == 3


def test_they_are_models_like_others() -> None:
    async def test(client: AsyncOpenAI) -> None:
        names = [model.id async for model in client.models.list()]
        assert {"cloud", "meeting", "safe"} <= set(names)

    run("http://127.0.0.1:9/v1", "meeting", test)


def test_partials_come_from_one_and_finals_from_the_other() -> None:
    async def hear() -> list[m.Event]:
        config = configured("http://127.0.0.1:9/v1", "meeting")
        async with asyncio.timeout(60), Pool(config) as pool:
            talk = Talk(pool, Options(language="en"))
            for start in range(0, len(TALK), 1600):
                talk.give(TALK[start : start + 1600])
            return await talk.finish()

    events = asyncio.run(hear())
    finals = [event.text for event in events if isinstance(event, m.Final)]
    partials = [event.hypothesis for event in events if isinstance(event, m.Partial)]
    assert finals == list(SPOKEN)
    assert any(partial.text not in ("", *SPOKEN) for partial in partials), "no text before its end"
    assert {partial.stable for partial in partials} == {0}


def test_a_server_does_not_start_with_a_model_made_of_one_that_is_not_here() -> None:
    async def start(config: Config) -> None:
        async with Pool(config):
            pass

    wrong = FallbackConfig("safe", ("meetin", "tiny"))
    with pytest.raises(ConfigError, match=r"fallback\.safe cannot be used: no model 'meetin'; did you mean"):
        asyncio.run(start(replace(configured("http://x", "tiny"), fallback=(wrong,))))
