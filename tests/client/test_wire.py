"""The client's side of the Realtime wire against the server's adapter, and against frames of others."""

from __future__ import annotations

import json
from itertools import count

import numpy as np
import pytest

from saywire import messages as m
from saywire.client.wire import RealtimeWire
from saywire.errors import BadRequest, EngineFailed, Overloaded, SaywireError
from saywire.protocols.base import Frame, Handshake, Surroundings
from saywire.protocols.openai.realtime import OpenAiRealtime
from saywire.types import RATE, Hypothesis, Options, Samples, Turns, Word


def frames(wire: RealtimeWire) -> list[str]:
    return list(iter(wire.next_frame, None))


class Pair:
    """A client and the server's adapter, joined without a socket."""

    def __init__(self, rate: int = RATE) -> None:
        ids = count()
        self.client = RealtimeWire(rate)
        self.server = OpenAiRealtime(Surroundings(lambda kind: f"{kind}_{next(ids)}", lambda: 0.0))
        self.server.connect(Handshake("/v1/realtime", {"intent": "transcription"}))
        self.heard: list[m.Event] = []
        self.deliver()
        assert len(self.pass_on()) == 2
        for _ in range(3):  # the first is the answer to the connection itself
            assert self.tell(m.Configured(Options())) == []

    def say(self, command: m.Command) -> list[m.Command]:
        """What the server understands of it."""
        self.client.send(command)
        return self.pass_on()

    def pass_on(self) -> list[m.Command]:
        return [c for frame in frames(self.client) for c in self.server.receive(frame)]

    def tell(self, event: m.Event) -> list[m.Event]:
        """What the client understands of it."""
        self.server.send(event)
        return self.deliver()

    def deliver(self) -> list[m.Event]:
        frames: list[Frame] = self.server.frames_to_send()
        events = [e for frame in frames if isinstance(frame, str) for e in self.client.receive(frame)]
        self.heard += events
        return events

    def configure(self, options: Options) -> Options:
        """What the server understood; it has agreed."""
        (command,) = self.say(m.Configure(options))
        assert isinstance(command, m.Configure)
        assert self.tell(m.Configured(command.options)) == [m.Configured(options)]
        return command.options


def answer(**fields: object) -> list[m.Event]:
    return RealtimeWire().receive(json.dumps(fields))


def test_the_server_greets_first() -> None:
    assert not RealtimeWire().ready
    pair = Pair()
    assert pair.client.ready and not pair.client.finished


@pytest.mark.parametrize(
    "options",
    [
        Options(turns=Turns(voice=False)),
        Options(model="tiny", language="zh", prompt="digits", hotwords=("one", "two")),
        Options(grammar="#JSGF V1.0; grammar g; public <g> = yes | no;"),
        Options(vocabulary=("yes", "no"), turns=Turns(threshold=0.7, padding=0.2, silence=0.75)),
    ],
)
def test_options_arrive_as_they_were_meant(options: Options) -> None:
    assert Pair().configure(options) == options


def test_audio_arrives_to_the_last_bit_of_sixteen() -> None:
    pair = Pair()
    pair.configure(Options())
    samples: Samples = np.arange(-32768, 32768, 7, dtype=np.float32) / 32768
    heard = [pair.say(m.Audio(chunk)) for chunk in np.split(samples, [1, 800, 5000])]
    parts = [c for commands in heard for c in commands if isinstance(c, m.Audio)]
    assert {part.rate for part in parts} == {RATE}
    assert np.array_equal(np.concatenate([part.samples for part in parts]), samples)
    assert pair.say(m.Audio(np.empty(0, np.float32))) == []


def test_at_another_rate_everything_is_said_before_the_commit() -> None:
    pair = Pair(24_000)
    pair.configure(Options())
    commands = [*pair.say(m.Audio(np.zeros(1600, np.float32))), *pair.say(m.Commit())]
    assert isinstance(commands.pop(), m.Commit)
    assert {c.rate for c in commands if isinstance(c, m.Audio)} == {24_000}
    assert sum(len(c.samples) for c in commands if isinstance(c, m.Audio)) == 2400


def test_commands_arrive() -> None:
    pair = Pair()
    pair.configure(Options())
    audio = m.Audio(np.zeros(RATE, np.float32))
    assert pair.say(audio) and pair.say(m.Clear()) == [m.Clear()]
    assert pair.say(audio) and pair.say(m.Commit()) == [m.Commit()]
    assert pair.say(m.Finish()) == [m.Finish()]


def test_what_the_wire_cannot_say_is_refused() -> None:
    with pytest.raises(BadRequest):
        RealtimeWire().send(m.Mark(1))
    with pytest.raises(BadRequest):
        RealtimeWire().send(m.Audio(np.zeros(10, np.float32), 8000))


def test_an_utterance_comes_through_whole() -> None:
    pair = Pair()
    pair.configure(Options())
    words = (Word("hello", 0.5, 0.8, 0.9), Word("world", 0.8, 1.2, 0.8))
    assert pair.tell(m.SpeechStarted(0, 0.25)) == [m.SpeechStarted(0, 0.25)]
    assert pair.tell(m.Partial(0, Hypothesis("hello wo", 5, words[:1]))) == [
        m.Partial(0, Hypothesis("hello wo", 5, words[:1]))
    ]
    stopped = m.SpeechStopped(0, 1.7, m.Cause.SILENCE)
    assert pair.tell(stopped) == [stopped]
    final = m.Final(0, "hello world", 0.5, 1.2, words, "en")
    *_, last = pair.tell(final)
    assert last == final


def test_utterances_are_counted_in_the_order_of_their_items() -> None:
    pair = Pair()
    pair.configure(Options())
    pair.tell(m.SpeechStarted(0, 0.0))
    pair.tell(m.SpeechStopped(0, 1.0, m.Cause.SILENCE))
    pair.tell(m.SpeechStarted(1, 1.5))
    pair.tell(m.Final(0, "one", 0.0, 0.5))
    pair.tell(m.Failed(1, EngineFailed("it broke")))
    kinds = [(type(e), e.utterance) for e in pair.heard if isinstance(e, m.Final | m.Failed)]
    assert kinds == [(m.Final, 0), (m.Failed, 1)]
    failed = pair.heard[-1]
    assert isinstance(failed, m.Failed) and isinstance(failed.error, EngineFailed)
    assert failed.error.message == "it broke"


def test_cleared_names_the_open_utterance_and_leaves_committed_ones() -> None:
    pair = Pair()
    pair.configure(Options())
    pair.tell(m.SpeechStarted(0, 0.0))
    pair.tell(m.SpeechStopped(0, 1.0, m.Cause.SILENCE))
    pair.tell(m.SpeechStarted(1, 1.5))
    assert pair.tell(m.Cleared(1)) == [m.Cleared(1)]
    assert pair.tell(m.Cleared(None)) == [m.Cleared(None)]
    assert pair.tell(m.Final(0, "one", 0.0, 0.5))[-1] == m.Final(0, "one", 0.0, 0.5)


def test_the_session_ends_once_the_server_says_so() -> None:
    pair = Pair()
    pair.configure(Options())
    pair.say(m.Audio(np.zeros(RATE // 2, np.float32)))
    pair.say(m.Finish())
    assert pair.tell(m.Finished(0.5)) == [m.Finished(0.5)]
    assert pair.client.finished


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("overloaded", Overloaded),
        ("engine_failed", EngineFailed),
        ("invalid_type", BadRequest),
        (None, BadRequest),
    ],
)
def test_errors_keep_what_a_program_needs(code: str | None, kind: type[SaywireError]) -> None:
    (event,) = answer(type="error", error={"message": "no", "code": code, "param": "x", "type": "?"})
    assert isinstance(event, m.Failed) and event.utterance is None
    assert type(event.error) is kind and event.error.param == "x" and event.error.message == "no"


def test_a_server_that_says_less_is_understood() -> None:
    wire = RealtimeWire()
    kind = "conversation.item.input_audio_transcription"
    frames: list[dict[str, object]] = [
        {"type": "input_audio_buffer.speech_started", "item_id": "a", "audio_start_ms": 100},
        {"type": f"{kind}.delta", "item_id": "a", "delta": "hel"},
        {"type": f"{kind}.delta", "item_id": "a", "delta": "lo", "obfuscation": "x"},
        {"type": "input_audio_buffer.speech_stopped", "item_id": "a", "audio_end_ms": 900},
        {"type": "rate_limits.updated", "rate_limits": []},
        {"type": f"{kind}.completed", "item_id": "a", "transcript": "hello", "languages": None},
    ]
    events = [event for frame in frames for event in wire.receive(json.dumps(frame))]
    assert [e.hypothesis for e in events if isinstance(e, m.Partial)] == [
        Hypothesis("hel", 3),
        Hypothesis("hello", 5),
    ]
    assert events[-1] == m.Final(0, "hello", 0.1, 0.9)


@pytest.mark.parametrize(
    "frame", ["", "nonsense", "[]", "{}", '{"type": 1}', b"\xff", '{"type":"error","error":3}']
)
def test_what_is_no_event_is_refused(frame: str | bytes) -> None:
    with pytest.raises(BadRequest):
        RealtimeWire().receive(frame)
