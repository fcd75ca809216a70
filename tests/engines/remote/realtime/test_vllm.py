"""vLLM's wire, as it was captured from 0.32.0."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

import pytest

from saywire.config import RemoteConfig
from saywire.engines.remote.answer import Refusal, Unreadable
from saywire.engines.remote.realtime.vllm import VllmWire, make_vllm
from saywire.types import Options

CREATED = '{"type":"session.created","id":"sess-1","created":1795233922}'


def sent(wire: VllmWire) -> list[Any]:
    return [json.loads(frame) for frame in wire.frames_to_send()]


@pytest.fixture
def wire() -> VllmWire:
    wire = make_vllm(
        RemoteConfig("gpu", "http://localhost/v1", "voxtral"), Options(language="en", prompt="x")
    )
    assert not wire.greeted
    wire.receive(CREATED)
    assert wire.greeted and wire.open and wire.over
    assert sent(wire) == [{"type": "session.update", "model": "voxtral"}]
    return wire


def add(wire: VllmWire, delta: str) -> tuple[str, int]:
    wire.receive(json.dumps({"type": "transcription.delta", "delta": delta}))
    return wire.said.text, wire.said.stable


def test_turns(wire: VllmWire) -> None:
    for _ in range(2):
        wire.begin()
        assert sent(wire) == [{"type": "input_audio_buffer.commit"}] and not wire.over
        append = json.loads(wire.append(b"\x01\x02"))
        assert append.pop("type") == "input_audio_buffer.append" and b64decode(append["audio"]) == b"\x01\x02"
        assert add(wire, "w") == ("w", 1)
        wire.commit()
        assert sent(wire) == [{"type": "input_audio_buffer.commit", "final": True}]
        assert add(wire, "ell") == ("well", 3) and not wire.over  # the l may begin a tag
        wire.receive('{"type":"transcription.done","text":"well","usage":{"prompt_tokens":85}}')
        assert (wire.over, wire.said.text, wire.said.stable) == (True, "well", 4)


def test_the_language_that_qwen_names_is_no_text(wire: VllmWire) -> None:
    wire.begin()
    for delta in ("lang", "uage", " Eng", "lish", "<asr", "_text"):
        assert add(wire, delta)[1] == 0
    assert add(wire, ">Hello.") == (" Hello.", 7)
    assert wire.said.language == "en"
    assert add(wire, "language None<asr_")[1] == 7
    assert add(wire, "text>") == (" Hello. ", 8)
    assert add(wire, " My language") == (" Hello.  My language", 11)
    assert add(wire, " is short.") == (" Hello.  My language is short.", 30)


@pytest.mark.parametrize(
    "tail", ["l", "la", "langu", "language", "language ", "language Chi", "language No<asr"]
)
def test_what_may_become_a_tag_is_not_stable(wire: VllmWire, tail: str) -> None:
    wire.begin()
    assert add(wire, f"tea {tail}") == (f"tea {tail}", 3)


def test_done_without_text_is_what_was_said(wire: VllmWire) -> None:
    wire.begin()
    add(wire, "tea")
    wire.receive('{"type":"transcription.done"}')
    assert wire.over and wire.said.text == "tea"


def test_errors(wire: VllmWire) -> None:
    with pytest.raises(Refusal, match="no such") as caught:
        wire.receive('{"type":"error","error":"no such model","code":"model_not_found"}')
    assert caught.value.code == "model_not_found"
    with pytest.raises(Unreadable):
        wire.receive("{")
    wire.receive('{"type":"something.new"}')
