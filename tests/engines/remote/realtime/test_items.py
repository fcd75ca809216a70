"""OpenAI's wire, Qwen-ASR's and saywire's, event by event, as captures and documentation have them."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

import pytest

from saywire.config import RemoteConfig
from saywire.engines.remote.answer import Refusal, Unreadable
from saywire.engines.remote.realtime.items import ItemWire, make_dashscope, make_openai, make_saywire
from saywire.types import Options, Word

REMOTE = RemoteConfig("cloud", "http://localhost/v1", "large")
TOLD = Options(language="zh", prompt="a talk", hotwords=("Ünïcödé", "tea"))
CREATED = '{"type":"session.created","event_id":"e","session":{"id":"sess_1"}}'
UPDATED = '{"type":"session.updated","event_id":"e","session":{"id":"sess_1"}}'
ITEM = "conversation.item.input_audio_transcription"


def sent(wire: ItemWire) -> list[Any]:
    return [json.loads(frame) for frame in wire.frames_to_send()]


def greet(wire: ItemWire) -> Any:
    """The session that it asks for."""
    assert not wire.greeted and not wire.open and sent(wire) == []
    wire.receive(CREATED)
    (update,) = sent(wire)
    assert update.pop("type") == "session.update" and not wire.greeted
    wire.receive(UPDATED)
    assert wire.greeted and wire.open and wire.over
    return update.pop("session")


def tell(wire: ItemWire, kind: str, **fields: object) -> None:
    wire.receive(json.dumps({"type": kind, "event_id": "e", "item_id": "item_1", **fields}))


def said(wire: ItemWire) -> tuple[str, int]:
    return wire.said.text, wire.said.stable


def test_what_is_asked_of_openai() -> None:
    session = greet(make_openai(REMOTE, Options()))
    assert session == {
        "type": "transcription",
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": 24000},
                "transcription": {"model": "large"},
                "turn_detection": None,
            }
        },
    }
    told = greet(make_openai(REMOTE, TOLD))["audio"]["input"]["transcription"]
    assert told == {"model": "large", "language": "zh", "prompt": "a talk Ünïcödé, tea"}


def test_what_is_asked_of_saywire() -> None:
    session = greet(make_saywire(REMOTE, TOLD))
    heard = session["audio"]["input"]
    assert heard["format"] == {"type": "audio/pcm", "rate": 16000}
    assert heard["transcription"] == {
        "model": "large",
        "language": "zh",
        "prompt": "a talk",
        "keywords": ["Ünïcödé", "tea"],
    }
    assert session["include"] == ["item.input_audio_transcription.unstable"]


def test_what_is_asked_of_qwen_asr() -> None:
    session = greet(make_dashscope(REMOTE, Options()))
    assert session == {
        "modalities": ["text"],
        "input_audio_format": "pcm",
        "sample_rate": 16000,
        "input_audio_transcription": {},
        "turn_detection": None,
    }
    assert greet(make_dashscope(REMOTE, TOLD))["input_audio_transcription"] == {
        "language": "zh",
        "corpus": {"text": "a talk Ünïcödé, tea"},
    }


def test_a_turn_at_openai() -> None:
    wire = make_openai(REMOTE, Options())
    greet(wire)
    wire.begin()
    assert not wire.over
    append = json.loads(wire.append(b"\x01\x02\x03\x04"))
    assert append["type"] == "input_audio_buffer.append" and b64decode(append["audio"]) == b"\x01\x02\x03\x04"
    tell(wire, f"{ITEM}.delta", content_index=0, delta="Hel", obfuscation="x9")
    wire.commit()
    assert sent(wire) == [{"type": "input_audio_buffer.commit"}]
    tell(wire, "input_audio_buffer.committed", previous_item_id=None)
    tell(wire, "conversation.item.added", item={"id": "item_1", "content": [{"transcript": None}]})
    tell(wire, "conversation.item.done", item={"id": "item_1"})
    tell(wire, f"{ITEM}.delta", delta="lo.")
    assert said(wire) == ("Hello.", 6) and not wire.over
    tell(wire, f"{ITEM}.completed", transcript="Hello.", usage={"type": "tokens"}, languages=[{"code": "en"}])
    assert wire.over and said(wire) == ("Hello.", 6) and wire.said.language == "en"
    wire.begin()
    assert not wire.over and said(wire) == ("", 0)
    tell(wire, f"{ITEM}.completed", transcript="", usage={"type": "duration", "seconds": 1})
    assert wire.over and said(wire) == ("", 0)


def test_a_turn_at_qwen_asr() -> None:
    wire = make_dashscope(REMOTE, Options())
    greet(wire)
    wire.begin()
    tell(wire, f"{ITEM}.text", language="zh", emotion="neutral", text="", stash="今天")
    assert said(wire) == ("今天", 0)
    tell(wire, f"{ITEM}.text", language="zh", emotion="neutral", text="今天", stash="天汽")
    assert said(wire) == ("今天天汽", 2)
    tell(wire, f"{ITEM}.completed", language="zh", emotion="happy", transcript="今天天气。")
    assert wire.over and said(wire) == ("今天天气。", 5) and wire.said.language == "zh"


def test_words_of_a_saywire_count_from_the_turns_beginning() -> None:
    wire = make_saywire(REMOTE, Options())
    greet(wire)
    for begin in (0.0, 1.5):
        wire.begin()
        wire.append(bytes(2 * 24_000))
        one = {"word": "one", "start": begin + 0.1, "end": begin + 0.25, "confidence": 0.5}
        two = {"word": "two", "start": begin + 0.3, "end": begin + 0.4}
        tell(wire, f"{ITEM}.delta", delta="one", words=[one], unstable=" tow")
        assert said(wire) == ("one tow", 3) and wire.said.words == (Word("one", 0.1, 0.25, 0.5),)
        tell(wire, f"{ITEM}.delta", delta="", unstable=" two")
        assert said(wire) == ("one two", 3)
        tell(wire, f"{ITEM}.completed", transcript="one two", words=[one, two], start=begin, end=begin + 1)
        assert wire.said.words == (Word("one", 0.1, 0.25, 0.5), Word("two", 0.3, 0.4))


@pytest.mark.parametrize(
    ("event", "message", "code"),
    [
        (
            '{"type":"error","error":{"type":"invalid_request_error","code":"invalid_value","message":"no"}}',
            "no",
            "invalid_value",
        ),
        ('{"type":"error","error":{"type":"server_error","code":null,"message":"no"}}', "no", "server_error"),
        ('{"type":"error","error":{}}', "it gives no reason", ""),
        (
            f'{{"type":"{ITEM}.failed","error":{{"code":"audio_unintelligible","message":"no"}}}}',
            "no",
            "audio_",
        ),
    ],
)
def test_errors_are_refusals(event: str, message: str, code: str) -> None:
    with pytest.raises(Refusal, match=message) as caught:
        make_openai(REMOTE, Options()).receive(event)
    assert caught.value.code.startswith(code) and bool(code) == bool(caught.value.code)


@pytest.mark.parametrize(
    "frame", ["", "<html>", "[]", '{"type":1}', '{"delta":"x"}', b"\xff\xfe", "[" * 100_000]
)
def test_what_is_no_event_is_unreadable(frame: str | bytes) -> None:
    with pytest.raises(Unreadable):
        make_openai(REMOTE, Options()).receive(frame)


def test_fields_that_nobody_asked_for_may_have_any_shape() -> None:
    wire = make_dashscope(REMOTE, Options())
    wire.receive('{"type":"session.created","text":5,"error":[],"words":7}')
    wire.begin()
    tell(wire, f"{ITEM}.text", text="a", stash="b", words=[{"text": "a", "begin_time": 1}], delta=5)
    assert said(wire) == ("ab", 1)
    tell(wire, f"{ITEM}.completed", transcript="ab", words="x", text=[])
    assert wire.over and said(wire) == ("ab", 2)
    asked = make_saywire(REMOTE, Options())
    asked.begin()
    with pytest.raises(Unreadable):
        tell(asked, f"{ITEM}.completed", transcript="ab", words="x")


@pytest.mark.parametrize("kind", ["rate_limits.updated", "input_audio_buffer.speech_started", "new.thing"])
def test_events_that_mean_nothing_here_change_nothing(kind: str) -> None:
    wire = make_openai(REMOTE, Options())
    greet(wire)
    wire.begin()
    tell(wire, kind, audio_start_ms=5)
    assert (wire.over, said(wire), sent(wire)) == (False, ("", 0), [])
