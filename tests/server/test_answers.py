from __future__ import annotations

import io
import json
import math

import pytest

from saywire import messages as m
from saywire.core.transcript import Transcript
from saywire.errors import EngineFailed, Unsupported
from saywire.server.answers import Plain, render, told
from saywire.server.forms import Ask, Extra, Format, Granularity
from saywire.types import Hypothesis, Options, Segment, Word
from server.doubles import in_loop

WORDS = (Word("hello", 0.1, 0.5, 0.9), Word("world", 0.6, 1.0, 0.8))
SAID = Transcript((Segment("hello world", 0.1, 1.0, WORDS, "en"), Segment("again", 2.0, 2.5)), 3.2)


def ask(format: Format, *wanted: Granularity | Extra, **options: object) -> Ask:
    granularities = frozenset(each for each in wanted if isinstance(each, Granularity))
    include = frozenset(each for each in wanted if isinstance(each, Extra))
    return Ask(io.BytesIO(), Options(**options), format, granularities, False, include, ())


def body(asked: Ask, transcript: Transcript = SAID) -> dict:
    answer = render(asked, transcript)
    assert answer.media_type == "application/json"
    return json.loads(answer.body)


def test_json():
    assert body(ask(Format.JSON)) == {
        "text": "hello world again",
        "languages": [{"code": "en"}],
        "usage": {"type": "duration", "seconds": 4},
    }


def test_json_without_a_known_language():
    assert "languages" not in body(ask(Format.JSON), Transcript(SAID.segments[1:], 3.0))


def test_verbose_json():
    answer = body(ask(Format.VERBOSE_JSON, Granularity.SEGMENT))
    assert {k: answer[k] for k in ("task", "language", "duration", "text", "usage")} == {
        "task": "transcribe",
        "language": "english",
        "duration": 3.2,
        "text": "hello world again",
        "usage": {"type": "duration", "seconds": 4},
    }
    assert "words" not in answer
    first, second = answer["segments"]
    assert first["avg_logprob"] == round((math.log(0.9) + math.log(0.8)) / 2, 4)
    assert first["compression_ratio"] == pytest.approx(11 / 19, abs=1e-4)
    assert second == {
        "id": 1,
        "seek": 200,
        "start": 2.0,
        "end": 2.5,
        "text": "again",
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": 0.0,
        "compression_ratio": pytest.approx(5 / 13, abs=1e-4),
        "no_speech_prob": 0.0,
    }


def test_words_when_asked_for_and_only_they():
    said = Transcript(SAID.segments[:1], 3.2)
    answer = body(ask(Format.VERBOSE_JSON, Granularity.WORD), said)
    assert answer["words"] == [
        {"word": "hello", "start": 0.1, "end": 0.5, "confidence": 0.9},
        {"word": "world", "start": 0.6, "end": 1.0, "confidence": 0.8},
    ]
    assert "segments" not in answer
    both = body(ask(Format.VERBOSE_JSON, Granularity.WORD, Granularity.SEGMENT), said)
    assert len(both["words"]) == 2 and len(both["segments"]) == 1


def test_words_of_silence_are_none():
    assert body(ask(Format.VERBOSE_JSON, Granularity.WORD), Transcript((), 2.0))["words"] == []


def test_words_that_nobody_knows_are_not_left_out_silently():
    with pytest.raises(Unsupported, match="no word times"):
        render(ask(Format.VERBOSE_JSON, Granularity.WORD), SAID)


@pytest.mark.parametrize(("code", "name"), [("zh", "chinese"), (None, "unknown"), ("tlh", "tlh")])
def test_language_asked_for_where_the_engine_says_none(code, name):
    said = Transcript(SAID.segments[1:], 3.0)
    assert body(ask(Format.VERBOSE_JSON, Granularity.SEGMENT, language=code), said)["language"] == name


def test_plain_formats():
    text = render(ask(Format.TEXT), SAID)
    assert (text.media_type, text.body) == ("text/plain", b"hello world again\n")
    assert render(ask(Format.SRT), SAID).body.startswith(
        b"1\n00:00:00,100 --> 00:00:01,000\nhello world\n\n2\n"
    )
    vtt = render(ask(Format.VTT), SAID)
    assert (vtt.media_type, vtt.body[:8]) == ("text/vtt", b"WEBVTT\n\n")


def test_logprobs_are_those_of_the_words_that_the_engine_is_sure_of():
    answer = body(ask(Format.JSON, Extra.LOGPROBS))
    assert answer["logprobs"] == [
        {"token": "hello", "bytes": list(b"hello"), "logprob": round(math.log(0.9), 6)},
        {"token": " world", "bytes": list(b" world"), "logprob": round(math.log(0.8), 6)},
    ]
    assert "logprobs" not in body(ask(Format.JSON))
    unsure = Transcript(SAID.segments[1:], 3.0)
    assert "logprobs" not in body(ask(Format.JSON, Extra.LOGPROBS), unsure)


def test_a_translation_is_english():
    said = Transcript((Segment("hello", 0, 1, language="de"),), 1.0)
    answer = body(ask(Format.VERBOSE_JSON, Granularity.SEGMENT, translate=True), said)
    assert (answer["task"], answer["language"]) == ("translate", "english")


async def hear(*events: m.Event, error: Exception | None = None):
    for event in events:
        yield 0, event
    if error:
        raise error


async def streamed(asked: Ask, *events: m.Event, error: Exception | None = None) -> list[dict]:
    chunks = [chunk async for chunk in told(Plain(asked).stream(hear(*events, error=error)))]
    assert all(chunk.startswith(b"data: ") and chunk.endswith(b"\n\n") for chunk in chunks)
    return [json.loads(chunk[6:]) for chunk in chunks]


@in_loop
async def test_whole():
    finals = m.Final(0, "hello world", 0, 1, language="en"), m.Final(1, "again", 1, 2, language="en")
    answer = await Plain(ask(Format.TEXT)).whole(hear(*finals, m.Finished(2.0)))
    assert answer.body == b"hello world again\n"
    with pytest.raises(EngineFailed):
        await Plain(ask(Format.TEXT)).whole(hear(finals[0], error=EngineFailed("out of luck")))


@in_loop
async def test_stream_with_logprobs():
    said = Hypothesis(" hello wor", 6, (Word("hello", 0, 0.5, 0.9), Word("wor", 0.5, 0.8, 0.3)))
    lines = await streamed(
        ask(Format.JSON, Extra.LOGPROBS),
        m.Partial(0, said),
        m.Final(0, "hello world", 0, 1, WORDS),
        m.Final(1, "again", 1, 2, (Word("again", 1, 2),)),
        m.Finished(2.0),
    )
    tokens = [[one["token"] for one in line.get("logprobs", [])] for line in lines]
    assert tokens == [["hello"], [" world"], [], ["hello", " world"]]
    assert [line["delta"] for line in lines[:-1]] == ["hello", " world", " again"]


@in_loop
async def test_stream():
    lines = await streamed(
        ask(Format.JSON),
        m.Partial(0, Hypothesis("hello w", 5)),
        m.Final(0, "hello world", 0, 1, language="en"),
        m.Final(1, "again", 1, 2, language="en"),
        m.Finished(2.0),
    )
    assert [line["delta"] for line in lines[:-1]] == ["hello", " world", " again"]
    assert {line["type"] for line in lines[:-1]} == {"transcript.text.delta"}
    assert lines[-1] == {
        "type": "transcript.text.done",
        "text": "hello world again",
        "languages": [{"code": "en"}],
        "usage": {
            "type": "tokens",
            "input_tokens": 20,
            "output_tokens": 0,
            "total_tokens": 20,
            "input_token_details": {"text_tokens": 0, "audio_tokens": 20},
            "seconds": 2,
        },
    }


@in_loop
async def test_stream_that_fails():
    lines = await streamed(ask(Format.TEXT), m.Final(0, "hello", 0, 1), error=EngineFailed("out of luck"))
    assert lines[0]["delta"] == "hello"
    assert lines[1:] == [
        {"error": {"message": "out of luck", "type": "server_error", "param": None, "code": "engine_failed"}}
    ]
