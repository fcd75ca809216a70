from __future__ import annotations

from dataclasses import replace

import pytest

from core.drive import tone
from engines.scripted import Scripted
from saywire import messages as m
from saywire.core.decoding import Decoding, End, Feed, Say, Utterance, shifted
from saywire.core.state import Fate
from saywire.core.tape import Tape
from saywire.engines.base import Engine, EngineInfo
from saywire.engines.fake import Conduct, FakeEngine, FakeStream
from saywire.engines.windowed import Pace, Windowed
from saywire.errors import EngineFailed, PartialLost
from saywire.types import RATE, Hypothesis, Options, Word


class Bench:
    """A decoding half alone, with ten seconds of tone on its tape."""

    def __init__(self, engine: Engine | None = None) -> None:
        self.engine = engine or FakeEngine()
        self.events: list[m.Event] = []
        tape = Tape()
        tape.append(tone(10))
        self.decoding = Decoding(self.engine, tape, self.events, "")

    def utter(self, number: int, start: int, end: int, options: Options | None = None) -> Utterance:
        utterance = Utterance(number, start, start, options or Options())
        self.decoding.add(Feed(utterance, start, end))
        utterance.end = utterance.voice_end = end
        utterance.go(Fate.END)
        self.decoding.add(End(utterance))
        return utterance

    def run(self) -> list[m.Event]:
        self.decoding.advance()
        while self.decoding.busy:
            self.engine.decode([self.decoding.stream])
            self.decoding.advance()
        return [event for event in self.events if not isinstance(event, m.Partial)]


def test_utterances_are_decoded_in_order_and_say_what_lies_between() -> None:
    bench = Bench()
    bench.utter(0, 0, 3200)
    bench.decoding.add(Say(m.Marked(7)))
    bench.utter(1, 8000, 9600)
    first, mark, second = bench.run()
    assert isinstance(first, m.Final) and first.text == "one two"
    assert mark == m.Marked(7)
    assert isinstance(second, m.Final) and (second.text, second.words[0].start) == ("one", 0.5)
    assert bench.decoding.idle


def test_what_waited_for_the_stream_is_fed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that an engine that is behind shows its newest partial, not each that it has missed."""
    fed: list[int] = []
    monkeypatch.setattr(FakeStream, "accept", lambda _, samples: fed.append(len(samples)))
    bench = Bench()
    utterance, other = Utterance(0, 0, 0, Options()), Utterance(1, 1000, 1000, Options())
    for step in (Feed(utterance, 0, 100), Feed(utterance, 100, 250), Feed(utterance, 250, 300)):
        bench.decoding.add(step)
    bench.decoding.add(Say(m.Marked(1)))
    bench.decoding.add(Feed(utterance, 300, 350))
    bench.decoding.add(Feed(other, 1000, 1100))
    bench.decoding.advance()
    assert fed == [300, 50, 100]


def test_settling_forgets_the_tape_and_carries_the_engine_s_context() -> None:
    bench = Bench(FakeEngine(Conduct(adapts=True)))
    bench.utter(0, 0, 4800)
    bench.decoding.add(Say(m.Settled(160_000, 0, 1)))
    assert bench.run()[-1] == m.Settled(160_000, 0, 1, "3")
    with pytest.raises(IndexError):
        bench.utter(1, 0, 100)
        bench.run()


def test_a_stream_that_failed_is_replaced_for_the_next_utterance() -> None:
    bench = Bench()
    bench.utter(0, 0, 3200)
    bench.utter(1, 3200, 6400)
    bench.decoding.advance()
    bench.decoding.fail(EngineFailed("no"))
    failed, final = bench.run()
    assert isinstance(failed, m.Failed) and failed.utterance == 0
    assert isinstance(final, m.Final) and final.text == "one two"


def test_a_lost_partial_harms_nobody() -> None:
    bench = Bench()
    bench.utter(0, 0, 3200)
    bench.decoding.advance()
    bench.engine.decode([bench.decoding.stream])
    bench.decoding.fail(PartialLost("the recogniser was away"))
    (final,) = bench.run()
    assert isinstance(final, m.Final) and final.text == "one two"


def test_nothing_is_decoded_for_a_partial_that_would_come_with_the_final() -> None:
    """The recogniser is asked once, for the final, and not for a refresh at the same place before it."""
    engine = Windowed(recognizer := Scripted(), Pace(agree=0))
    bench = Bench(engine)
    bench.utter(0, 0, 3 * RATE)
    bench.run()
    assert recognizer.heard == [3.0]


def test_who_lags_behind_an_end_goes_on_showing_what_it_finds() -> None:
    bench = Bench()
    bench.utter(0, 0, 4800)
    bench.run()
    partials = [event.hypothesis.text for event in bench.events if isinstance(event, m.Partial)]
    assert partials == ["one", "one two"]


def test_an_utterance_of_options_the_engine_refuses_fails_alone() -> None:
    bench = Bench(FakeEngine(Conduct(languages=("en",))))
    bench.utter(0, 0, 3200, Options(language="zh"))
    bench.utter(1, 0, 3200, Options(language="en"))
    failed, final = bench.run()
    assert isinstance(failed, m.Failed) and failed.error.code == "unsupported"
    assert isinstance(final, m.Final) and final.language == "en"


def test_word_times_move_to_the_session_s_clock_and_stay_inside() -> None:
    utterance = Utterance(0, 2 * RATE, None, Options(), end=3 * RATE)
    found = Hypothesis("a b", 3, (Word("a", 0.1, 0.4), Word("b", 0.8, 1.2)))
    assert shifted(found, utterance).words == (Word("a", 2.1, 2.4), Word("b", 2.8, 3.0))
    assert shifted(Hypothesis("a"), utterance) == Hypothesis("a")


class Telephone(FakeEngine):
    """At 8 kHz, so that there is a resampler before it."""

    @property
    def info(self) -> EngineInfo:
        return replace(super().info, sample_rate=8000)


def test_a_failed_utterance_leaves_no_audio_before_the_next() -> None:
    heard: list[int] = []
    for fail in (True, False):
        bench = Bench(Telephone())
        first = Utterance(0, 0, 0, Options())
        if fail:
            bench.decoding.add(Feed(first, 0, 1600))
            bench.decoding.advance()
            bench.decoding.fail(EngineFailed("as it was told to"))
            first.end = 1600
            first.go(Fate.END)
            bench.decoding.add(End(first))
            bench.run()
        second = Utterance(1, 1600, 1600, Options())
        bench.decoding.add(Feed(second, 1600, 3000))
        second.end = 3000
        second.go(Fate.END)
        bench.decoding.add(End(second))
        bench.decoding.advance()
        stream = bench.decoding.stream
        assert isinstance(stream, FakeStream)
        heard.append(stream._heard)
    assert heard[0] == heard[1] == 700
