import json

from protocols.adapters import surroundings
from saywire import messages as m
from saywire.protocols.base import Handshake
from saywire.protocols.funasr.either import FunAsr


def answers(*frames):
    adapter = FunAsr(surroundings())
    adapter.connect(Handshake("/"))
    for frame in frames:
        adapter.receive(frame)
    adapter.send(m.Final(0, "one", 0.0, 1.0))
    return [json.loads(frame) for frame in adapter.frames_to_send()]


def test_the_first_text_decides():
    assert answers("START", bytes(320))[-1]["sentences"]
    assert answers('{"mode":"2pass"}', bytes(320))[-1]["mode"] == "2pass-offline"
    assert answers(bytes(320))[-1]["mode"] == "2pass-offline"


def test_a_command_later_on_is_no_command():
    adapter = FunAsr(surroundings())
    adapter.receive('{"mode":"online"}')
    adapter.send(m.Final(0, "one", 0.0, 1.0))
    assert json.loads(adapter.frames_to_send()[0])["mode"] == "online"
    assert adapter.leave() == [m.Finish()]
