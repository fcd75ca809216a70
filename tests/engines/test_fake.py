import os

import numpy as np
import pytest

from engines.contract import EngineContract, Speech, decode_all, hear, tell
from saywire.engines import Entry
from saywire.engines.fake import BLOCK, Conduct, FakeEngine, load, load_doubting
from saywire.errors import EngineFailed, OutOfOrder
from saywire.types import Hypothesis, Options, Samples, Word


def blocks(pattern: str) -> Samples:
    """Audio of one block a character: '#' is loud, '.' is quiet."""
    levels = np.array([0.5 if mark == "#" else 0.001 for mark in pattern], np.float32)
    return np.repeat(levels, BLOCK)


class FakeContract(EngineContract):
    def speech(self) -> list[Speech]:
        return [Speech(blocks(".#.##."), "one two three"), Speech(blocks("#..#"), "one two")]


class TestNative(FakeContract):
    def make(self) -> FakeEngine:
        return load()


class TestNone(FakeContract):
    def make(self) -> FakeEngine:
        return load_doubting()


class TestAgreementWithTail(FakeContract):
    def make(self) -> FakeEngine:
        return FakeEngine(Conduct(stability="agreement", tail=0.25, languages=("en", "zh")))


class TestAdapting(FakeContract):
    def make(self) -> FakeEngine:
        return FakeEngine(Conduct(adapts=True))


def test_words_have_exact_times() -> None:
    engine = load()
    audio = blocks(".##")[: 3 * BLOCK - 400]
    assert hear(engine, engine.open(Options(language="de")), audio) == Hypothesis(
        "one two", 7, (Word("one", 0.1, 0.2, 1.0), Word("two", 0.2, 0.275, 1.0)), "de"
    )


def test_the_newest_word_is_revised_where_it_is_not_native() -> None:
    engine = FakeEngine(Conduct(stability="agreement"))
    stream = engine.open(Options())
    seen = []
    for block in np.split(blocks("##."), 3):
        stream.accept(block)
        now = decode_all(engine, stream)
        seen.append((now.text, now.stable))
    assert seen == [("one?", 0), ("one two?", 3), ("one two", 7)]


def test_an_adapting_script_goes_on_over_reset() -> None:
    engine = FakeEngine(Conduct(adapts=True))
    stream = engine.open(Options())
    assert hear(engine, stream, blocks("##")).text == "one two"
    stream.reset()
    assert hear(engine, stream, blocks("#")).text == "three"


def test_it_fails_once_before_any_stream_of_the_batch_has_moved() -> None:
    engine = FakeEngine(Conduct(fail_on="two"))
    streams = [engine.open(Options()) for _ in range(2)]
    for stream, audio in zip(streams, ("##", ".."), strict=True):
        stream.accept(blocks(audio))
    engine.decode(streams)
    with pytest.raises(EngineFailed, match="two"):
        engine.decode(streams)
    assert [stream.ready for stream in streams] == [True, True]
    engine.decode(streams)
    assert [tell(stream.hypothesis)[0] for stream in streams] == ["one two", ""]
    assert engine.batches == [2, 2]


def test_it_can_end_its_process() -> None:
    child = os.fork()
    if not child:
        engine = Entry("deadly", "fake:load_deadly", (), "", (), "").load()
        hear(engine, engine.open(Options()), blocks("###"))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 70


@pytest.mark.parametrize(
    ("name", "long_steps", "max_streams"),
    [("load", False, None), ("load_slow", True, None), ("load_single", False, 1)],
)
def test_kinds_are_loaded_by_name(name: str, long_steps: bool, max_streams: int | None) -> None:
    info = Entry("kind", f"fake:{name}", (), "", (), "").load().info
    assert (info.long_steps, info.max_streams) == (long_steps, max_streams)


def test_it_is_strict_about_order() -> None:
    engine = load()
    stream = engine.open(Options())
    with pytest.raises(OutOfOrder, match="ready"):
        engine.decode([stream])
    with pytest.raises(OutOfOrder, match="1 to 4"):
        engine.decode([])
    stream.finish()
    with pytest.raises(OutOfOrder, match="after finish"):
        stream.accept(blocks("#"))
    with pytest.raises(OutOfOrder, match="once"):
        stream.finish()


def test_a_batch_has_a_limit() -> None:
    engine = load()
    streams = [engine.open(Options()) for _ in range(5)]
    for stream in streams:
        stream.accept(blocks("#"))
    with pytest.raises(OutOfOrder, match="5 streams"):
        engine.decode(streams)
