"""The OpenAI adapter beyond its stories: the SDK reads all it says, its laws hold in any order of events."""

import base64
import json
import random
from collections import defaultdict

import numpy as np
import pytest

from protocols.adapters import story_lines, surroundings
from saywire import messages as m
from saywire.errors import BadRequest, EngineFailed, Overloaded, Unsupported
from saywire.protocols.base import Close, Handshake
from saywire.protocols.openai.realtime import OpenAiRealtime
from saywire.types import Hypothesis, Options, Turns

OTHER_API = ("transcription_session.", "session.closed")


def opened(query=None):
    adapter = OpenAiRealtime(surroundings())
    for command in adapter.connect(Handshake("/v1/realtime", tuple((query or {}).items()))):
        adapter.send(m.Configured(command.options))
    adapter.frames_to_send()
    return adapter


def said(adapter):
    return [json.loads(frame) for frame in adapter.frames_to_send() if isinstance(frame, str)]


def tell(adapter, **event):
    return adapter.receive(json.dumps(event))


def as_documented(event):
    """Without the two extensions that the SDK's types, being enumerations, cannot express."""
    if session := event.get("session"):
        session["audio"]["input"]["format"].pop("rate", None)
        session["include"] = [i for i in session["include"] or () if i.endswith("logprobs")]
    return event


def test_the_sdk_reads_every_event():
    pydantic = pytest.importorskip("pydantic")
    realtime = pytest.importorskip("openai.types.realtime")
    reader = pydantic.TypeAdapter(realtime.RealtimeServerEvent)
    events = [json.loads(line) for line in story_lines("S<", "openai_realtime") if line.startswith("{")]
    documented = [event for event in events if not event["type"].startswith(OTHER_API)]
    for event in documented:
        assert reader.validate_python(as_documented(event)).type == event["type"]
    assert len({event["type"] for event in documented}) >= 14


@pytest.mark.parametrize(
    ("param", "told"), [("model", "model"), ("language", "session.audio.input.transcription.language")]
)
def test_what_a_fresh_session_may_not_have_is_named(param, told):
    adapter = OpenAiRealtime(surroundings())
    session = {"type": "transcription", "audio": {"input": {"transcription": {"language": "de"}}}}
    adapter.connect(Handshake("/v1/realtime", settings=(json.dumps(session),)))
    adapter.send(m.Failed(None, Unsupported("not here", param=param)))
    error, close = adapter.frames_to_send()
    assert json.loads(error)["error"]["param"] == told and close.code == 4000


def test_who_is_turned_away_is_told_of_no_session():
    adapter, handshake = OpenAiRealtime(surroundings()), Handshake("/v1/realtime")
    adapter.connect(handshake)
    assert adapter.refuse(handshake, Overloaded("all 1 sessions are taken")) is None
    error, close = adapter.frames_to_send()
    assert json.loads(error)["error"]["code"] == "overloaded" and close.code == 1013


def pcm(samples):
    return base64.b64encode(samples).decode()


def test_the_cut_of_appends_does_not_change_the_samples():
    dice = random.Random(3)
    data = np.random.default_rng(3).integers(-32768, 32767, 5000).astype("<i2").tobytes()
    adapter = opened()
    heard, place = [], 0
    while place < len(data):
        step = dice.choice([1, 2, 3, 159, 960])
        commands = tell(adapter, type="input_audio_buffer.append", audio=pcm(data[place : place + step]))
        heard += [command.samples for command in commands]
        place += step
    assert np.array_equal(np.concatenate(heard), np.frombuffer(data, "<i2").astype(np.float32) / 32768)


def test_the_commit_limit_counts_audio_of_any_format():
    adapter = opened()
    audio_input = {"format": {"type": "audio/pcmu"}}
    tell(adapter, type="session.update", session={"type": "transcription", "audio": {"input": audio_input}})
    tell(adapter, type="input_audio_buffer.append", audio=pcm(bytes(799)))
    with pytest.raises(BadRequest, match=r"only has 99\.88ms of audio\.") as refused:
        tell(adapter, type="input_audio_buffer.commit")
    assert refused.value.code == "input_audio_buffer_commit_empty"
    tell(adapter, type="input_audio_buffer.append", audio=pcm(bytes(1)))
    assert tell(adapter, type="input_audio_buffer.commit") == [m.Commit()]


def test_an_error_does_not_repeat_a_huge_value():
    with pytest.raises(BadRequest) as refused:
        tell(opened(), type="x" * 1_000_000)
    assert refused.value.code == "invalid_value" and len(refused.value.message) < 1_000


def test_an_error_of_the_server_blames_no_earlier_event():
    adapter = opened()
    tell(adapter, type="input_audio_buffer.clear", event_id="fine")
    adapter.fail(EngineFailed("something else"))
    assert [event["error"]["event_id"] for event in said(adapter)] == [None]


def test_the_server_s_defaults_are_used_and_shown():
    defaults = Options(model="tiny", language="zh", turns=Turns(threshold=0.7, padding=0.2, silence=0.9))
    ground = surroundings()
    adapter = OpenAiRealtime(type(ground)(ground.new_id, ground.now, defaults))
    assert adapter.connect(Handshake("/v1/realtime")) == [m.Configure(defaults)]
    turns = said(adapter)[0]["session"]["audio"]["input"]["turn_detection"]
    assert turns == {
        "type": "server_vad",
        "threshold": 0.7,
        "prefix_padding_ms": 200,
        "silence_duration_ms": 900,
    }


def utter(adapter, number):
    adapter.send(m.SpeechStopped(number, number, m.Cause.COMMIT))
    adapter.send(m.Final(number, "", number, number))


def test_a_long_session_forgets_its_oldest_items():
    adapter = opened()
    for number in range(1001):
        utter(adapter, number)
    adapter.frames_to_send()
    assert tell(adapter, type="conversation.item.retrieve", item_id="item_2") == []
    with pytest.raises(BadRequest, match="item_1' does not exist"):
        tell(adapter, type="conversation.item.retrieve", item_id="item_1")


class Stage:
    """A session that plays utterances at random, in an order that messages.py allows.

    The front (what was heard) runs ahead of the back (what is decoded), as it does in a real one.
    """

    def __init__(self, seed):
        self.dice = random.Random(seed)
        self.utterance, self.now, self.open = 0, 0.0, None
        self.decoding = []

    def play(self):
        for _ in range(self.dice.randrange(5, 60)):
            yield from self.dice.choice([self.front, self.back, self.back])()
        if self.open is not None:
            yield from self.stop(m.Cause.FINISH)
        while self.decoding:
            yield from self.back()
        yield m.Finished(self.now)

    def front(self):
        self.now += self.dice.random()
        if self.open is None:
            yield from self.start()
        elif self.dice.random() < 0.2:
            cleared, self.open = self.open, None
            self.decoding.remove(cleared)
            yield m.Cleared(cleared.number)
        else:
            yield from self.stop(self.dice.choice(list(m.Cause)))

    def start(self):
        if self.dice.random() < 0.1:
            yield m.Cleared(None)
            return
        self.open = Utterance(self.utterance, self.dice)
        self.utterance += 1
        self.decoding.append(self.open)
        if self.dice.random() < 0.9:
            yield m.SpeechStarted(self.open.number, self.now)
        else:
            yield from self.stop(m.Cause.COMMIT)

    def stop(self, cause):
        stopped, self.open = self.open, None
        stopped.stopped = True
        yield m.SpeechStopped(stopped.number, self.now, cause)

    def back(self):
        if self.decoding:
            event = self.decoding[0].decode()
            if not isinstance(event, m.Partial | None):
                self.decoding.pop(0)
            if event is not None:
                yield event


class Utterance:
    """Text that becomes known piece by piece; what is stable stays."""

    def __init__(self, number, dice):
        self.number, self.dice, self.stopped = number, dice, False
        self.text = "".join(
            dice.choice(["one", " ", "two", "é", "漢字", "\n", '"']) for _ in range(dice.randrange(6))
        )
        self.stable = 0

    def decode(self):
        if self.stopped and self.dice.random() < 0.4:
            return self.end()
        self.stable = self.dice.randint(self.stable, len(self.text))
        guess = self.text[: self.stable] + self.dice.choice(["", "guess", self.text[self.stable :]])
        return m.Partial(self.number, Hypothesis(guess, self.stable))

    def end(self):
        if self.dice.random() < 0.2:
            return m.Failed(self.number, EngineFailed("out of luck"))
        return m.Final(self.number, self.text, 0.0, 1.0)


ITEM = "conversation.item."
TRANSCRIPTION = "conversation.item.input_audio_transcription."


def by_item(events):
    told = defaultdict(list)
    for event in events:
        item = event.get("item_id") or event.get("item", {}).get("id")
        if item:
            told[item].append(event)
    return told


def check_item(told):
    kinds = [event["type"] for event in told]
    assert kinds.count("input_audio_buffer.speech_started") <= 1
    if "input_audio_buffer.committed" not in kinds:
        return "cleared"
    committed = kinds.index("input_audio_buffer.committed")
    assert kinds[committed + 1 : committed + 3] == [f"{ITEM}added", f"{ITEM}done"]
    assert kinds.count("input_audio_buffer.committed") == 1
    if "input_audio_buffer.speech_stopped" in kinds:
        assert kinds[committed - 1] == "input_audio_buffer.speech_stopped"
        assert "input_audio_buffer.speech_started" in kinds
    ends = [kind for kind in kinds if kind in (f"{TRANSCRIPTION}completed", f"{TRANSCRIPTION}failed")]
    assert ends == kinds[-1:]
    deltas = [event["delta"] for event in told if event["type"] == f"{TRANSCRIPTION}delta"]
    if kinds[-1] == f"{TRANSCRIPTION}completed":
        assert "".join(deltas) == told[-1]["transcript"]
        assert told[-1]["usage"]["seconds"] >= 0
    return "ended"


@pytest.mark.parametrize("turn_detection", [{"type": "server_vad"}, None], ids=["vad", "manual"])
@pytest.mark.parametrize(
    "include", [[], ["item.input_audio_transcription.unstable"]], ids=["plain", "unstable"]
)
def test_every_item_ends_once_and_its_deltas_are_its_transcript(turn_detection, include):
    outcomes = defaultdict(int)
    for seed in range(150):
        adapter = opened()
        session = {
            "type": "transcription",
            "include": include,
            "audio": {"input": {"turn_detection": turn_detection}},
        }
        [command] = tell(adapter, type="session.update", session=session)
        adapter.send(m.Configured(command.options))
        said(adapter)
        played = list(Stage(seed).play())
        for event in played:
            adapter.send(event)
        events = said(adapter)
        for told in by_item(events).values():
            outcomes[check_item(told)] += 1
        check_whole(played, events, manual=turn_detection is None, watching=bool(include))
    assert outcomes["ended"] > 500, "the stage plays too little"


def check_whole(played, events, *, manual, watching):
    kinds = [event["type"] for event in events]
    stopped = [event for event in played if isinstance(event, m.SpeechStopped)]
    assert kinds.count("input_audio_buffer.committed") == len(stopped)
    assert kinds.count("input_audio_buffer.cleared") == sum(isinstance(event, m.Cleared) for event in played)
    chain = [event for event in events if event["type"] == "input_audio_buffer.committed"]
    assert [event["previous_item_id"] for event in chain] == [None, *(event["item_id"] for event in chain)][
        : len(chain)
    ]
    if manual:
        assert not any("speech_" in kind for kind in kinds)
    if not watching:
        assert all(event["delta"] for event in events if event["type"] == f"{TRANSCRIPTION}delta")


def known(*settings):
    adapter = OpenAiRealtime(surroundings())
    commands = adapter.connect(Handshake("/v1/realtime", settings=tuple(map(json.dumps, settings))))
    return adapter, commands


def test_settings_that_are_known_hold_from_the_start_the_later_before_the_earlier():
    one = {"type": "transcription", "audio": {"input": {"transcription": {"model": "a", "language": "en"}}}}
    two = {"audio": {"input": {"transcription": {"model": "b"}, "turn_detection": None}}}
    adapter, commands = known(one, two)
    options = commands[0].options
    assert (options.model, options.language, options.turns.voice) == ("b", "en", False)
    [created] = said(adapter)
    assert created["type"] == "session.created"
    assert created["session"]["audio"]["input"]["transcription"]["model"] == "b"


@pytest.mark.parametrize(
    ("session", "code", "param"),
    [
        ({"type": "realtime"}, "invalid_parameter", "session.type"),
        ({"audio": {"input": 5}}, "invalid_type", "session.audio.input"),
        ([], "invalid_type", "session"),
    ],
)
def test_settings_that_may_not_be_are_refused(session, code, param):
    with pytest.raises(BadRequest) as refused:
        known(session)
    assert (refused.value.code, refused.value.param) == (code, param)


def test_audio_beside_the_events_counts_like_appended_audio():
    adapter = opened()
    audio = m.Audio(np.zeros(9_600, np.float32), 48_000)
    assert adapter.listen(audio) == [audio]
    assert tell(adapter, type="input_audio_buffer.commit") == [m.Commit()]
    adapter.leave()
    assert adapter.listen(audio) == []


def test_who_joins_is_told_the_settings_in_force():
    adapter = opened()
    [update] = tell(adapter, type="session.update", session={"audio": {"input": {"turn_detection": None}}})
    adapter.send(m.Configured(update.options))
    [greeting] = map(json.loads, adapter.greet())
    assert greeting["type"] == "session.created"
    assert greeting["session"]["audio"]["input"]["turn_detection"] is None
    assert [event["type"] for event in said(adapter)] == ["session.updated"]  # nobody else is greeted


def resumable(**more):
    adapter = OpenAiRealtime(surroundings(**more))
    adapter.connect(Handshake("/v1/realtime"))
    tell(adapter, type="session.update", session={"type": "transcription", "resume": {}})
    for _ in range(2):
        adapter.send(m.Configured(Options()))
    adapter.frames_to_send()
    return adapter


def test_a_client_that_can_go_on_elsewhere_is_not_waited_for():
    adapter = resumable()
    assert adapter.claim == "sess_1"
    assert adapter.leave() == []
    adapter = resumable()
    assert tell(adapter, type="session.close") == [m.Finish()]
    assert opened().claim is None and opened().leave() == [m.Finish()]


def test_a_session_that_is_too_old_goes_on_elsewhere_without_a_word():
    now = 1_000.0
    adapter = resumable(now=lambda: now, lifetime=60.0)
    now += 60.0
    assert adapter.expire() == []
    assert adapter.frames_to_send() == [Close(1001)]


def test_a_session_that_goes_on_is_claimed_by_its_own_name():
    adapter = opened()
    resume = {"session": "sess_before", "audio_start": 24_000, "last_seq": 1}
    (command,) = tell(adapter, type="session.update", session={"type": "transcription", "resume": resume})
    assert command.resume == m.Settled(16_000, 0, 0, reentry=m.Reentry(24_000, 24_000))
    assert adapter.claim is None  # it may be refused yet
    adapter.send(m.Configured(command.options))
    assert adapter.claim == "sess_before"


def test_a_call_cannot_be_resumed():
    adapter = OpenAiRealtime(surroundings())
    adapter.connect(Handshake("/v1/realtime/calls", call=True))
    with pytest.raises(BadRequest) as refused:
        tell(adapter, type="session.update", session={"type": "transcription", "resume": {}})
    assert refused.value.param == "session.resume"
