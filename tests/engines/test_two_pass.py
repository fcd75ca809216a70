from __future__ import annotations

from collections.abc import Sequence

import pytest

from engines.contract import EngineContract, Speech, cut, cuts, decode_all, hear, tell
from engines.recordings import read
from engines.scripted import Scripted, say, spell
from engines.test_offline import HEARD
from saywire.engines import find
from saywire.engines.base import Engine, Stream
from saywire.engines.fake import Conduct, FakeEngine
from saywire.engines.fallback import Fallback
from saywire.engines.sherpa import load_tiny as load_streaming
from saywire.engines.two_pass import TwoPass, hush, make
from saywire.engines.windowed import Pace, Windowed
from saywire.errors import EngineFailed, OutOfOrder, Unsupported
from saywire.types import Options


def load_tiny() -> Engine:
    return find("tiny-2pass").load()


class TestTinyTwice(EngineContract):
    def make(self) -> Engine:
        return load_tiny()

    def speech(self) -> list[Speech]:
        return [Speech(read(name), text) for name, text in HEARD.items()]


class TestFakeThenScripted(EngineContract):
    def make(self) -> Engine:
        return TwoPass("two", FakeEngine(Conduct(max_batch=3)), Windowed(Scripted(), Pace(step=0)))

    def speech(self) -> list[Speech]:
        return [Speech(say(*numbers), spell(*numbers)) for numbers in ((1, 2, 3, 4, 5), (7, 3, 9))]


def test_partials_are_the_first_engines_and_the_final_the_seconds() -> None:
    engine = TwoPass("two", FakeEngine(), Windowed(recognizer := Scripted(), Pace(step=0)))
    stream = engine.open(Options())
    stream.accept(say(7, 8))
    assert decode_all(engine, stream).text.startswith("one two three")
    assert stream.hypothesis.stable == 0
    assert recognizer.heard == []
    stream.finish()
    assert tell(decode_all(engine, stream))[0] == spell(7, 8)
    assert stream.hypothesis.stable == len(spell(7, 8))
    assert recognizer.heard == [1.0]


def test_tiny_partials_come_word_by_word() -> None:
    engine = load_tiny()
    stream, seen = engine.open(Options(language="en")), []
    for chunk in cut(read("three-one-eight"), cuts(800)):
        stream.accept(chunk)
        seen.append(decode_all(engine, stream).text)
    streaming = load_streaming()
    assert {"three", "three one"} <= set(seen)
    assert hear(streaming, streaming.open(Options()), read("three-one-eight")).text == "three one eight"


def test_what_was_not_drafted_is_left_out_at_the_end() -> None:
    draft = FakeEngine()
    engine = TwoPass("two", draft, Windowed(Scripted(), Pace(step=0)))
    stream = engine.open(Options())
    stream.accept(say(1, 2, 3))
    engine.decode([stream])
    stream.finish()
    assert decode_all(engine, stream).text == spell(1, 2, 3)
    assert draft.batches == [1]


def test_a_draft_that_fails_takes_only_its_partials_with_it() -> None:
    engine = TwoPass("two", FakeEngine(Conduct(fail_on="three")), Windowed(Scripted(), Pace(step=0)))
    one, other = engine.open(Options()), engine.open(Options())
    one.accept(say(1, 2, 3))
    other.accept(say(4)[:3200])
    for _ in range(20):
        if batch := [stream for stream in (one, other) if stream.ready]:
            engine.decode(batch)
    assert one.hypothesis.text == "one two"
    assert other.hypothesis.text == "one"
    one.finish()
    assert decode_all(engine, one).text == spell(1, 2, 3)
    one.reset()
    one.accept(say(1))
    assert decode_all(engine, one).text == "one two three four"


def test_a_native_library_that_fails_at_drafts_takes_only_its_partials_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    draft = FakeEngine()

    def fail(_: Sequence[Stream]) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(draft, "decode", fail)
    engine = TwoPass("two", draft, Windowed(Scripted(), Pace(step=0)))
    stream = engine.open(Options())
    stream.accept(say(1, 2))
    engine.decode([stream])
    stream.finish()
    assert decode_all(engine, stream).text == spell(1, 2)


def test_two_engines_must_match() -> None:
    class Slow(FakeEngine):
        @property
        def info(self):  # type: ignore[no-untyped-def]
            return super().info.__class__("slow", sample_rate=8_000)

    with pytest.raises(EngineFailed, match="'slow' hears 8000 Hz and 'fake' 16000 Hz"):
        TwoPass("two", Slow(), FakeEngine())
    engine = TwoPass(
        "two", FakeEngine(Conduct(languages=("en", "de"))), FakeEngine(Conduct(languages=("de",)))
    )
    with pytest.raises(Unsupported, match="it has: de"):
        engine.open(Options(language="en"))


def test_both_are_closed_even_when_the_second_cannot_be_loaded() -> None:
    def fail() -> Engine:
        raise EngineFailed("no such model")

    draft, fair = FakeEngine(), FakeEngine()
    with pytest.raises(EngineFailed, match="no such model"):
        make("two", lambda: draft, fail)
    assert draft.closed
    draft = FakeEngine()
    make("two", lambda: draft, lambda: fair).close()
    assert draft.closed and fair.closed


def test_who_has_the_last_word_decodes_nothing_before_the_end() -> None:
    recognizers = [Scripted(), Scripted(fails=1), Scripted()]
    alone, first, second = map(Windowed, recognizers)
    for engine in (hush(alone), hush(Fallback("spare", [first, second]))):
        stream = engine.open(Options())
        stream.accept(say(*range(10)))
        assert not stream.ready
        stream.finish()
        assert decode_all(engine, stream).text == spell(*range(10))
    assert [recognizer.heard for recognizer in recognizers] == [[5.0], [], [5.0]]
    fake = FakeEngine()
    assert hush(fake) is fake


def test_it_is_strict_about_order() -> None:
    engine = load_tiny()
    with pytest.raises(OutOfOrder):
        engine.decode([engine.open(Options())])
    with pytest.raises(OutOfOrder):
        engine.decode([])
