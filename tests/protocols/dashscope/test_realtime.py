"""Qwen-ASR-Realtime beyond its stories."""

import base64
import json

import numpy as np
import pytest

from protocols.adapters import surroundings
from saywire import messages as m
from saywire.errors import BadRequest
from saywire.protocols.base import Handshake
from saywire.protocols.dashscope.realtime import LONGEST_AUDIO, DashScopeRealtime


def opened(**session):
    adapter = DashScopeRealtime(surroundings())
    for command in adapter.connect(Handshake("/api-ws/v1/realtime", (("model", "m"),))):
        adapter.send(m.Configured(command.options))
    adapter.receive(json.dumps({"type": "session.update", "session": session}))
    adapter.send(m.Configured(None))
    adapter.frames_to_send()
    return adapter


def append(adapter, data):
    audio = base64.b64encode(data).decode()
    commands = adapter.receive(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))
    return [sample for command in commands for sample in command.samples.tolist()]


def test_the_cut_of_appends_does_not_change_the_samples():
    data = np.arange(-400, 400, dtype="<i2").tobytes()
    whole = append(opened(), data)
    for step in (1, 3, 160, 999):
        adapter = opened()
        cut = [sample for at in range(0, len(data), step) for sample in append(adapter, data[at : at + step])]
        assert cut == whole[: len(cut)] and len(cut) == len(whole)


def test_the_largest_append_is_heard_and_a_larger_one_refused():
    assert len(append(opened(), bytes(LONGEST_AUDIO // 4 * 3))) == LONGEST_AUDIO // 4 * 3 // 2
    with pytest.raises(BadRequest) as refused:
        append(opened(), bytes(LONGEST_AUDIO // 4 * 3 + 2))
    assert refused.value.param == "audio"


def test_after_a_commit_a_new_file_may_begin():
    adapter = opened(turn_detection=None)
    append(adapter, bytes(40))
    adapter.receive('{"type":"input_audio_buffer.commit"}')
    header = b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\x04\0\0\0"
    assert append(adapter, header + b"\0\x40\0\x40") == [0.5, 0.5]


def test_audio_that_is_none_does_not_abort_a_client_that_finishes():
    adapter = opened(input_audio_format="opus", turn_detection=None)
    append(adapter, b"OggS\0\2" + bytes(18))
    commands = adapter.receive('{"type":"session.finish"}')
    assert commands == [m.Finish()]
    adapter.send(m.Finished(0.0))
    told = [json.loads(frame) for frame in adapter.frames_to_send()]
    kinds = [event["type"].rpartition(".")[2] for event in told]
    assert kinds == ["committed", "created", "failed", "finished"]
    assert told[2]["error"]["code"] == "invalid_audio" and told[2]["item_id"] == told[0]["item_id"]
