"""FunASR's runtime, as its two servers and this one answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from saywire.config import RemoteConfig
from saywire.engines.remote.answer import Refusal, Unreadable
from saywire.engines.remote.realtime.funasr import FunAsrWire, make_funasr
from saywire.types import Options

REMOTE = RemoteConfig("desk", "ws://localhost:10095", "2pass")


def begin(options: Options = Options()) -> tuple[FunAsrWire, dict[str, Any]]:  # noqa: B008
    wire = make_funasr(REMOTE, options)
    assert wire.greeted and not wire.open
    wire.begin()
    assert wire.open
    return wire, said(wire)


def said(wire: FunAsrWire) -> dict[str, Any]:
    (frame,) = wire.frames_to_send()
    message: dict[str, Any] = json.loads(frame)
    return message


def hear(wire: FunAsrWire, mode: str, text: str, **others: object) -> tuple[str, int, bool]:
    name = {"wav_name": "turn1"} | others
    wire.receive(json.dumps({"mode": mode, "text": text, "is_final": False} | name))
    return wire.said.text, wire.said.stable, wire.over


def test_what_is_asked() -> None:
    wire, settings = begin(Options(language="zh", hotwords=("阿里巴巴", "达摩院")))
    assert (settings["mode"], settings["is_speaking"], settings["audio_fs"]) == ("2pass", True, 16_000)
    assert settings["svs_lang"] == "zh"
    assert json.loads(settings["hotwords"]) == {"阿里巴巴": 20, "达摩院": 20}
    assert wire.append(b"\1\2") == b"\1\2"
    _, plain = begin()
    assert plain["hotwords"] == "" and "svs_lang" not in plain


def test_online_text_is_appended_and_replaced_by_offline_text_which_stays() -> None:
    wire, _ = begin()
    assert hear(wire, "2pass-online", "正是") == ("正是", 0, False)
    assert hear(wire, "2pass-online", "因为") == ("正是因为", 0, False)
    assert hear(wire, "2pass-offline", "正是因为，", is_final=True) == ("正是因为，", 5, False)
    assert hear(wire, "2pass-online", "one") == ("正是因为，one", 5, False)
    assert hear(wire, "2pass-online", " two") == ("正是因为，one two", 5, False)


@pytest.mark.parametrize(
    "last",
    [
        {"text": "Two.", "mode": "2pass-offline", "is_final": True, "timestamp": "[[0,200]]"},
        {"is_final": True, "timestamp": 1795286751502},
        {"mode": "2pass", "text": "", "is_final": True, "is_end": True},
    ],
    ids=["C++", "C++ without speech", "Python"],
)
def test_each_server_s_end_is_known(last: dict[str, object]) -> None:
    wire, _ = begin()
    hear(wire, "2pass-offline", "One.", is_final=True, timestamp="[[0,200]]")
    assert not wire.over, "before the commit nothing ends a turn"
    wire.commit()
    assert said(wire) == {"wav_name": "turn1", "is_speaking": False, "is_end": True}
    wire.receive(json.dumps(last))
    assert wire.over and wire.said.text == ("One. Two." if last.get("text") else "One.")


def test_every_sentence_is_final_to_the_python_server_and_ends_no_turn() -> None:
    wire, _ = begin()
    wire.commit()
    assert hear(wire, "2pass-offline", "一。", is_final=True, timestamp=[[0, 200]]) == ("一。", 2, False)
    assert hear(wire, "2pass-offline", "二。", is_final=True) == ("一。二。", 4, False)


def test_what_is_late_is_nobody_else_s() -> None:
    wire, _ = begin()
    wire.commit()
    hear(wire, "2pass-offline", "One.", is_final=True, timestamp="[]")
    assert hear(wire, "2pass", "late", is_end=True) == ("One.", 4, True)
    wire.begin()
    wire.commit()
    assert hear(wire, "2pass", "", is_final=True, is_end=True) == ("", 0, False)
    assert hear(wire, "2pass", "", is_final=True, is_end=True, wav_name="turn2") == ("", 0, True)


def test_an_error_ends_a_turn() -> None:
    wire, _ = begin()
    with pytest.raises(Refusal, match="unsupported mode"):
        hear(wire, "2pass", "", error="unsupported mode: 'bogus'")


@pytest.mark.parametrize("frame", ["", "[]", '{"text":5}', b"\x00\x01"])
def test_what_is_no_event_is_unreadable(frame: str | bytes) -> None:
    wire, _ = begin()
    with pytest.raises(Unreadable):
        wire.receive(frame)
