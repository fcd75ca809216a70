"""FunASR's newer wire, as its server answers."""

from __future__ import annotations

import json

import pytest

from saywire.config import RemoteConfig
from saywire.engines.remote.answer import Refusal, Unreadable
from saywire.engines.remote.realtime.funasr_realtime import FunAsrRealtimeWire, make_realtime
from saywire.types import Hypothesis, Options

REMOTE = RemoteConfig("desk", "ws://localhost:10095", "fun-asr-nano")
STARTED, STOPPED = '{"event": "started"}', '{"event": "stopped"}'


def greet() -> FunAsrRealtimeWire:
    wire = make_realtime(REMOTE, Options())
    assert wire.frames_to_send() == ["START"] and not wire.greeted
    wire.receive(STARTED)
    assert wire.greeted
    return wire


def tell(wire: FunAsrRealtimeWire, *sentences: str, partial: str = "") -> tuple[str, int]:
    told = [{"text": text, "start": 0, "end": 900, "spk": 1} for text in sentences]
    snapshot = {
        "sentences": told,
        "partial": partial,
        "partial_start_ms": 0,
        "duration_ms": 1,
        "is_final": False,
    }
    wire.receive(json.dumps(snapshot))
    return wire.said.text, wire.said.stable


def test_a_turn_after_the_other() -> None:
    wire = greet()
    for _ in range(2):
        wire.begin()
        assert wire.frames_to_send() == ["START"] and not wire.open and wire.said == Hypothesis()
        wire.receive(STARTED)
        assert wire.open and wire.append(b"\1\2") == b"\1\2"
        assert tell(wire, partial="Hel") == ("Hel", 0)
        assert tell(wire, "Hello.", partial="There") == ("Hello. There", 6)
        wire.commit()
        assert wire.frames_to_send() == ["STOP"]
        assert tell(wire, "Hello.", "There you are.") == ("Hello. There you are.", 21)
        assert not wire.over
        wire.receive(STOPPED)
        assert wire.over and not wire.open


@pytest.mark.parametrize(
    ("options", "frames"),
    [
        (Options(language="zh", prompt="x"), ["LANGUAGE:中文", "START"]),
        (Options(language="fr"), ["START"]),
        (Options(hotwords=("阿里巴巴", "a, b")), ["HOTWORDS:阿里巴巴,a  b", "START"]),
    ],
)
def test_what_is_asked_for(options: Options, frames: list[str]) -> None:
    assert make_realtime(REMOTE, options).frames_to_send() == frames


def test_an_error() -> None:
    with pytest.raises(Refusal, match="no room"):
        greet().receive('{"event": "error", "error": "no room"}')


@pytest.mark.parametrize("frame", ["", "{}", "[]", '{"sentences":5}', '{"mode":"2pass","text":"a"}', b"\0"])
def test_what_is_no_message_is_unreadable(frame: str | bytes) -> None:
    with pytest.raises(Unreadable):
        greet().receive(frame)


def test_what_is_new_changes_nothing() -> None:
    wire = greet()
    wire.receive('{"event": "language_set", "language": "中文"}')
    assert wire.over and wire.said == Hypothesis()
