"""No frame, however odd, gets more out of a wire than commands or BadRequest, whatever the session says."""

import json
import random
import re
from pathlib import Path

import pytest

from protocols.adapters import NOW, surroundings
from protocols.fuzzing import FRAMES, Peer, frames, handshake, wires
from saywire.errors import BadRequest
from saywire.protocols.base import Close, Drop, Handshake, Multiplex
from saywire.protocols.dashscope.realtime import DashScopeRealtime
from saywire.protocols.dashscope.task import DashScopeTasks
from saywire.protocols.openai.realtime import OpenAiRealtime
from saywire.protocols.ptt import Ptt
from saywire.protocols.solo import Solo
from saywire.types import Options

DOCS = Path(__file__).parent.parent.parent / "docs"


def documented(page, heading):
    """Whatever stands between backticks under a heading, codes of errors among them."""
    section = (DOCS / page).read_text("utf-8").split(f"# {heading}\n")[1].split("\n#")[0]
    return set(re.findall(r"`([\w.]+)`", section))


DOCUMENTED = documented("openai.md", "Errors and closes")
CODES = {
    OpenAiRealtime: DOCUMENTED,
    DashScopeRealtime: documented("dashscope.md", "Errors"),
    DashScopeTasks: documented("dashscope.md", "Errors"),
    Ptt: documented("other-wires.md", "Push to talk: `/ws/asr`"),
}
"""Wires whose errors have codes."""


def code_in(event):
    """Of an error, in the manner of any of these wires; None for what is no error."""
    match event:
        case {"type": "error", "code": int(code)}:
            return str(code)
        case {"error": {"code": str(code)}} | {"header": {"error_code": str(code)}}:
            return code


class Line:
    """A wire on the telephone: it is given frames and events, and all it says is looked at."""

    def __init__(self, new_wire, path, dice):
        self.dice = dice
        self.new_wire = new_wire
        self.time = NOW
        wire = new_wire(surroundings(lambda: self.time, lifetime=dice.choice([None, 500.0])))
        self.wire = wire if isinstance(wire, Multiplex) else Solo(wire, Options(), lambda: self.time)
        self.peer = Peer(dice)
        self.refused = self.obeyed = 0
        self.codes = set()
        self.closed = False
        self.obey(self.wire.connect(handshake(dice, path)))

    def receive(self, frame):
        try:
            orders = self.wire.receive(frame)
        except BadRequest as error:
            self.refused += 1
            self.wire.fail(error)
            return self.look(refused=True)
        ended = any(isinstance(order, Drop) for order in orders)
        self.refused += ended  # how a Multiplex refuses what a session of its own said
        self.obeyed += len(orders)
        self.obey(orders)

    def go_on(self):
        """What happens between two frames."""
        for name, event in self.peer.say():
            self.obey(self.wire.hear(name, event))
        self.time += self.dice.choice([0.1, 0.1, 0.1, 30.0])
        if self.wire.deadline is not None and self.wire.deadline <= self.time:
            before = self.wire.deadline
            self.obey(self.wire.expire())
            assert self.closed or self.wire.deadline != before, "it would expire for ever"
        if self.dice.random() < 0.005:
            self.obey(self.wire.leave())

    def obey(self, orders):
        for order in orders:
            self.peer.obey(order)
        self.look()

    def listen(self, event):
        assert isinstance(event, dict)
        code = code_in(event)
        if code and self.new_wire in CODES:
            self.codes.add(code)
            assert code in CODES[self.new_wire], event

    def look(self, refused=False):
        sent = self.wire.frames_to_send()
        for frame in sent:
            if isinstance(frame, Close):
                assert not refused, "a bad request ended it"
                self.closed = True
            elif isinstance(frame, str):
                self.listen(json.loads(frame))
            else:
                assert isinstance(frame, bytes)


@pytest.mark.parametrize(
    ("new_wire", "path"), wires().items(), ids=lambda value: getattr(value, "__name__", "")
)
def test_only_bad_request_comes_out(new_wire, path):
    dice = random.Random(20261121)
    line = Line(new_wire, path, dice)
    refused = obeyed = lines = 0
    codes = set()
    for frame in frames(dice, FRAMES, new_wire):
        line.receive(frame)
        line.go_on()
        codes |= line.codes
        if line.closed:
            refused, obeyed, lines = refused + line.refused, obeyed + line.obeyed, lines + 1
            line = Line(new_wire, path, dice)
    assert refused > FRAMES // 4 and obeyed > FRAMES // 8 and lines > FRAMES // 200, "the fuzz has gone blunt"
    assert new_wire not in CODES or len(codes) > 2, "it meets few of the wire's errors"


def test_a_refusal_is_an_error_event_that_names_the_client_s_event():
    dice = random.Random(7)
    for frame in frames(dice, FRAMES // 3, OpenAiRealtime):
        adapter = OpenAiRealtime(surroundings())
        adapter.connect(Handshake("/v1/realtime"))
        adapter.frames_to_send()
        try:
            adapter.receive(frame)
        except BadRequest as error:
            adapter.fail(error)
            [sent] = adapter.frames_to_send()
            event = json.loads(sent)
            assert event.keys() == {"type", "event_id", "error"} and event["type"] == "error"
            details = event["error"]
            assert details["type"] == "invalid_request_error" and details["message"]
            assert details["code"] in DOCUMENTED
            assert details.keys() == {"type", "code", "message", "param", "event_id"}
            assert details["event_id"] == event_id_of(frame)


def event_id_of(frame):
    """As Python's own reader sees it, which unlike the wire's lets half a surrogate pair pass."""
    if isinstance(frame, str) and ("\ud800" in frame or r"\ud800" in frame):
        return None
    try:
        event = json.loads(frame)
    except (ValueError, RecursionError):
        return None
    named = event.get("event_id") if isinstance(event, dict) else None
    return named if isinstance(named, str) else None
