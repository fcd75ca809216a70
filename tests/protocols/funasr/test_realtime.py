"""FunASR's newer realtime wire beyond its stories."""

import json

from protocols.adapters import surroundings
from saywire import messages as m
from saywire.protocols.base import Handshake
from saywire.protocols.funasr.realtime import FunAsrRealtime


def opened():
    adapter = FunAsrRealtime(surroundings())
    adapter.connect(Handshake("/"))
    return adapter


def said(adapter):
    return [json.loads(frame) for frame in adapter.frames_to_send()]


def test_times_count_from_start():
    adapter = opened()
    for begin in (0.0, 1.0):
        adapter.receive("START")
        adapter.receive(bytes(32_000))
        adapter.receive("STOP")
        adapter.send(m.Final(0, "one", begin + 0.25, begin + 0.5))
        adapter.send(m.Marked(1))
        [snapshot] = [frame for frame in said(adapter) if frame.get("is_final")]
        assert snapshot["sentences"] == [{"text": "one", "start": 250, "end": 500}]
        assert snapshot["duration_ms"] == 1000


def test_audio_begins_by_itself_and_ends_with_a_snapshot():
    adapter = opened()
    assert [type(c) for c in adapter.receive(bytes(3))] == [m.Audio]
    assert adapter.receive("STOP") == [m.Commit(), m.Mark(1)]
    adapter.send(m.Marked(1))
    assert [frame.get("is_final", frame.get("event")) for frame in said(adapter)] == [True, "stopped"]
