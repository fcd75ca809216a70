"""openai-python, unmodified, on the real engines: real sockets, real workers, real voice activity."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from openai import AsyncOpenAI, BadRequestError
from openai.resources.realtime.realtime import AsyncRealtimeConnection

from audio.media import encode
from e2e.house import at_home, open_sdk, serve
from engines.recordings import read
from laws.speech import silence, trimmed
from saywire.audio.pcm import to_alaw, to_mulaw, to_pcm16
from saywire.audio.resample import Resampler
from saywire.config import Config, EngineConfig, ServerConfig
from saywire.runtime.pool import Pool
from saywire.server.run import LOOP
from saywire.types import RATE, Samples
from server.audio import wav

SPOKEN = "please play five", "computer stop", "three one eight"
RECORDINGS = tuple(text.replace(" ", "-") for text in SPOKEN)
TALK = np.concatenate([part for name in RECORDINGS for part in (read(name), silence(1.0))])
CALL = np.concatenate(
    [
        np.stack([np.concatenate([read(name), silence(1.0)]) * (channel == number % 2) for channel in (0, 1)])
        for number, name in enumerate(RECORDINGS)
    ],
    axis=1,
)
"""The same between two, each on a channel of their own."""
FORMATS: dict[str, tuple[int, Callable[[Samples], bytes]]] = {
    "audio/pcm": (24_000, to_pcm16),
    "audio/pcmu": (8_000, to_mulaw),
    "audio/pcma": (8_000, to_alaw),
}


@dataclass
class House:
    runner: asyncio.Runner
    client: AsyncOpenAI


TINY = Config(server=ServerConfig(port=0), engine=EngineConfig(model="tiny", language="en", workers=1))


@asynccontextmanager
async def open_house(config: Config = TINY) -> AsyncIterator[AsyncOpenAI]:
    async with Pool(config) as pool, serve(config, pool) as doors, open_sdk(doors[""]) as client:
        yield client


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """One server for the module; it stands still between tests."""
    with asyncio.Runner(loop_factory=LOOP) as runner:
        context = open_house()
        yield House(runner, runner.run(context.__aenter__()))
        runner.run(context.__aexit__(None, None, None))


async def configure(connection: AsyncRealtimeConnection, **audio: object) -> None:
    assert (await connection.recv()).type == "session.created"
    session: Any = {"type": "transcription", "audio": {"input": audio}}
    await connection.session.update(session=session)
    assert (await connection.recv()).type == "session.updated"


async def play(connection: AsyncRealtimeConnection, samples: Samples, kind: str = "audio/pcm") -> None:
    """In pieces of 100 ms, as fast as it goes."""
    rate, encode = FORMATS[kind]
    door = Resampler(RATE, rate)
    data = encode(np.concatenate([door.feed(samples), door.flush()]))
    size = len(data) * 1600 // len(samples) // 2 * 2
    for start in range(0, len(data), size):
        await connection.input_audio_buffer.append(
            audio=base64.b64encode(data[start : start + size]).decode()
        )


async def collect(connection: AsyncRealtimeConnection, completed: int) -> list[Any]:
    events: list[Any] = []
    async for event in connection:
        assert event.type != "error", event
        events.append(event)
        if sum(e.type.endswith("transcription.completed") for e in events) == completed:
            return events
    raise AssertionError([event.type for event in events])


def transcripts(events: list[Any]) -> list[str]:
    return [event.transcript for event in events if event.type.endswith("completed")]


def deltas_by_item(events: list[Any]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for event in events:
        if event.type.endswith("transcription.delta"):
            joined[event.item_id] = joined.get(event.item_id, "") + event.delta
    return joined


@at_home
async def test_turns_by_voice(house: House) -> None:
    async with house.client.realtime.connect(extra_query={"intent": "transcription"}) as connection:
        turns = {"type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 400}
        await configure(connection, transcription={"model": "tiny", "language": "en"}, turn_detection=turns)
        await play(connection, TALK)
        events = await collect(connection, 3)
    assert tuple(transcripts(events)) == SPOKEN
    items = [event.item_id for event in events if event.type == "input_audio_buffer.committed"]
    assert [event.previous_item_id for event in events if event.type == "input_audio_buffer.committed"] == [
        None,
        *items[:-1],
    ]
    assert deltas_by_item(events) == dict(zip(items, SPOKEN, strict=True))
    for item in items:
        kinds = [event.type.rsplit(".", 1)[-1] for event in events if getattr(event, "item_id", "") == item]
        order = ["speech_started", "speech_stopped", "committed", "completed"]
        assert [kind for kind in kinds if kind in order] == order
    spans = [e.audio_start_ms for e in events if e.type.endswith("speech_started")]
    assert spans == sorted(spans) and spans[0] < 300 < spans[1]


@at_home
@pytest.mark.parametrize("kind", FORMATS)
async def test_turns_by_hand_in_every_format(house: House, kind: str) -> None:
    """The audio stops exactly where its last word ends."""
    async with house.client.realtime.connect(model="tiny") as connection:
        rate = {"rate": 24_000} if kind == "audio/pcm" else {}
        await configure(
            connection,
            format={"type": kind, **rate},
            transcription={"model": "tiny", "language": "en"},
            turn_detection=None,
        )
        # what the small model understands in the telephone's band, too
        heard = SPOKEN if kind == "audio/pcm" else SPOKEN[2:]
        for text in heard:
            await play(connection, trimmed(read(text.replace(" ", "-"))), kind)
            await connection.input_audio_buffer.commit()
            events = await collect(connection, 1)
            assert transcripts(events) == [text]
            assert list(deltas_by_item(events).values()) == [text]


@at_home
async def test_an_empty_commit_is_told_exactly_and_the_session_lives(house: House) -> None:
    async with house.client.realtime.connect(model="tiny") as connection:
        await configure(connection, transcription={"model": "tiny", "language": "en"}, turn_detection=None)
        await connection.send({"type": "input_audio_buffer.commit", "event_id": "mine"})
        event: Any = await connection.recv()
        assert event.type == "error"
        assert (event.error.type, event.error.code, event.error.event_id) == (
            "invalid_request_error",
            "input_audio_buffer_commit_empty",
            "mine",
        )
        assert event.error.message == (
            "Error committing input audio buffer: buffer too small. "
            "Expected at least 100ms of audio, but buffer only has 0.00ms of audio."
        )
        await play(connection, read(RECORDINGS[1]))
        await connection.input_audio_buffer.commit()
        assert transcripts(await collect(connection, 1)) == [SPOKEN[1]]


@at_home
async def test_two_sessions_of_two_models_and_languages_at_once(house: House) -> None:
    async def speak(model: str, language: str, name: str, **hints: object) -> list[str]:
        async with house.client.realtime.connect(model=model) as connection:
            transcription = {"model": model, "language": language, **hints}
            await configure(connection, transcription=transcription, turn_detection=None)
            await play(connection, read(name))
            await connection.input_audio_buffer.commit()
            return transcripts(await collect(connection, 1))

    digits = ["three", "five", "six", "seven", "eight"]
    assert await asyncio.gather(
        speak("tiny", "zh", "da-kai-deng"),
        speak("tiny", "en", "computer-stop"),
        speak("sphinx", "en", "sphinx_digits", vocabulary=digits),
    ) == [["打开灯"], ["computer stop"], ["seven three eight five six"]]


HINTS: tuple[tuple[tuple[str, ...], str, bool], ...] = (
    ((), "five down", False),
    (("four",), "four down", True),
    (("volume", "Four Down"), "four down", True),
    (("volume",), "five down", True),
    (("qwertz", "/:9.0 #1 @x", "four" * 999), "five down", False),
)
"""Hot words, what is heard with them, and whether the model can use any: a beam is searched then, which knows
how sure it is."""


@at_home
async def test_hot_words_decide_between_words_that_sound_alike(house: House) -> None:
    """Each in a session of its own, all at once; what the model cannot use changes and breaks nothing."""

    async def speak(keywords: tuple[str, ...]) -> tuple[str, bool]:
        async with house.client.realtime.connect(model="tiny") as connection:
            transcription = {"model": "tiny", "language": "en", "keywords": list(keywords)}
            await configure(connection, transcription=transcription, turn_detection=None)
            await connection.session.update(
                session={"type": "transcription", "include": ["item.input_audio_transcription.logprobs"]}
            )
            assert (await connection.recv()).type == "session.updated"
            await play(connection, read("four-down"))
            await connection.input_audio_buffer.commit()
            completed = (await collect(connection, 1))[-1]
            assert all(entry.logprob <= 0 for entry in completed.logprobs or ())
            return completed.transcript, bool(completed.logprobs)

    heard = await asyncio.gather(*(speak(keywords) for keywords, *_ in HINTS))
    assert heard == [(text, sure) for _, text, sure in HINTS]


@at_home
@pytest.mark.parametrize(("keywords", "text"), [([], "five down"), (["four"], "four down")])
async def test_hot_words_of_a_file(house: House, keywords: list[str], text: str) -> None:
    found: Any = await house.client.audio.transcriptions.create(
        model="tiny",
        file=("four.wav", wav(read("four-down"))),
        language="en",
        response_format="verbose_json",
        timestamp_granularities=["word"],
        extra_body={"keywords": keywords},
    )
    assert found.text == text
    assert [word.word for word in found.words] == text.split()
    assert all(hasattr(word, "confidence") == bool(keywords) for word in found.words)


@at_home
@pytest.mark.parametrize("kind", ["json", "text", "srt", "vtt", "verbose_json"])
async def test_files_in_all_five_formats(house: House, kind: str) -> None:
    found: Any = await house.client.audio.transcriptions.create(  # type: ignore[call-overload]
        model="tiny", file=("talk.wav", wav(TALK)), language="en", response_format=kind
    )
    text = found if isinstance(found, str) else found.text
    assert all(words in text for words in SPOKEN)
    if kind in ("srt", "vtt"):
        assert text.count("-->") == 3 and text.startswith("WEBVTT" if kind == "vtt" else "1\n00:00:00,")
    elif kind == "verbose_json":
        assert [segment.text.strip() for segment in found.segments] == list(SPOKEN)
        assert found.duration == pytest.approx(len(TALK) / RATE, abs=0.01) and found.language == "english"
    else:
        assert text.strip() == " ".join(SPOKEN)


@at_home
async def test_who_spoke_in_a_call(house: House) -> None:
    file = ("call.flac", encode(CALL, RATE, "flac", "flac"))
    found: Any = await house.client.audio.transcriptions.create(
        model="gpt-4o-transcribe-diarize", file=file, language="en", response_format="diarized_json"
    )
    assert [(turn.speaker, turn.text) for turn in found.segments] == list(zip("ABA", SPOKEN, strict=True))
    assert found.text == " ".join(SPOKEN)
    starts = [turn.start for turn in found.segments]
    assert starts == sorted(starts) and found.segments[0].end < starts[1]

    stream: Any = await house.client.audio.transcriptions.create(  # type: ignore[call-overload]
        model="tiny",
        file=file,
        language="en",
        response_format="diarized_json",
        stream=True,
        extra_body={"known_speaker_names": ["agent", "customer"]},
    )
    events = [event async for event in stream]
    turns = [event for event in events if event.type == "transcript.text.segment"]
    assert [turn.speaker for turn in turns] == ["agent", "customer", "agent"]
    assert [turn.text for turn in turns] == list(SPOKEN)
    assert "".join(event.delta for event in events if event.type.endswith("delta")) == events[-1].text


@at_home
async def test_probabilities_of_what_was_heard(house: House) -> None:
    file = ("talk.wav", wav(TALK))
    ask = house.client.audio.transcriptions.create
    found = await ask(model="sphinx", file=file, include=["logprobs"])
    assert found.logprobs and "".join(one.token or "" for one in found.logprobs) == found.text
    assert all(one.logprob is not None and one.logprob <= 0 for one in found.logprobs)
    stream = await ask(model="sphinx", file=file, include=["logprobs"], stream=True)
    events: list[Any] = [event async for event in stream]
    sure = [(one.token, one.logprob) for one in found.logprobs]
    assert [(one.token, one.logprob) for one in events[-1].logprobs] == sure
    tokens = [one.token.strip() for event in events[:-1] for one in event.logprobs or ()]
    assert tokens == [one.token.strip() for one in found.logprobs if one.token]


@at_home
@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")
async def test_translations_of_those_who_can(house: House) -> None:
    translate: Any = house.client.audio.translations.create
    file = ("talk.wav", wav(TALK))
    assert (await translate(model="sphinx", file=file)).text  # hears only English, and writes it
    found = await translate(model="sphinx", file=file, response_format="verbose_json")
    assert (found.language, found.task) == ("english", "translate")
    with pytest.raises(BadRequestError, match="model 'tiny' cannot translate into English") as refused:
        await translate(model="tiny", file=file, extra_body={"language": "zh"})
    assert (refused.value.code, refused.value.param) == ("unsupported", "model")
