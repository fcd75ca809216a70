"""A real vLLM that dies while it answers: one utterance fails with clear words, and nothing else does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection

from e2e.test_openai_python import SPOKEN, TALK, collect, configure, play, transcripts
from engines.recordings import read
from peers.relay import Exchange, Relay
from peers.sessions import PATIENCE, settings
from peers.vllm import TEMPLATE, Vllm
from saywire.config import Config, EngineConfig, RemoteConfig, ServerConfig
from saywire.runtime.pool import Pool
from saywire.server.run import LOOP, Server

PEER = "qwen"
SAMPLES = "sphinx_digits", "sphinx_window", "sphinx_time", "da-kai-deng", "four-down"
"""Of the answers to them, at least one is so long that the server can die while it gives it."""


def test_a_server_that_is_killed_fails_one_utterance_and_is_used_again_when_it_is_back(
    qwen: Vllm, relay: Relay
) -> None:
    killed = kill_on_answer(relay, qwen.kill)

    async def run(client: AsyncOpenAI) -> None:
        async with connect(client, "peer") as mine, connect(client, "tiny") as other:
            assert (await transcribe(mine)).transcript
            await play(other, TALK[: len(TALK) // 2])
            killed.arm()
            failed = await fail(mine)
            assert failed.code == "remote_unreachable" and "the connection broke" in failed.message
            away = (await transcribe(mine)).error
            assert away.code == "remote_unreachable"
            await play(other, TALK[len(TALK) // 2 :])
            assert tuple(transcripts(await collect(other, 3))) == SPOKEN
            await asyncio.to_thread(qwen.start, "--chat-template", str(TEMPLATE))
            assert (await transcribe(mine)).transcript

    serve(settings(relay, "qwen", "vllm-stream"), run)


def test_an_engine_that_is_killed_behind_its_server_fails_one_utterance(qwen: Vllm, relay: Relay) -> None:
    """As where memory runs out: the process that answers lives a little longer, and says so."""
    killed = kill_on_answer(relay, qwen.kill_engine)

    async def run(client: AsyncOpenAI) -> None:
        async with connect(client, "peer") as mine, connect(client, "tiny") as other:
            killed.arm()
            failed = await fail(mine)
            assert failed.code in ("remote_failed", "remote_unreachable")
            await play(other, TALK)
            assert tuple(transcripts(await collect(other, 3))) == SPOKEN

    serve(settings(relay, "qwen", "vllm-stream"), run)


class Killer:
    """Kills once it is armed and an answer has begun that is not at its end."""

    def __init__(self, kill: Callable[[], None]) -> None:
        self._kill = kill
        self._armed = False

    def arm(self) -> None:
        self._armed = True

    def watch(self, exchange: Exchange) -> None:
        last = exchange.answered[exchange.answered.rfind(b"HTTP/1.1 ") :]
        if self._armed and b'"delta"' in last and b"[DONE]" not in last:
            self._armed = False
            self._kill()


def kill_on_answer(relay: Relay, kill: Callable[[], None]) -> Killer:
    killer = Killer(kill)
    relay.watch = killer.watch
    return killer


def serve(remote: RemoteConfig, run: Callable[[AsyncOpenAI], Coroutine[Any, Any, None]]) -> None:
    """A server of ours with two models, and a client."""

    async def hold() -> None:
        config = Config(
            server=ServerConfig(port=0),
            engine=EngineConfig(model="tiny", language="en", workers=1),
            remote=(remote,),
        )
        async with asyncio.timeout(PATIENCE), Pool(config) as pool:
            port = asyncio.get_running_loop().create_future()
            server = Server(config, pool, lambda _, number: port.set_result(number))
            serving = asyncio.create_task(server.serve())
            base = f"127.0.0.1:{await port}/v1"
            urls = {"base_url": f"http://{base}", "websocket_base_url": f"ws://{base}"}
            try:
                async with AsyncOpenAI(api_key="any", max_retries=0, **urls) as client:
                    await run(client)
            finally:
                server.stop()
                await serving

    with asyncio.Runner(loop_factory=LOOP) as runner:
        runner.run(hold())


@asynccontextmanager
async def connect(client: AsyncOpenAI, model: str) -> AsyncIterator[AsyncRealtimeConnection]:
    """A transcription session; voice ends turns for ``tiny``, commits for the other."""
    turns: Any = None if model == "peer" else {"type": "server_vad", "silence_duration_ms": 400}
    async with client.realtime.connect(extra_query={"intent": "transcription"}) as connection:
        await configure(connection, transcription={"model": model}, turn_detection=turns)
        yield connection


async def transcribe(connection: AsyncRealtimeConnection, name: str = SAMPLES[0]) -> Any:
    """How an utterance ends: the event."""
    await play(connection, read(name))
    await connection.input_audio_buffer.commit()
    async for event in connection:
        if event.type.endswith(("transcription.completed", "transcription.failed")):
            return event
    raise AssertionError("the connection ended")


async def fail(connection: AsyncRealtimeConnection) -> Any:
    """The error of the first utterance that fails."""
    for name in SAMPLES:
        event = await transcribe(connection, name)
        if event.type.endswith("failed"):
            return event.error
    raise AssertionError("no answer was long enough to be broken off")
