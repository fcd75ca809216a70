from __future__ import annotations

import itertools
import json

from saywire.core.voice_events import VoiceEvents
from saywire.errors import EngineFailed
from saywire.messages import Failed, Final, Partial, SpeechStarted
from saywire.types import Hypothesis, Word

WORDS = (Word("你好", 0.0, 0.4, 0.9), Word("世界", 0.4, 0.8, 0.8))


def told(mode, *events):
    traces = itertools.count()
    teller = VoiceEvents("saywire.tiny", mode, lambda: f"{next(traces):016x}", lambda: 1697634534.123)
    return [json.loads(line) for event in events if (line := teller.tell(event))]


def test_an_utterance_has_one_trace_and_is_told_when_its_text_changes():
    lines = told(
        "streaming",
        SpeechStarted(0, 0.0),
        Partial(0, Hypothesis("你好", 0)),
        Partial(0, Hypothesis("你好", 2)),
        Partial(0, Hypothesis("你好世界", 2, WORDS)),
        Final(0, "你好世界", 0.0, 0.8, WORDS),
        Final(1, "", 1.0, 1.0),
        Final(2, "再见", 1.0, 1.5),
    )
    assert [(line["type"].rpartition(".")[2], line["text"]) for line in lines] == [
        ("partial", "你好"),
        ("partial", "你好世界"),
        ("final", "你好世界"),
        ("final", "再见"),
    ]
    assert len({line["trace_id"] for line in lines[:3]}) == 1 and lines[3]["trace_id"] != lines[2]["trace_id"]
    assert [line["confidence"] for line in lines] == [None, 0.85, 0.85, None]
    assert list(lines[0]) == ["type", "ts", "trace_id", "source", "text", "confidence"]
    assert lines[0]["ts"] == 1697634534123


def test_slices_are_never_revised():
    lines = told(
        "sliced",
        Partial(0, Hypothesis("你好", 0)),
        Partial(0, Hypothesis("你好世", 2)),
        Partial(0, Hypothesis("你好市", 2)),
        Partial(0, Hypothesis("你好世界", 4)),
    )
    assert [line["text"] for line in lines] == ["你好", "你好世界"]


def test_what_fails_is_told_with_its_trace():
    error = EngineFailed("the engine stopped")
    partial, failed, other = told(
        "streaming", Partial(0, Hypothesis("one")), Failed(0, error), Failed(None, error)
    )
    assert failed["trace_id"] == partial["trace_id"] != other["trace_id"]
    assert (failed["error_code"], failed["message"]) == (
        "infer_final_failed",
        "EngineFailed: the engine stopped",
    )
    assert list(failed) == ["type", "ts", "trace_id", "source", "error_code", "message"]
