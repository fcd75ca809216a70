"""The push-to-talk adapter beyond its stories."""

import base64
import json

import pytest

from protocols.adapters import surroundings
from saywire import messages as m
from saywire.errors import BadRequest
from saywire.protocols.base import Handshake
from saywire.protocols.ptt import LONGEST_AUDIO, QUESTIONS, Ptt
from saywire.types import Hypothesis


def opened():
    adapter = Ptt(surroundings())
    for command in adapter.connect(Handshake("/ws/asr")):
        adapter.send(m.Configured(command.options))
    adapter.receive('{"type":"control","command":"start"}')
    adapter.frames_to_send()
    return adapter


def audio(data):
    return json.dumps({"type": "audio", "data": base64.b64encode(data).decode()})


def said(adapter):
    return [json.loads(frame) for frame in adapter.frames_to_send()]


def test_audio_that_is_too_large_is_refused_and_the_largest_is_heard():
    adapter = opened()
    heard, _ = adapter.receive(audio(bytes(LONGEST_AUDIO // 4 * 3)))
    assert len(heard.samples) == LONGEST_AUDIO // 4 * 3 // 2
    with pytest.raises(BadRequest) as refused:
        adapter.receive(audio(bytes(LONGEST_AUDIO // 4 * 3 + 2)))
    adapter.fail(refused.value)
    [problem] = said(adapter)
    assert (problem["type"], problem["code"], problem["message"]) == ("error", 413, "音频数据过大")


def test_the_cut_of_messages_does_not_change_the_samples():
    data = bytes(range(64))
    adapter = opened()
    pieces = [adapter.receive(audio(data[i : i + 3])) for i in range(0, 64, 3)]
    heard = [sample for commands in pieces for command in commands[:1] for sample in command.samples.tolist()]
    whole = opened().receive(audio(data))[0].samples.tolist()
    assert heard == whole


def test_a_press_begins_with_a_whole_sample():
    adapter = opened()
    adapter.receive(audio(b"\x01"))
    for command in ("stop", "start"):
        adapter.receive(json.dumps({"type": "control", "command": command}))
    heard, _ = adapter.receive(audio(b"\x00\x40"))
    assert heard.samples.tolist() == [0.5]


def test_time_is_measured_from_the_message_that_is_answered():
    now = 100.0
    made = surroundings()
    adapter = Ptt(type(made)(made.new_id, lambda: now))
    for command in adapter.connect(Handshake("/ws/asr")):
        adapter.send(m.Configured(command.options))
    adapter.receive('{"type":"control","command":"start"}')
    adapter.receive(audio(bytes(3200)))
    now = 100.125
    adapter.send(m.Partial(0, Hypothesis("one")))
    adapter.send(m.Marked(0))
    adapter.receive('{"type":"control","command":"stop"}')
    now = 100.5
    adapter.send(m.Final(0, "one", 0.0, 0.1))
    adapter.send(m.Marked(1))
    results = [event for event in said(adapter) if event["type"] == "result"]
    assert [(r["mode"], r["processing_time_ms"]) for r in results] == [("partial", 125.0), ("final", 375.0)]


def far_ahead(adapter):
    marks = [c for _ in range(100) for c in adapter.receive(audio(bytes(3200))) if isinstance(c, m.Mark)]
    assert len(marks) == QUESTIONS
    return marks


def answer(adapter, text, *marks):
    adapter.send(m.Partial(0, Hypothesis(text)))
    for mark in marks:
        adapter.send(m.Marked(mark.id))
    return [event["text"] for event in said(adapter)]


def test_a_client_that_is_far_ahead_is_answered_together():
    """Marks are bounded; what has none is said with the next that has, or by the final."""
    adapter = opened()
    assert answer(adapter, "one", *far_ahead(adapter)) == ["one"]
    [_, mark] = adapter.receive(audio(bytes(3200)))
    assert adapter.deadline is None
    assert answer(adapter, "one two", mark) == ["one two"]


def test_a_client_that_was_far_ahead_and_pauses_gets_all_that_was_heard():
    adapter = opened()
    assert answer(adapter, "one", *far_ahead(adapter)) == ["one"]
    assert adapter.deadline is not None
    [mark] = adapter.expire()
    assert answer(adapter, "one two", mark) == ["one two"]
    assert adapter.deadline is None


@pytest.mark.parametrize("command", ["stop", "reset"])
def test_of_a_press_that_is_over_nothing_more_is_asked(command):
    adapter = opened()
    marks = far_ahead(adapter)
    adapter.receive(json.dumps({"type": "control", "command": command}))
    for mark in marks:
        adapter.send(m.Marked(mark.id))
    assert adapter.deadline is None and not adapter.expire()


def test_text_that_is_taken_back_entirely_is_not_told():
    adapter = opened()
    for text in ("on", ""):
        [_, mark] = adapter.receive(audio(bytes(3200)))
        adapter.send(m.Partial(0, Hypothesis(text)))
        adapter.send(m.Marked(mark.id))
    assert [event["text"] for event in said(adapter)] == ["on"]
