from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from engines.contract import EngineContract, Speech, cut, cuts, decode_all, hear
from engines.recordings import read
from engines.scripted import Scripted, burst, say, spell
from saywire.engines import Entry, find
from saywire.engines.base import Engine, EngineInfo, Stream
from saywire.engines.fake import Conduct, FakeEngine
from saywire.engines.fallback import PATIENCE, RETRY, Fallback, go_on, keep_stable, load
from saywire.engines.sherpa import load_tiny
from saywire.engines.windowed import Windowed
from saywire.errors import EngineFailed, OutOfOrder, Unsupported
from saywire.types import RATE, Hypothesis, Options, Samples, Word

LOUD = burst(5)[: RATE // 10]
"""One word of the fake engine."""


def talk(count: int) -> Samples:
    return say(*range(1, count + 1))


class Broken(FakeEngine):
    """Fails so many decode steps, or all streams that begin loudly, or does not open at all."""

    def __init__(self, times: int = 0, opens: bool = True, error: Exception | None = None) -> None:
        super().__init__()
        self.times, self.opens = times, opens
        self.error = error or EngineFailed("broken, as it was told to be")
        self.steps = 0

    def open(self, options: Options, context: str = "") -> Stream:
        if not self.opens:
            raise self.error
        return super().open(options, context)

    def decode(self, streams: Sequence[Stream]) -> None:
        self.steps += 1
        if self.times:
            self.times -= 1
            raise self.error
        super().decode(streams)


class Contract(EngineContract):
    def speech(self) -> list[Speech]:
        return [
            Speech(read("please-play-five"), "please play five"),
            Speech(read("three-one-eight"), "three one eight"),
        ]


class TestNothingFails(Contract):
    def make(self) -> Engine:
        return Fallback("safe", [load_tiny(), FakeEngine()])


class TestTheFirstNeverOpens(Contract):
    def make(self) -> Engine:
        return Fallback("safe", [Broken(opens=False), load_tiny()])


class TestTheFirstAlwaysFails(EngineContract):
    def make(self) -> Engine:
        return Fallback("safe", [Broken(times=10**9), Windowed(Scripted())])

    def speech(self) -> list[Speech]:
        return [Speech(say(*numbers), spell(*numbers)) for numbers in ((1, 2, 3, 4, 5), (7, 3, 9))]


def test_the_next_takes_over_in_mid_utterance_and_nothing_is_lost() -> None:
    engine = Fallback("safe", [FakeEngine(Conduct(fail_on="four")), FakeEngine()])
    stream, samples = engine.open(Options()), talk(3)
    whole = hear(FakeEngine(), FakeEngine().open(Options()), samples)
    held = ""
    for chunk in cut(samples, cuts(1600)):
        stream.accept(chunk)
        now = decode_all(engine, stream)
        assert now.text[: now.stable].startswith(held)
        held = now.text[: now.stable]
    stream.finish()
    assert decode_all(engine, stream) == whole


@pytest.mark.parametrize("finished", [False, True])
def test_it_takes_over_at_any_step(finished: bool) -> None:
    for step in range(12):
        first = FakeEngine()
        engine = Fallback("safe", [first, Windowed(Scripted())])
        stream = engine.open(Options())
        stream.accept(talk(3)[: 1000 if finished else None])
        if finished:
            stream.accept(talk(3)[1000:])
            stream.finish()
        for _ in range(step):
            engine.decode([stream])
        said = stream.hypothesis.text
        first.decode = fail  # type: ignore[method-assign]
        if not finished:
            stream.finish()
        final = decode_all(engine, stream)
        assert final.text.startswith(said)
        assert final.stable == len(final.text)
        if step == 0:
            assert final.text == spell(1, 2, 3)


def fail(streams: Sequence[Stream]) -> None:
    raise EngineFailed("gone")


@pytest.mark.parametrize("error", [EngineFailed("x"), RuntimeError("x"), OSError("x"), ValueError("x")])
def test_what_native_libraries_raise_is_a_failure(error: Exception) -> None:
    engine = Fallback("safe", [Broken(1, error=error), FakeEngine()])
    assert hear(engine, engine.open(Options()), LOUD).text == "one"
    with pytest.raises(EngineFailed, match="x"):
        engine = Fallback("safe", [Broken(1, error=error), Broken(1, error=error)])
        hear(engine, engine.open(Options()), LOUD)


def test_the_next_takes_over_from_one_that_fails_at_a_partial() -> None:
    """Rather than to wait for the end, which would fail too."""
    engine = Fallback("safe", [Windowed(Scripted(fails=1)), FakeEngine()])
    stream = engine.open(Options())
    stream.accept(talk(3))
    assert decode_all(engine, stream).text == "one two three four five six seven eight nine ten one two"


def test_wrong_use_is_no_failure() -> None:
    engine = Fallback("safe", [Broken(1, error=OutOfOrder("ours")), FakeEngine()])
    stream = engine.open(Options())
    with pytest.raises(OutOfOrder):
        engine.decode([stream])
    stream.accept(LOUD)
    with pytest.raises(OutOfOrder, match="ours"):
        engine.decode([stream])


def test_only_the_guilty_of_a_batch_moves() -> None:
    first, second = FakeEngine(Conduct(fail_on="two")), FakeEngine()
    engine = Fallback("safe", [first, second])
    streams = [engine.open(Options()) for _ in range(3)]
    for stream, samples in zip(streams, (LOUD, talk(1), LOUD), strict=True):
        stream.accept(samples)
        stream.finish()
    while batch := [stream for stream in streams if stream.ready]:
        engine.decode(batch)
    assert [stream.hypothesis.text for stream in streams] == ["one", "one two three four", "one"]
    assert sum(second.batches) == 5


def test_the_next_utterance_goes_back_to_the_first() -> None:
    first, second = Broken(times=1), FakeEngine()
    engine = Fallback("safe", [first, second])
    stream = engine.open(Options())
    hear(engine, stream, LOUD)
    assert (first.batches, second.batches) == ([], [1])
    stream.reset()
    hear(engine, stream, LOUD)
    assert (first.batches, second.batches) == ([1], [1])


def test_an_engine_that_fails_always_is_passed_over_and_tried_again_now_and_then() -> None:
    first = Broken(times=PATIENCE)
    engine = Fallback("safe", [first, FakeEngine()])
    stream = engine.open(Options())
    steps = []
    for _ in range(PATIENCE + RETRY):
        hear(engine, stream, LOUD)
        stream.reset()
        steps.append(first.steps)
    assert steps[PATIENCE - 1] == PATIENCE
    assert steps[PATIENCE + RETRY - 2] == PATIENCE
    assert steps[-1] == PATIENCE + 1
    hear(engine, stream, LOUD)
    assert first.steps == PATIENCE + 2  # well again


def test_engines_must_match_and_refuse_what_they_lack() -> None:
    class Slow(FakeEngine):
        @property
        def info(self) -> EngineInfo:
            return replace(super().info, name="slow", sample_rate=8_000)

    with pytest.raises(EngineFailed, match="'slow' 8000 Hz, 'fake' 16000 Hz"):
        Fallback("safe", [Slow(), FakeEngine()])
    with pytest.raises(EngineFailed, match="there are: none"):
        Fallback("safe", [])
    engine = Fallback(
        "safe", [FakeEngine(Conduct(languages=("en", "zh"))), FakeEngine(Conduct(languages=("zh",)))]
    )
    with pytest.raises(Unsupported, match="it has: zh"):
        engine.open(Options(language="en"))
    engine.close()
    assert all(each.closed for each in engine.engines if isinstance(each, FakeEngine))


def test_one_that_cannot_be_loaded_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    absent = Entry("absent", "fake:load", ("no_such_module",), "pip install it", (), "")
    engine = load("safe", (absent, find("tiny")))
    assert engine.info.name == "safe"
    assert hear(engine, engine.open(Options()), read("three-one-eight")).text == "three one eight"
    assert "'safe' goes on without 'absent': engine 'absent' needs no_such_module" in caplog.text
    with pytest.raises(EngineFailed, match="'absent' needs"):
        load("safe", (absent, absent))


def test_the_context_is_the_first_engines() -> None:
    engine = Fallback("safe", [FakeEngine(Conduct(adapts=True, fail_on="four")), FakeEngine()])
    stream = engine.open(Options())
    hear(engine, stream, LOUD)
    stream.reset()
    assert stream.context == "1"
    assert hear(engine, stream, talk(1)).text == "two three four"
    stream.reset()
    assert stream.context == "1"
    assert hear(engine, stream, LOUD).text == "two"


@pytest.mark.parametrize(
    ("held", "now", "stable", "text", "settled"),
    [
        ("", "one two", 3, "one two", 3),
        ("one", "one two", 0, "one two", 3),
        ("one two", "one", 0, "one two", 7),
        ("one two", "One, two three", 8, "one two three", 7),
        ("one two", "One, two three", 14, "one two three", 13),
        ("打开", "打 开 灯", 0, "打开灯", 2),
        ("打开", "大开灯", 3, "打开灯", 3),
    ],
)
def test_a_successor_goes_on_where_stable_text_ends(
    held: str, now: str, stable: int, text: str, settled: int
) -> None:
    said = go_on(Hypothesis(held, len(held)), Hypothesis(now, stable))
    assert (said.text, said.stable) == (text, settled)


def test_words_go_on_too() -> None:
    words = (Word("one", 0, 1), Word("two", 1, 2), Word("three", 2, 3))
    held = keep_stable(Hypothesis("one two three", 7, words, "en"))
    assert held == Hypothesis("one two", 7, words[:2], "en")
    later = (Word("one", 0, 1), Word("too", 1.1, 2.1), Word("three", 1.9, 3))
    said = go_on(held, Hypothesis("one too three", 0, later))
    assert said.words == (*words[:2], Word("three", 2, 3))
    assert said.language == "en"
