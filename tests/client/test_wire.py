"""The client's side of the Realtime wire against the server's adapter, and against frames of others."""

from __future__ import annotations

import json
from base64 import b64decode
from itertools import count
from typing import Any

import numpy as np
import pytest

from saywire import messages as m
from saywire.audio.pcm import to_pcm16
from saywire.client import wire as module
from saywire.client.frames import Point
from saywire.client.ledger import Ledger
from saywire.client.tape import AudioLost, MemoryTape
from saywire.client.wire import Place, RealtimeWire
from saywire.errors import BadRequest, EngineFailed, Overloaded, SaywireError
from saywire.protocols.base import Frame, Handshake, Surroundings
from saywire.protocols.openai.realtime import OpenAiRealtime
from saywire.types import RATE, Hypothesis, Options, Samples, Turns, Word


def frames(wire: RealtimeWire) -> list[str]:
    return list(iter(wire.next_frame, None))


SETTLED = m.Settled(16_000, 0, 1)
"""Follows each final, which the server sends with it."""


class Pair:
    """A client and the server's adapter, joined without a socket."""

    def __init__(self, rate: int = RATE) -> None:
        ids = count()
        self.client = RealtimeWire(rate)
        self.server = OpenAiRealtime(Surroundings(lambda kind: f"{kind}_{next(ids)}", lambda: 0.0))
        self.server.connect(Handshake("/v1/realtime", (("intent", "transcription"),)))
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


def test_turns_are_the_servers_until_others_are_asked_for() -> None:
    pair = Pair()
    pair.configure(Options())
    for turns in (Turns(), Turns(silence=2.0), Turns()):
        pair.client.send(m.Configure(Options(turns=turns)))
    asked = [json.loads(frame)["session"]["audio"]["input"] for frame in frames(pair.client)]
    assert "turn_detection" not in asked[0]
    assert [each["turn_detection"]["silence_duration_ms"] for each in asked[1:]] == [2000, 500]


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
    pair.tell(final)
    assert pair.tell(SETTLED) == [final]


def test_utterances_are_counted_in_the_order_of_their_items() -> None:
    pair = Pair()
    pair.configure(Options())
    pair.tell(m.SpeechStarted(0, 0.0))
    pair.tell(m.SpeechStopped(0, 1.0, m.Cause.SILENCE))
    pair.tell(m.SpeechStarted(1, 1.5))
    pair.tell(m.Final(0, "one", 0.0, 0.5))
    pair.tell(m.Failed(1, EngineFailed("it broke")))
    pair.tell(SETTLED)
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
    pair.tell(m.Final(0, "one", 0.0, 0.5))
    assert pair.tell(SETTLED) == [m.Final(0, "one", 0.0, 0.5)]


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


# Going on elsewhere.

KIND = "conversation.item.input_audio_transcription"


def point(**fields: object) -> dict[str, object]:
    before: dict[str, object] = {"session": "sess_1", "audio_start": 0, "settled": 0, "last_seq": 0}
    return before | {"event_id": None, "context": ""} | fields


def handed_in(told: dict[str, object]) -> dict[str, object]:
    """What of a point a client says to another server."""
    return {name: told[name] for name in ("session", "audio_start", "last_seq", "context")}


class Alone:
    """A client whose server is the test; audio is at the house rate."""

    def __init__(self) -> None:
        self.wire = RealtimeWire()
        self.hear(type="session.created")
        ask, format = self.said()
        assert ask["session"] == {"type": "transcription", "resume": {}}
        assert format["session"]["audio"]["input"]["format"]["rate"] == RATE
        self.hear(type="session.updated", session={"resume": point()})
        self.hear(type="session.updated", session={"resume": point()})

    def said(self) -> list[dict[str, Any]]:
        return [json.loads(frame) for frame in frames(self.wire)]

    def hear(self, **event: object) -> list[m.Event]:
        return self.wire.receive(json.dumps(event))

    def reconnect(self) -> dict[str, Any]:
        """The first it says."""
        self.wire.reconnect()
        assert not self.said()
        self.hear(type="session.created")
        (first,) = self.said()
        return first


def pcm(*events: dict[str, Any]) -> bytes:
    return b"".join(b64decode(event["audio"]) for event in events)


def test_it_goes_on_from_the_last_point() -> None:
    alone = Alone()
    alone.wire.send(m.Configure(Options(language="en", turns=Turns(voice=False))))
    alone.wire.send(m.Audio(np.zeros(1000, np.float32)))
    alone.wire.send(m.Commit())
    alone.wire.send(m.Audio(np.full(1000, 0.5, np.float32)))
    update, _, commit, _ = alone.said()
    alone.hear(type="session.updated", session={"resume": point()})
    alone.hear(type="input_audio_buffer.committed", item_id="a")
    here = point(audio_start=1000, settled=1000, last_seq=1, event_id=commit["event_id"], context="x")
    said = alone.hear(type=f"{KIND}.completed", item_id="a", transcript="one", seq=1, resume=here)
    assert said == [m.Final(0, "one", 0.0, 0.0)]
    assert alone.wire.progress == (1000, 1)
    first = alone.reconnect()
    assert first["session"]["resume"] == {
        k: here[k] for k in ("session", "audio_start", "last_seq", "context")
    }
    asked = update["session"]["audio"]["input"]["transcription"]
    assert first["session"]["audio"]["input"]["transcription"] == asked
    assert first["session"]["include"] and first["event_id"] != update["event_id"]
    assert not alone.said()  # it is not known yet whether the server goes on from there
    alone.hear(type="session.updated", session={"resume": here})
    (audio,) = alone.said()
    assert pcm(audio) == b"\x00\x40" * 1000


def test_before_the_first_point_all_is_said_again() -> None:
    alone = Alone()
    alone.wire.send(m.Audio(np.zeros(1000, np.float32)))
    before = alone.said()
    assert alone.reconnect()["session"]["resume"] == handed_in(point())
    alone.hear(type="session.updated", session={"resume": point()})
    format, *audio = alone.said()
    assert format["session"]["audio"]["input"]["format"]["rate"] == RATE and audio == before
    unheard = RealtimeWire()
    unheard.send(m.Commit())
    assert unheard.resumable
    unheard.reconnect()
    unheard.receive('{"type":"session.created"}')
    assert [json.loads(frame)["type"] for frame in frames(unheard)] == [
        "session.update",
        "session.update",
        "input_audio_buffer.commit",
    ]


def test_answers_that_were_given_are_not_given_again() -> None:
    alone = Alone()
    options = Options(language="en")
    alone.wire.send(m.Configure(options))
    alone.wire.send(m.Clear())
    alone.wire.send(m.Configure(Options(language="zh")))
    alone.said()
    assert alone.hear(type="session.updated") == [m.Configured(options)]
    assert alone.hear(type="input_audio_buffer.cleared") == [m.Cleared(None)]
    alone.reconnect()
    alone.hear(type="session.updated", session={"resume": point()})
    assert len(alone.said()) == 4
    assert alone.hear(type="session.updated") == []  # of the format
    assert alone.hear(type="session.updated") == []
    assert alone.hear(type="input_audio_buffer.cleared") == []
    assert alone.hear(type="session.updated") == [m.Configured(Options(language="zh"))]


def test_a_point_told_by_itself_answers_no_update() -> None:
    alone = Alone()
    alone.wire.send(m.Configure(Options(language="en")))
    alone.said()
    here = point(audio_start=0, settled=0, last_seq=0, context="y")
    assert alone.hear(type="session.updated", session={"resume": here}, resume=here) == []
    assert alone.hear(type="session.updated", session={"resume": here}) == [
        m.Configured(Options(language="en"))
    ]


def test_a_final_is_taken_once_and_none_may_be_missing() -> None:
    alone = Alone()
    done = {"type": f"{KIND}.completed", "transcript": "one"}
    assert len(alone.hear(**done, item_id="a", seq=1)) == 1
    assert alone.hear(**done, item_id="b", seq=1) == []
    with pytest.raises(EngineFailed, match="left out transcript 2"):
        alone.hear(**done, item_id="c", seq=3)


def test_what_was_cleared_has_its_number_still_when_the_session_goes_on() -> None:
    alone = Alone()
    alone.hear(type="input_audio_buffer.speech_started", item_id="a", audio_start_ms=0)
    alone.wire.send(m.Clear())
    (clear,) = alone.said()
    assert alone.hear(type="input_audio_buffer.cleared") == [m.Cleared(0)]
    here = point(event_id=clear["event_id"])
    alone.hear(type="session.updated", resume=here)
    alone.hear(type="input_audio_buffer.speech_started", item_id="b", audio_start_ms=100)
    alone.reconnect()
    again = alone.hear(type="input_audio_buffer.speech_started", item_id="c", audio_start_ms=100)
    assert again == []  # it was said on the other connection
    (final,) = alone.hear(type=f"{KIND}.completed", item_id="c", transcript="x")
    assert isinstance(final, m.Final) and final.utterance == 1


def test_a_refused_order_is_not_repeated() -> None:
    alone = Alone()
    alone.wire.send(m.Commit())
    (commit,) = alone.said()
    error = {
        "message": "too small",
        "code": "input_audio_buffer_commit_empty",
        "event_id": commit["event_id"],
    }
    (failed,) = alone.hear(type="error", error=error)
    assert isinstance(failed, m.Failed)
    alone.reconnect()
    alone.hear(type="session.updated", session={"resume": point()})
    assert [event["type"] for event in alone.said()] == ["session.update"]


def test_without_the_context_of_another_it_goes_on_from_what_has_settled() -> None:
    alone = Alone()
    alone.wire.send(m.Audio(np.zeros(1000, np.float32)))
    alone.said()
    alone.hear(type="session.updated", resume=point(audio_start=200, settled=700, last_seq=0, context="z"))
    first = alone.reconnect()
    refusal = {"message": "of model x", "code": "other_model", "param": "session.resume.context"}
    assert alone.hear(type="error", error=refusal | {"event_id": first["event_id"]}) == []
    (second,) = alone.said()
    assert second["session"]["resume"] == {
        "session": "sess_1",
        "audio_start": 700,
        "last_seq": 0,
        "context": "",
    }
    alone.hear(type="session.updated", session={"resume": point(audio_start=700, settled=700)})
    *_, audio = alone.said()
    assert len(pcm(audio)) == 2 * 300
    first = alone.reconnect()
    with pytest.raises(EngineFailed, match="the session cannot go on: of model x"):
        alone.hear(type="error", error=refusal | {"event_id": first["event_id"]})


@pytest.mark.parametrize("answer", [{}, {"resume": point()}])
def test_it_does_not_go_on_with_a_server_that_begins_anew(answer: dict[str, object]) -> None:
    alone = Alone()
    alone.hear(type="session.updated", resume=point(audio_start=200, settled=700, context="z"))
    alone.reconnect()
    with pytest.raises(EngineFailed, match="this server does not know how"):
        alone.hear(type="session.updated", session=answer)


@pytest.mark.parametrize("answer", ["session.updated", "error"])
def test_a_server_that_cannot_say_where_to_go_on_is_used_all_the_same(answer: str) -> None:
    wire = RealtimeWire()
    wire.receive('{"type":"session.created"}')
    ask, _ = (json.loads(frame) for frame in frames(wire))
    event = {"type": answer, "error": {"message": "unknown field", "event_id": ask["event_id"]}}
    assert wire.receive(json.dumps(event)) == []
    assert not wire.resumable and wire.ready


def test_audio_that_waits_for_too_long_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 1)
    alone = Alone()
    for _ in range(11):
        alone.wire.send(m.Audio(np.zeros(RATE // 10, np.float32)))
        alone.said()
    assert not alone.wire.resumable
    alone.hear(type="session.updated", resume=point(audio_start=RATE, settled=RATE))
    assert alone.wire.resumable


# Going on in another process, and where audio was lost.


def begin(place: Place, tape: MemoryTape | None = None) -> tuple[RealtimeWire, dict[str, Any]]:
    """The first it says."""
    wire = RealtimeWire(RATE, Ledger(10**9, tape or MemoryTape()), place, Options(language="en"))
    wire.reconnect()
    wire.receive('{"type":"session.created"}')
    (first,) = [json.loads(frame) for frame in frames(wire)]
    return wire, first


def agree(wire: RealtimeWire) -> list[m.Event]:
    place = wire.place
    assert place
    resume = {"session": place.point.session, "audio_start": place.point.audio_start}
    return wire.receive(json.dumps({"type": "session.updated", "session": {"resume": resume}}))


def test_another_process_goes_on_where_the_first_was() -> None:
    alone = Alone()
    alone.wire.send(m.Audio(np.full(100, 0.5, np.float32)))
    alone.said()
    alone.hear(type="input_audio_buffer.speech_started", item_id="a", audio_start_ms=0)
    final = {"type": f"{KIND}.completed", "item_id": "a", "transcript": "x", "start": 0.0, "end": 0.1}
    told = point(audio_start=40, settled=50, last_seq=1)
    assert alone.hear(**final, seq=1, resume=told) == [m.Final(0, "x", 0.0, 0.1)]
    place = alone.wire.place
    assert place == Place(Point("sess_1", 40, 50, 1), 1, 1)
    tape = MemoryTape()
    tape.append(to_pcm16(np.full(100, 0.5, np.float32)))
    wire, first = begin(place, tape)
    assert first["session"]["resume"] == handed_in(told)
    asked = first["session"]["audio"]["input"]
    assert asked["format"]["rate"] == RATE and asked["transcription"] == {"language": "en"}
    assert not frames(wire) and agree(wire) == [] and wire.unsent == 60
    assert len(pcm(*[json.loads(frame) for frame in frames(wire)])) == 60 * 2
    wire.receive(json.dumps({"type": "input_audio_buffer.speech_started", "item_id": "b"}))
    repeated = json.dumps(final | {"item_id": "b", "seq": 1})
    assert wire.receive(repeated) == []
    (found,) = wire.receive(json.dumps(final | {"item_id": "c", "seq": 2}))
    assert isinstance(found, m.Final)


def test_audio_that_the_tape_lost_is_told_when_a_server_goes_on_behind_it() -> None:
    tape = MemoryTape()
    wire, _ = begin(Place(Point("s")), tape)
    agree(wire)
    wire.send(m.Audio(np.zeros(RATE, np.float32)))
    assert len(frames(wire)) == 1 and not wire.torn
    wire.receive('{"type":"input_audio_buffer.speech_started","item_id":"a"}')
    tape.forget(RATE // 2)  # as a tape on disk does that is full
    assert not wire.resumable and not wire.torn
    for end in (1.0, 1.5):  # more is lost while no server is there
        wire.reconnect()
        wire.send(m.Audio(np.zeros(RATE, np.float32)))
        tape.forget(round(end * RATE))
        assert wire.torn
    wire.reconnect()
    assert wire.resumable and not wire.torn
    wire.receive('{"type":"session.created"}')
    (first,) = frames(wire)
    resume = json.loads(first)["session"]["resume"]
    assert resume == {"session": "s", "audio_start": 1.5 * RATE, "last_seq": 0, "context": ""}
    cleared, lost = agree(wire)
    assert cleared == m.Cleared(0)
    assert isinstance(lost, m.Failed) and isinstance(lost.error, AudioLost) and lost.utterance is None
    assert (lost.error.start, lost.error.end) == (0.0, 1.5) and wire.place
    assert lost.error.message == "1.5 s of audio are lost, from 0.0 s to 1.5 s"
    assert wire.place.utterance == 1 and wire.place.point.settled == 1.5 * RATE
    (started,) = wire.receive('{"type":"input_audio_buffer.speech_started","item_id":"b"}')
    assert isinstance(started, m.SpeechStarted) and started.utterance == 1


def test_a_server_is_not_given_more_than_it_can_have_in_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AHEAD", 2)
    monkeypatch.setattr(module, "LEAST_AHEAD", 0.5)
    second = m.Audio(np.zeros(RATE, np.float32))
    wire, _ = begin(Place(Point("s")))
    agree(wire)
    for _ in range(6):
        wire.send(second)
    wire.send(m.Finish())
    assert len(frames(wire)) == 2 and wire.held and wire.unsent == 4 * RATE
    wire.ease()
    assert len(frames(wire)) == 1 and wire.held
    told = {"type": "session.updated", "resume": point(session="s", audio_start=RATE, settled=RATE)}
    wire.receive(json.dumps(told))
    assert wire.held and not frames(wire)  # two seconds lie behind that, as many as there may be
    wire.receive(json.dumps({"type": "error", "error": {"code": "overloaded"}}))
    wire.receive(json.dumps(told | {"resume": point(session="s", audio_start=2 * RATE, settled=2 * RATE)}))
    assert wire.held
    wire.receive(json.dumps(told | {"resume": point(session="s", audio_start=3 * RATE, settled=3 * RATE)}))
    assert len(frames(wire)) == 1 and wire.held
    for _ in range(2):
        wire.ease()
    assert len(frames(wire)) == 3 and not wire.held and wire.unsent == 0


def test_a_server_that_never_tells_what_settled_is_given_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AHEAD", 1)
    wire = RealtimeWire()
    wire.receive('{"type":"session.created"}')
    frames(wire)
    wire.receive('{"type":"session.updated","session":{}}')
    for _ in range(3):
        wire.send(m.Audio(np.zeros(RATE, np.float32)))
    assert len(frames(wire)) == 3 and not wire.held
