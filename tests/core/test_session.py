from __future__ import annotations

import itertools
import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.drive import Drive, Late, cut, finals, kinds, quiet, tone
from saywire import messages as m
from saywire.core.session import LONGEST_SILENCE, Session
from saywire.engines.base import EngineInfo, Stream
from saywire.engines.fake import Conduct, FakeEngine
from saywire.errors import BadRequest, EngineFailed, OutOfOrder, PartialLost, Unsupported
from saywire.types import RATE, Options, Samples, Turns

TALK = np.concatenate(
    [quiet(0.7), tone(0.5), quiet(1.1), tone(0.9), quiet(0.2), tone(0.4), quiet(2.3), tone(0.3), quiet(0.1)]
)
MANUAL = Options(turns=Turns(voice=False))


def outcome(events: list[m.Event]) -> list[list[m.Event]]:
    """What law 1 is about: turns, finals and boundaries, each in their order."""
    kinds = (m.SpeechStarted, m.SpeechStopped), (m.Final,), (m.Settled,)
    return [[event for event in events if isinstance(event, kind)] for kind in kinds]


def test_an_utterance_is_started_stopped_and_final() -> None:
    events = Drive().give(quiet(1), tone(0.5), quiet(1), m.Finish())
    assert kinds(events) == ["SpeechStarted", "SpeechStopped", "Final", "Finished"]
    started, stopped = events[0], next(e for e in events if isinstance(e, m.SpeechStopped))
    final = finals(events)[0]
    assert isinstance(started, m.SpeechStarted)
    assert final.text.startswith("one two three four")
    assert started.at == pytest.approx(0.7, abs=0.033)  # 0.3 s of padding before the voice
    assert stopped.cause is m.Cause.SILENCE
    assert stopped.at == pytest.approx(2.0, abs=0.033)
    assert (final.start, final.end) == (pytest.approx(1.0, abs=0.033), pytest.approx(1.5, abs=0.033))
    assert all(final.start - 0.1 <= w.start < w.end <= final.end + 0.1 for w in final.words)


@pytest.mark.parametrize("size", [1, 7, 160, 999, 1600, len(TALK)])
def test_law_1_cuts_do_not_matter(size: int) -> None:
    whole = Drive().give(TALK, m.Finish())
    drive = Drive()
    drive.give(*cut(TALK, size), m.Finish())
    assert outcome(drive.events) == outcome(whole)
    assert len(finals(whole)) == 3


@given(st.lists(st.integers(0, 5), max_size=40), st.integers(100, 5000))
@settings(max_examples=40, deadline=None)
def test_law_1_the_speed_of_decoding_does_not_matter(steps: list[int], size: int) -> None:
    whole = Drive().give(TALK, m.Finish())
    drive = Drive(lag=True)
    for i, part in enumerate(cut(TALK, size)):
        drive.give(part)
        drive.decode(steps[i % len(steps)] if steps else 0)
    drive.give(m.Finish())
    drive.decode()
    assert outcome(drive.events) == outcome(whole)


def test_law_2_speech_events_do_not_wait_for_decoding() -> None:
    drive = Drive(lag=True)
    assert kinds(drive.give(quiet(1), tone(0.5), quiet(1), tone(0.5))) == [
        "SpeechStarted",
        "SpeechStopped",
        "SpeechStarted",
    ]


COMMANDS = st.one_of(
    st.floats(0.01, 1.0).map(lambda s: m.Audio(tone(s))),
    st.floats(0.01, 3.0).map(lambda s: m.Audio(quiet(s))),
    st.just(m.Commit()),
    st.just(m.Clear()),
    st.integers(0, 9).map(m.Mark),
    st.sampled_from([Options(), MANUAL, Options(language="xx")]).map(m.Configure),
)


@given(st.lists(COMMANDS, max_size=25), st.booleans(), st.booleans())
@settings(max_examples=150, deadline=None)
def test_law_3_every_order_of_commands_ends_every_utterance_once(
    commands: list[m.Command], lag: bool, fails: bool
) -> None:
    engine = FakeEngine(Conduct(fail_on="three" if fails else "", languages=("en",)))
    session = Session(engine, Options())
    events: list[m.Event] = []
    for command in [*commands, m.Finish()]:
        session.receive(command)
        while (frame := session.next_frame()) is not None:
            session.hear(float(frame.max() > 0.1))
        events += session.events_to_send()
        if not lag:
            events += decode(session, engine)
    events += decode(session, engine)
    check_order(commands, events)
    assert session.finished and not session.ready


def decode(session: Session, engine: FakeEngine) -> list[m.Event]:
    session.advance()
    while session.ready:
        try:
            engine.decode([session.stream])
        except EngineFailed as error:
            session.fail(error)
        session.advance()
    return session.events_to_send()


def check_order(commands: list[m.Command], events: list[m.Event]) -> None:
    ended: list[int] = []
    stable: dict[int, str] = {}
    for event in events:
        match event:
            case m.SpeechStarted(number) | m.SpeechStopped(number):
                assert number not in ended
            case m.Partial(number, hypothesis):
                assert number not in ended
                assert hypothesis.text.startswith(stable.get(number, ""))
                stable[number] = hypothesis.text[: hypothesis.stable]
            case m.Final(number, text):
                assert text.startswith(stable.get(number, ""))
                ended.append(number)
            case m.Cleared(int() as number) | m.Failed(int() as number):
                ended.append(number)
            case _:
                pass
    assert sorted(ended) == list(range(len(ended)))
    assert [type(e) for e in events].count(m.Finished) == 1 and isinstance(events[-1], m.Finished)
    commits = sum(isinstance(c, m.Commit) for c in commands)
    assert sum(isinstance(e, m.SpeechStopped) and e.cause is m.Cause.COMMIT for e in events) == commits
    marks = [c.id for c in commands if isinstance(c, m.Mark)]
    assert [e.id for e in events if isinstance(e, m.Marked)] == marks
    answers = sum(
        isinstance(e, m.Configured) or (isinstance(e, m.Failed) and e.utterance is None) for e in events
    )
    assert answers == sum(isinstance(c, m.Configure) for c in commands)
    settled = [e.position for e in events if isinstance(e, m.Settled)]
    assert settled == sorted(settled)


@pytest.mark.parametrize("end", [m.Commit(), m.Finish()])
def test_audio_that_stops_at_its_last_word_keeps_it(end: m.Command) -> None:
    events = Drive(options=MANUAL).give(quiet(0.5), tone(0.55), end)
    assert finals(events)[0].text == "one two three four five six"


def test_a_commit_without_voice_is_an_empty_utterance() -> None:
    events = Drive(options=MANUAL).give(quiet(0.5), m.Commit(), tone(0.3), m.Commit(), m.Finish())
    assert [final.text for final in finals(events)] == ["", "one two three"]
    assert finals(events)[0].start == 0 and finals(events)[0].end == 0.5


def test_a_commit_ends_what_little_voice_there_was() -> None:
    events = Drive().give(quiet(0.5), tone(0.05), m.Commit())
    assert kinds(events) == ["SpeechStarted", "SpeechStopped", "Final"]
    assert finals(events)[0].text == "one"


def test_manual_turns_know_no_silence() -> None:
    events = Drive(options=MANUAL).give(tone(0.3), quiet(5), tone(0.3), m.Commit())
    assert len(finals(events)) == 1 and len(finals(events)[0].words) == 6


def test_clear_forgets_the_open_utterance_and_its_partials() -> None:
    drive = Drive(lag=True)
    drive.give(tone(0.5))
    drive.decode(1)
    events = drive.give(m.Clear(), quiet(1), tone(0.3), quiet(1))
    drive.decode()
    assert kinds(events)[0] == "Cleared"
    assert not any(isinstance(e, m.Partial) and e.utterance == 0 for e in drive.events[2:])
    assert [f.utterance for f in finals(drive.events)] == [1]


def test_clear_does_not_touch_what_ended_before() -> None:
    drive = Drive(lag=True)
    drive.give(tone(0.3), quiet(0.8), tone(0.3), m.Clear(), m.Finish())
    drive.decode()
    assert [f.utterance for f in finals(drive.events)] == [0]


def test_a_failed_utterance_does_not_end_the_session() -> None:
    engine = FakeEngine(Conduct(fail_on="three"))
    session = Session(engine, Options())
    events: list[m.Event] = []
    for part in (tone(0.5), quiet(1), tone(0.2), quiet(1)):
        session.receive(m.Audio(part))
        while (frame := session.next_frame()) is not None:
            session.hear(float(frame.max() > 0.1))
        events += session.events_to_send() + decode(session, engine)
    ends = [e for e in events if isinstance(e, m.Failed | m.Final)]
    assert isinstance(ends[0], m.Failed) and ends[0].error.code == "engine_failed"
    assert isinstance(ends[1], m.Final) and ends[1].text.startswith("one two")


def test_what_was_heard_while_a_partial_was_lost_is_decoded() -> None:
    drive = Drive(lag=True)
    drive.give(tone(0.3))
    drive.session.advance()
    drive.give(tone(0.3))  # a step fails meanwhile
    drive.session.fail(PartialLost("nobody answered"))
    while drive.session.ready:
        drive.engine.decode([drive.session.stream])
        drive.session.fail(PartialLost("nobody answered"))
    partials = [event for event in drive.session.events_to_send() if isinstance(event, m.Partial)]
    assert len(partials[-1].hypothesis.words) == 5  # of 0.6 s, in whole frames


def test_a_mark_waits_for_what_was_heard_before_it() -> None:
    drive = Drive(lag=True)
    drive.give(tone(0.55), m.Mark(3), tone(0.55))
    drive.decode()
    events = [event for event in drive.events if isinstance(event, m.Partial | m.Marked)]
    marked = events.index(m.Marked(3))
    before = events[marked - 1]
    assert isinstance(before, m.Partial) and len(before.hypothesis.words) == 5
    assert len(events) - marked - 1 == 5  # and for nothing more


def test_configure_leaves_the_stream_of_an_open_utterance_alone() -> None:
    """Even if no audio of it has gone there yet."""

    class Counting(FakeEngine):
        opened = 0

        def open(self, options: Options, context: str = "") -> Stream:
            self.opened += 1
            return super().open(options, context)

    drive = Drive(engine := Counting(), lag=True)
    drive.give(tone(0.5), m.Configure(Options(language="en")), tone(0.5), quiet(1))
    assert engine.opened == 1
    drive.decode()
    assert finals(drive.events)[0].language is None
    drive.give(tone(0.5), quiet(1))
    drive.decode()
    assert engine.opened == 2 and finals(drive.events)[1].language == "en"


def test_short_noise_is_no_utterance() -> None:
    assert kinds(Drive().give(quiet(0.5), tone(0.06), quiet(2), m.Finish())) == ["Finished"]


def test_the_longest_utterance_is_cut_at_a_short_pause() -> None:
    rules = Turns(longest=3.0)
    speech = np.concatenate([tone(2.2), quiet(0.15), tone(0.5), quiet(1)])
    events = Drive(options=Options(turns=rules)).give(speech)
    causes = [e.cause for e in events if isinstance(e, m.SpeechStopped)]
    assert causes == [m.Cause.LENGTH, m.Cause.SILENCE]
    assert finals(events)[0].end == pytest.approx(2.2, abs=0.033)


def test_without_a_pause_the_longest_utterance_is_cut_and_goes_on() -> None:
    events = Drive(options=Options(turns=Turns(longest=2.0))).give(tone(5), quiet(1))
    found = finals(events)
    assert [round(f.end, 1) for f in found] == [2.0, 4.0, 5.0]
    assert all(b.start == a.end for a, b in itertools.pairwise(found))


def test_configure_is_refused_as_a_whole_and_the_session_lives() -> None:
    engine = FakeEngine(Conduct(languages=("en",)))
    drive = Drive(engine)
    refused = drive.give(m.Configure(Options(language="zh", turns=Turns(voice=False))))
    assert isinstance(refused[0], m.Failed) and isinstance(refused[0].error, Unsupported)
    assert "it has: en" in str(refused[0].error)
    assert len(finals(drive.give(tone(0.5), quiet(1)))) == 1


def test_a_session_of_impossible_options_is_refused() -> None:
    with pytest.raises(Unsupported, match="zh"):
        Session(FakeEngine(Conduct(languages=("en",))), Options(language="zh"))


def test_nothing_after_finish() -> None:
    drive = Drive()
    drive.give(m.Finish())
    with pytest.raises(OutOfOrder):
        drive.give(tone(1))


def test_long_silence_settles_so_that_nothing_piles_up() -> None:
    events = Drive().give(*cut(quiet(60), 1600))
    settled = [e for e in events if isinstance(e, m.Settled)]
    assert len(settled) >= 60 * RATE // LONGEST_SILENCE - 1
    assert 60 * RATE - settled[-1].position <= LONGEST_SILENCE + 512


def test_a_session_that_begins_where_another_settled_says_the_same() -> None:
    whole = outcome(Drive(FakeEngine(Conduct(adapts=True))).give(TALK, m.Finish()))
    points = [event for event in whole[2] if isinstance(event, m.Settled)]
    assert len(points) == 2
    for point in points:
        drive = Drive(FakeEngine(Conduct(adapts=True)), resume=point)
        drive.give(TALK[point.position :], m.Finish())
        turns, ends, settled = outcome(drive.events)
        assert turns == [e for e in whole[0] if e.utterance >= point.utterance]  # type: ignore[union-attr]
        assert ends == [e for e in whole[1] if e.utterance >= point.utterance]  # type: ignore[union-attr]
        assert settled == whole[2][whole[2].index(point) + 1 :]


def test_word_times_count_from_the_session_start() -> None:
    events = Drive().give(quiet(10), tone(0.5), quiet(1))
    final = finals(events)[0]
    assert final.words[0].start == pytest.approx(10.0, abs=0.1)
    partial = next(e for e in events if isinstance(e, m.Partial))
    assert partial.hypothesis.words[0].start == final.words[0].start


def test_an_engine_of_another_rate_hears_its_own() -> None:
    class Half(FakeEngine):
        @property
        def info(self) -> EngineInfo:
            return replace(super().info, sample_rate=RATE // 2)

    events = Drive(Half(), MANUAL).give(tone(1.0), m.Commit())
    assert len(finals(events)[0].words) == 5  # its blocks of 1600 samples are 200 ms now


@pytest.mark.parametrize("padding", [8.0, 10.0, 60.0])
def test_a_padding_longer_than_a_long_silence_still_lets_the_session_settle(padding: float) -> None:
    drive = Drive(options=Options(turns=Turns(padding=padding)))
    events = drive.give(quiet(4 * padding), tone(1), quiet(1), m.Finish())
    settled = [event.position for event in events if isinstance(event, m.Settled)]
    assert settled == sorted(set(settled)) and settled
    assert 10 <= sum(len(final.words) for final in finals(events)) <= 11


@pytest.mark.parametrize(
    "turns",
    [
        Turns(padding=float("inf")),
        Turns(padding=float("nan")),
        Turns(padding=-1.0),
        Turns(silence=float("nan")),
    ],
)
def test_turns_that_cannot_be_are_refused(turns: Turns) -> None:
    with pytest.raises(BadRequest):
        Drive(options=Options(turns=turns))
    drive = Drive()
    (failed,) = drive.give(m.Configure(Options(turns=turns)))
    assert isinstance(failed, m.Failed) and failed.error.code == "invalid_request"
    assert [final.text for final in finals(drive.give(tone(0.2), quiet(1), m.Finish()))] == ["one two"]


PAUSES = np.concatenate(
    [quiet(0.7), tone(0.5), quiet(1.1), tone(0.9), quiet(0.6), tone(0.4), quiet(2.3), tone(0.3), quiet(0.1)]
)
SEMANTIC = Options(turns=Turns(semantic=True, patience=2.0))


def has_said_enough(question: Samples) -> float:
    """A turn model: who has spoken for a second has finished."""
    return float(np.count_nonzero(question > 0.1) >= RATE)


def test_a_turn_goes_on_over_pauses_until_the_model_finds_it_finished() -> None:
    events = Drive(options=SEMANTIC, turn_model=has_said_enough).give(PAUSES, m.Finish())
    stops = [(event.cause, event.at) for event in events if isinstance(event, m.SpeechStopped)]
    assert stops == [
        (m.Cause.SILENCE, pytest.approx(3.4, abs=0.05)),  # 0.5 s and, after 1.1 s, 0.9: 200 ms behind them
        (m.Cause.SILENCE, pytest.approx(4.2 + 2.0, abs=0.05)),  # 0.4 s are not enough: its patience
        (m.Cause.FINISH, pytest.approx(len(PAUSES) / RATE)),
    ]


@pytest.mark.parametrize("size", [1, 7, 160, 999, 1600])
def test_law_1_holds_for_semantic_turns(size: int) -> None:
    whole = Drive(options=SEMANTIC, turn_model=has_said_enough).give(PAUSES, m.Finish())
    drive = Drive(options=SEMANTIC, turn_model=has_said_enough)
    drive.give(*cut(PAUSES, size), m.Finish())
    assert outcome(drive.events) == outcome(whole)


@pytest.mark.parametrize("seed", range(20))
def test_law_1_holds_however_late_answers_and_text_come(seed: int) -> None:
    chance = random.Random(seed)
    orders: list[m.Command] = [
        m.Commit(),
        m.Clear(),
        m.Mark(7),
        m.Configure(Options()),
        m.Configure(SEMANTIC),
    ]
    said: list[m.Command | Samples] = []
    for _ in range(10):
        said += [tone(chance.uniform(0.02, 1.5)), quiet(chance.uniform(0.02, 2.5))]
        said += chance.sample(orders, chance.choice([0, 0, 1, 2]))
        said.append(tone(chance.uniform(0.02, 0.5)))
    whole = Drive(options=SEMANTIC, turn_model=has_said_enough).give(*said, m.Finish())
    late = Late(chance, SEMANTIC, has_said_enough)
    late.give(*said, m.Finish())
    while not late.session.finished:
        late.hear()
    assert outcome(late.events) == outcome(whole)
    assert sorted(kinds(late.events)) == sorted(kinds(whole))


def test_the_question_is_the_turn_up_to_now_its_end_if_it_is_long() -> None:
    asked: list[Samples] = []

    def ask(question: Samples) -> None:
        asked.append(question)

    Drive(options=SEMANTIC, turn_model=ask).give(quiet(1), tone(0.5), quiet(1), tone(9), quiet(0.3))
    assert [len(question) / RATE for question in asked] == [pytest.approx(1.0, abs=0.064), 8.0]
    assert all(question[-RATE // 5 :].max() == 0 < question[-RATE // 4] for question in asked)


def test_what_comes_before_the_answer_waits_for_it_and_comes_out_the_same() -> None:
    drive = Drive(options=SEMANTIC, turn_model=has_said_enough)
    whole = drive.give(tone(1.2), quiet(0.5), m.Clear(), tone(0.3), m.Commit(), m.Finish())
    session = Session(FakeEngine(), SEMANTIC, judged=True)
    for command in (
        m.Audio(tone(1.2)),
        m.Audio(quiet(0.5)),
        m.Clear(),
        m.Audio(tone(0.3)),
        m.Commit(),
        m.Finish(),
    ):
        session.receive(command)
        while (frame := session.next_frame()) is not None:
            session.hear(float(frame.max() > 0.1))
    assert kinds(session.events_to_send()) == ["SpeechStarted"] and not session.finished
    question = session.take_question()
    assert question is not None and session.take_question() is None
    session.answer(has_said_enough(question))
    while (frame := session.next_frame()) is not None:
        session.hear(float(frame.max() > 0.1))
    told = decode(session, FakeEngine())
    assert outcome([whole[0], *told]) == outcome(whole) and session.finished
