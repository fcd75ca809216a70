"""The wire of single frames beyond its stories."""

import json

import pytest

from protocols.adapters import surroundings
from saywire import messages as m
from saywire.errors import BadAudio
from saywire.protocols.base import Handshake
from saywire.protocols.chunks import Chunks


def opened(now=None):
    adapter = Chunks(surroundings(now) if now else surroundings())
    adapter.connect(Handshake("/ws/chunks"))
    adapter.frames_to_send()
    return adapter


def test_a_frame_that_is_refused_waits_for_no_answer():
    adapter = opened()
    with pytest.raises(BadAudio):
        adapter.receive(b"RIFF\0\0\0\0WAVEfmt \x04\0\0\0\0\0\0\0")
    adapter.receive(bytes(32))
    adapter.send(m.Final(0, "one", 0.0, 0.1))
    adapter.send(m.Marked(1))
    assert [json.loads(frame)["text"] for frame in adapter.frames_to_send()] == ["one"]


def test_the_time_is_that_of_the_frame_s_own_wait():
    time = 100.0
    adapter = opened(lambda: time)
    for _ in range(2):
        adapter.receive(bytes(32))
        time += 1.0
    for number in range(2):
        adapter.send(m.Final(number, "", 0.0, 0.1))
        adapter.send(m.Marked(number + 1))
    waits = [json.loads(frame)["processing_time"] for frame in adapter.frames_to_send()]
    assert waits == [2.0, 1.0]
