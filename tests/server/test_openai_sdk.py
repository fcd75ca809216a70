"""The unmodified OpenAI client against the whole server: real sockets, real workers, an exact engine."""

from __future__ import annotations

import asyncio
import base64
import functools
import io
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec

import numpy as np
import openai
import pytest
from openai import AsyncAzureOpenAI, AsyncOpenAI
from websockets.exceptions import ConnectionClosed

import saywire
from saywire.audio.container import decode
from saywire.config import Config, EngineConfig, ServerConfig
from saywire.engines import Entry
from saywire.runtime.pool import Pool
from saywire.server.run import LOOP, Server
from saywire.types import RATE, Turns
from server.audio import noise, quiet, wav
from server.doubles import in_loop

ENTRIES = (
    Entry("fake", "fake:load", (), "", (), "exact", rank=1),
    Entry("failing", "fake:load_failing", (), "", (), "fails once on three"),
)
MANUAL = Turns(voice=False, threshold=1e-6)
"""Everything is voice, and only commands end an utterance: exact without real speech."""
P = ParamSpec("P")

SPEECH = Path(saywire.__file__).parent / "samples" / "dictation.flac"
KEY = "sesame"
TEN = "one two three four five six seven eight nine ten"


@dataclass
class Running:
    client: AsyncOpenAI
    server: Server
    runner: asyncio.Runner | None = None
    """Whose loop the server lives in, where it outlives a test."""


@asynccontextmanager
async def running(**server: object) -> AsyncIterator[Running]:
    settings = ServerConfig(**({"port": 0, "api_keys": (KEY,), "drain_seconds": 5.0} | server))
    config = Config(server=settings, engine=EngineConfig(model="fake", workers=1), turns=MANUAL)
    async with Pool(config, ENTRIES) as pool:
        port = asyncio.get_running_loop().create_future()
        uvicorn = Server(config, pool, lambda _, number: port.set_result(number))
        serving = asyncio.create_task(uvicorn.serve())
        base = f"127.0.0.1:{await port}/v1"
        async with AsyncOpenAI(
            api_key=KEY, base_url=f"http://{base}", websocket_base_url=f"ws://{base}", max_retries=0
        ) as client:
            try:
                yield Running(client, uvicorn)
            finally:
                uvicorn.stop()
                await serving


@pytest.fixture(scope="module")
def at() -> Iterator[Running]:
    """One server for all tests that do nothing to it; it stands still between them."""
    with asyncio.Runner(loop_factory=LOOP) as runner:
        context = running()
        server = runner.run(context.__aenter__())
        server.runner = runner
        yield server
        runner.run(context.__aexit__(None, None, None))


def shared(test: Callable[P, Coroutine[None, None, None]]) -> Callable[P, None]:
    """Run an async test in the loop of the server it shares."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        kwargs["at"].runner.run(asyncio.wait_for(test(*args, **kwargs), 20))

    return run


def pcm(samples: np.ndarray) -> str:
    """As the base64 of 16 bits, at whatever rate the reader takes it to be."""
    return base64.b64encode((samples * 32767).astype("<i2").tobytes()).decode()


async def until(connection, kind: str) -> list:
    seen = []
    async for event in connection:
        seen.append(event)
        if event.type.endswith(kind):
            return seen
    raise AssertionError(f"closed before {kind}: {[event.type for event in seen]}")


@shared
async def test_realtime_commit(at):
    async with at.client.realtime.connect(extra_query={"intent": "transcription"}) as connection:
        assert (await connection.recv()).type == "session.created"
        await connection.session.update(
            session={"type": "transcription", "audio": {"input": {"transcription": {"model": "fake"}}}}
        )
        assert (await connection.recv()).type == "session.updated"
        await connection.input_audio_buffer.append(audio=pcm(noise(1.5)[:24_000]))
        await connection.input_audio_buffer.commit()
        events = await until(connection, "completed")
        deltas = [event.delta for event in events if event.type.endswith("transcription.delta")]
        assert events[-1].transcript == TEN
        assert "".join(deltas) == TEN
        assert events[-1].usage.type == "duration"


@shared
async def test_realtime_goes_on_after_bad_requests(at):
    async with at.client.realtime.connect(model="fake") as connection:
        await until(connection, "created")
        await connection.send({"type": "no.such.thing"})
        assert (await until(connection, "error"))[-1].error.code == "invalid_value"
        await connection.input_audio_buffer.append(audio=pcm(noise(0.15)[:2400]))
        await connection.input_audio_buffer.commit()
        assert (await until(connection, "completed"))[-1].transcript == "one"


@shared
async def test_realtime_with_a_wrong_key_is_told_why(at):
    client = at.client.with_options(api_key="wrong")
    async with client.realtime.connect(model="fake") as connection:
        event = await connection.recv()
    assert (event.type, event.error.code) == ("error", "invalid_api_key")


@shared
async def test_realtime_where_nobody_speaks(at):
    async with at.client.realtime.connect(model="fake") as connection:
        turns = {"type": "server_vad", "idle_timeout_ms": 100}
        await connection.session.update(
            session={"type": "transcription", "audio": {"input": {"turn_detection": turns}}}
        )
        await connection.input_audio_buffer.append(audio=pcm(quiet(1.0)))
        events = await until(connection, "completed")
        timeout, committed = (event for event in events if event.type.startswith("input_audio_buffer."))
        assert (timeout.type, committed.type) == (
            "input_audio_buffer.timeout_triggered",
            "input_audio_buffer.committed",
        )
        assert timeout.item_id == committed.item_id == events[-1].item_id
        assert timeout.audio_start_ms == 0 < timeout.audio_end_ms <= 667  # 16000 samples at 24 kHz
        assert events[-1].transcript == ""


@in_loop
async def test_realtime_session_that_is_too_old_is_told_so_and_closed():
    async with running(max_session_seconds=0.1) as at, at.client.realtime.connect(model="fake") as connection:
        assert (await until(connection, "error"))[-1].error.code == "session_expired"
        with pytest.raises(ConnectionClosed) as closed:
            await connection.recv()
        assert closed.value.rcvd.code == 1001


@in_loop
async def test_realtime_shutdown_sends_what_was_said_before_it_closes():
    async with running() as at, at.client.realtime.connect(model="fake") as connection:
        await until(connection, "created")
        await connection.input_audio_buffer.append(audio=pcm(noise(1.5)[:24_000]))
        await connection.session.update(session={"type": "transcription"})
        await until(connection, "updated")  # so the audio has arrived
        at.server.stop()
        assert (await until(connection, "completed"))[-1].transcript == TEN


@shared
async def test_transcription(at):
    answer = await at.client.audio.transcriptions.create(model="fake", file=wav(noise(1.0)), language="en")
    assert answer.text == TEN
    assert answer.usage.seconds == 1


@shared
async def test_transcription_with_every_parameter_the_sdk_has(at):
    answer = await at.client.audio.transcriptions.create(
        model="fake",
        file=("speech.wav", wav(noise(0.5)), "audio/wav"),
        response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
        chunking_strategy={"type": "server_vad", "threshold": 0.9},
        include=["logprobs"],
        prompt="numbers",
        temperature=0,
        extra_body={"keywords": ["one"]},
    )
    assert (answer.text, answer.duration) == ("", 0.5)  # noise is no voice, and only voice was asked for
    assert (answer.words, answer.segments) == ([], [])


@shared
async def test_verbose_transcription_has_words_and_segments(at):
    answer = await at.client.audio.transcriptions.create(
        model="whisper-1",
        file=wav(noise(0.5)),
        response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
    )
    assert [(word.word, word.start, word.end) for word in answer.words] == [
        ("one", 0.0, 0.1),
        ("two", 0.1, 0.2),
        ("three", 0.2, 0.3),
        ("four", 0.3, 0.4),
        ("five", 0.4, 0.5),
    ]
    (segment,) = answer.segments
    assert (segment.text, segment.start) == ("one two three four five", 0.0)
    assert segment.avg_logprob == 0.0  # certain of every word


@shared
async def test_a_file_and_a_microphone_agree(at):
    file = SPEECH.read_bytes()
    vad = {"type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 300}
    uploaded = await at.client.audio.transcriptions.create(
        model="fake", file=file, response_format="verbose_json", chunking_strategy=vad
    )
    spoken = []
    async with at.client.realtime.connect(model="fake") as connection:
        listen = {"format": {"type": "audio/pcm", "rate": RATE}, "turn_detection": vad}
        await connection.session.update(session={"type": "transcription", "audio": {"input": listen}})
        for block in decode(io.BytesIO(file), max_seconds=60):
            await connection.input_audio_buffer.append(audio=pcm(block))
        await connection.send({"type": "session.close"})
        async for event in connection:
            assert event.type != "error", event
            if event.type.endswith("completed"):
                spoken.append(event.transcript)
    assert [segment.text for segment in uploaded.segments] == spoken
    assert len(spoken) > 1


@pytest.mark.parametrize("format", ["text", "srt", "vtt"])
@shared
async def test_plain_formats_are_strings(at, format):
    answer = await at.client.audio.transcriptions.create(
        model="fake", file=wav(noise(0.5)), response_format=format
    )
    assert isinstance(answer, str) and "one two three four five" in answer


@shared
async def test_streamed_transcription(at):
    stream = await at.client.audio.transcriptions.create(model="fake", file=wav(noise(1.0)), stream=True)
    events = [event async for event in stream]
    deltas = [event.delta for event in events[:-1]]
    assert "".join(deltas) == events[-1].text == TEN
    assert events[-1].type == "transcript.text.done"
    assert len(deltas) > 1  # stable words are sent before the end
    for event in events:  # the SDK itself takes anything; those of typed languages do not
        type(event).model_validate(event.to_dict())


@shared
async def test_a_long_file_in_one_utterance_gets_through(at):
    answer = await at.client.audio.transcriptions.create(model="fake", file=wav(noise(45.0)))
    assert answer.text == " ".join([TEN] * 45)
    assert answer.usage.seconds == 45


@pytest.mark.parametrize(
    ("change", "error", "code", "param"),
    [
        ({"model": "nope"}, openai.NotFoundError, "model_not_found", "model"),
        ({"file": b"no audio"}, openai.BadRequestError, "invalid_audio", None),
        ({"file": wav(quiet(0.0))}, openai.BadRequestError, "audio_empty", None),
        ({"response_format": "diarized_json"}, openai.BadRequestError, "unsupported", "response_format"),
        ({"extra_body": {"grammar": "#JSGF"}}, openai.BadRequestError, "unsupported", "grammar"),
    ],
)
@shared
async def test_errors_are_the_sdks_own(at, change, error, code, param):
    with pytest.raises(error) as raised:
        await at.client.audio.transcriptions.create(**({"model": "fake", "file": wav(noise(0.2))} | change))
    assert (raised.value.code, raised.value.param) == (code, param)


@shared
async def test_an_engine_that_fails_is_a_server_error(at):
    with pytest.raises(openai.InternalServerError):
        await at.client.audio.transcriptions.create(model="failing", file=wav(noise(1.0)))
    answer = await at.client.audio.transcriptions.create(model="failing", file=wav(noise(1.0)))
    assert answer.text == TEN


@in_loop
async def test_wrong_key_and_too_large():
    async with running(max_upload_bytes=1000) as at:
        with pytest.raises(openai.AuthenticationError):
            await at.client.with_options(api_key="wrong").models.list()
        with pytest.raises(openai.APIStatusError) as raised:
            await at.client.audio.transcriptions.create(model="fake", file=wav(noise(1.0)))
        assert raised.value.status_code == 413


@pytest.mark.parametrize("deployment", [None, "fake"])
@shared
async def test_azures_class(at, deployment):
    """It puts the deployment, or else the model, into the address, and the key into a header of its own."""
    endpoint = str(at.client.base_url).removesuffix("/v1/")
    async with AsyncAzureOpenAI(
        api_key=KEY,
        azure_endpoint=endpoint,
        azure_deployment=deployment,
        api_version="2025-04-01-preview",
        max_retries=0,
    ) as azure:
        answer = await azure.audio.transcriptions.create(model="fake", file=wav(noise(0.5)))
        assert answer.text == "one two three four five"
        with pytest.raises(openai.AuthenticationError):
            await azure.with_options(api_key="wrong").audio.transcriptions.create(
                model="fake", file=wav(noise(0.5))
            )


@shared
async def test_raw_responses(at):
    create = at.client.audio.transcriptions.with_raw_response.create
    raw = await create(model="fake", file=wav(noise(0.2)))
    assert raw.status_code == 200 and raw.headers["content-type"] == "application/json"
    assert raw.request_id and raw.parse().text == "one two"
    with pytest.raises(openai.BadRequestError) as refused:
        await create(model="fake", file=wav(noise(0.2)), response_format="xml")
    assert refused.value.param == "response_format" and refused.value.type == "invalid_request_error"
    assert refused.value.response.headers["x-request-id"] == refused.value.request_id


@shared
async def test_a_model_in_the_url_that_is_not_here_is_no_session(at):
    told = []
    with pytest.raises(ConnectionClosed) as refused:
        async with at.client.realtime.connect(model="nope") as connection:
            async for event in connection:
                told.append(event.type)
    assert told == ["error"] and refused.value.rcvd.code == 4000


@in_loop
async def test_who_is_turned_away_gives_up_connecting_again():
    attempts = []
    async with running(max_sessions=1) as at, at.client.realtime.connect(model="fake") as first:
        await until(first, "created")
        with pytest.raises(ConnectionClosed) as turned_away:
            async with at.client.realtime.connect(
                model="fake",
                on_reconnecting=lambda event: attempts.append(event.attempt),
                max_retries=3,
                initial_delay=0.01,
                max_delay=0.01,
            ) as second:
                async for event in second:
                    assert event.type == "error" and event.error.code == "overloaded" and len(attempts) < 4
    assert attempts == [1, 2, 3] and turned_away.value.rcvd.code == 1013


@in_loop
async def test_a_stream_that_breaks_off_raises_what_the_server_says():
    async with running() as at:  # the engine fails once in the life of a worker
        stream = await at.client.audio.transcriptions.create(
            model="failing", file=wav(noise(1.0)), stream=True
        )
        heard = []
        with pytest.raises(openai.APIError) as broken:
            async for event in stream:
                heard.append(event.type)
    assert set(heard) <= {"transcript.text.delta"}
    assert broken.value.code == "engine_failed" and "fails on 'three'" in broken.value.message


@shared
async def test_models(at):
    models = await at.client.models.list()
    assert {"fake", "whisper-1", "gpt-4o-transcribe"} <= {model.id for model in models.data}
    for name in ("fake", "whisper-1", "gpt-4o-transcribe"):
        assert (await at.client.models.retrieve(name)).id == name
    with pytest.raises(openai.NotFoundError):
        await at.client.models.retrieve("org/nope")
