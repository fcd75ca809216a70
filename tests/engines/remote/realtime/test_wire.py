"""All wires alike: they take anything, and raise only what they may."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saywire.config import RemoteConfig
from saywire.engines.remote.answer import Refusal, Unreadable
from saywire.engines.remote.realtime.dialects import DIALECTS
from saywire.engines.remote.realtime.wire import Outbox
from saywire.types import Options

REMOTE = RemoteConfig("cloud", "http://localhost", "large")
OPENING = (
    '{"type":"session.created","session":{}}',
    '{"type":"session.updated","session":{}}',
    '{"header":{"event":"task-started"}}',
    '{"wav_name":"saywire","mode":"2pass-online","text":"a"}',
)
KINDS = (
    "session.created",
    "error",
    "transcription.delta",
    "transcription.done",
    "conversation.item.input_audio_transcription.delta",
    "conversation.item.input_audio_transcription.text",
    "conversation.item.input_audio_transcription.completed",
    "conversation.item.input_audio_transcription.failed",
    "2pass-online",
    "2pass-offline",
)
NAMES = (
    "type",
    "delta",
    "text",
    "stash",
    "transcript",
    "words",
    "error",
    "unstable",
    "languages",
    "language",
)
NAMES += ("wav_name", "mode", "timestamp", "stamp_sents", "text_seg", "ts_list", "is_final", "is_end")
NAMES += ("sentences", "partial")
NAMES += ("header", "payload", "event", "task_id", "output", "sentence", "end_time", "word", "start", "end")
VALUES = st.recursive(
    st.none() | st.text(max_size=5) | st.floats() | st.integers() | st.sampled_from(KINDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner),
    max_leaves=8,
)
EVENTS = st.tuples(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(NAMES[1:]), VALUES)).map(
    lambda event: json.dumps({"type": event[0], "wav_name": "saywire", **event[1]})
)
FRAMES = st.lists(EVENTS | VALUES.map(json.dumps) | st.text(max_size=40) | st.binary(max_size=40), max_size=8)


@pytest.mark.parametrize("name", DIALECTS)
@given(frames=FRAMES)
def test_anything_may_come(name: str, frames: list[str | bytes]) -> None:
    wire = DIALECTS[name].make(REMOTE, Options())
    for frame in OPENING:
        with suppress(Unreadable):
            wire.receive(frame)
    wire.begin()
    for frame in frames:
        with suppress(Unreadable, Refusal):
            wire.receive(frame)
        assert 0 <= wire.said.stable <= len(wire.said.text)


def test_frames_are_taken_once() -> None:
    outbox = Outbox()
    outbox.put({"a": None})
    outbox.put(["Ü"])
    assert outbox.take() == ['{"a":null}', '["Ü"]']
    assert outbox.take() == []
