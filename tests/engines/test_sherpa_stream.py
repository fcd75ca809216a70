"""How audio goes into the library, with one that keeps books in its place; the real one: test_online.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.contract import cut
from saywire.engines.sherpa_stream import BLOCK, Conduct, Recognizer, SherpaStream, Steps, decode
from saywire.engines.spelling import Spelling
from saywire.engines.token_table import Script
from saywire.errors import EngineFailed, OutOfOrder
from saywire.types import RATE

STEPS = Steps.of_frames(0.16, 0.0)


@dataclass
class Native:
    """Says how much it was given before each step."""

    heard: int = 0
    steps: list[int] = field(default_factory=list)
    options: list[tuple[str, str]] = field(default_factory=list)
    ended: bool = False

    def accept_waveform(self, rate: int, samples: Sequence[float]) -> None:
        assert rate == RATE and samples and not self.ended
        self.heard += len(samples)

    def set_option(self, name: str, value: str) -> None:
        self.options.append((name, value))

    def input_finished(self) -> None:
        self.ended = True


@dataclass
class Result:
    tokens: list[str]
    text: str = ""
    ys_probs: tuple[float, ...] = ()

    @property
    def timestamps(self) -> list[float]:
        return [0.04 * n for n in range(len(self.tokens))]


class Library:
    """Ready when it has ``need`` samples more than it has decoded, as the real one with its frames."""

    def __init__(self, each: int = STEPS.each, first: int = STEPS.first) -> None:
        self.each, self.first = each, first
        self.made: list[tuple[str, ...]] = []
        self.natives: list[Native] = []

    def create_stream(self, *hotwords: str) -> Native:
        self.made.append(hotwords)
        self.natives.append(Native())
        return self.natives[-1]

    def is_ready(self, native: Native) -> bool:
        return native.heard >= self.first + len(native.steps) * self.each

    def decode_streams(self, natives: Sequence[Native]) -> None:
        for native in natives:
            assert self.is_ready(native), "the real one ends the process"
            native.steps.append(native.heard)

    def get_result_all(self, native: Native) -> Result:
        return Result([f" t{heard}" for heard in native.steps])


def conduct(library: Library, **changed: object) -> Conduct:
    recognizer = Recognizer(library, native=True)
    plain = Conduct(lambda: recognizer, STEPS, Script(False, False, False), Spelling(0.0, 0.1, None), 0.24)
    return replace(plain, **changed)  # type: ignore[arg-type]


def run(stream: SherpaStream) -> None:
    while stream.ready:
        decode([stream], 8)


@settings(deadline=None)
@given(st.integers(0, 3 * RATE), st.lists(st.integers(0, 4000), min_size=1))
def test_steps_follow_from_the_audio_alone(length: int, sizes: list[int]) -> None:
    samples = np.zeros(length, np.float32)
    whole, pieces = (SherpaStream(conduct(Library())) for _ in range(2))
    whole.accept(samples)
    whole.finish()
    run(whole)
    for chunk in cut(samples, iter([*sizes, *[length] * 2])):
        pieces.accept(chunk)
        run(pieces)
    pieces.finish()
    run(pieces)
    assert pieces.hypothesis == whole.hypothesis
    if length:
        (native,) = (stream.native for stream in (whole,))
        assert native.heard >= length + round(0.24 * RATE) and native.ended
        assert len(native.steps) == len(pieces.native.steps)


@pytest.mark.parametrize("late", [1, BLOCK - 1, 3 * BLOCK])
def test_a_library_that_wants_more_than_was_reckoned_gets_it(late: int) -> None:
    for length in (100, RATE, RATE + 100):
        library, exact = Library(first=STEPS.first + late), Library()
        for each in (library, exact):
            stream = SherpaStream(conduct(each))
            for chunk in np.array_split(np.zeros(length, np.float32), 7):
                stream.accept(chunk)
                run(stream)
            stream.finish()
            run(stream)
            assert each.natives[0].ended
            assert stream.hypothesis.stable == len(stream.hypothesis.text) > 0
        assert len(library.natives[0].steps) == len(exact.natives[0].steps) == STEPS.count(length + 3840)


def test_a_library_that_owes_steps_for_good_is_ended_all_the_same() -> None:
    library = Library(first=100 * RATE)
    stream = SherpaStream(conduct(library))
    stream.accept(np.zeros(RATE, np.float32))
    stream.finish()
    run(stream)
    assert library.natives[0].ended and stream.hypothesis.text == ""


def test_what_a_step_wants_may_be_unknown() -> None:
    """It is asked every 0.1 s, and told the end before the last steps."""
    library = Library(first=9 * BLOCK, each=6 * BLOCK)
    stream = SherpaStream(conduct(library, steps=Steps(), last={"is_final": "1"}))
    stream.accept(np.zeros(RATE, np.float32))
    run(stream)
    assert library.natives[0].steps == [9 * BLOCK] and not library.natives[0].ended
    stream.finish()
    run(stream)
    assert library.natives[0].ended and library.natives[0].options == [("is_final", "1")]
    assert library.natives[0].heard == RATE + 3840


def test_nothing_is_made_before_the_first_step() -> None:
    library = Library()
    stream = SherpaStream(
        conduct(library, hotwords="q1 q2", settings={"language": "en"}, last={"is_final": "1"})
    )
    stream.accept(np.zeros(STEPS.first - 1, np.float32))
    assert not stream.ready and not library.made
    stream.accept(np.zeros(1, np.float32))
    assert stream.ready and not library.made
    run(stream)
    assert library.made == [("q1 q2",)] and library.natives[0].options == [("language", "en")]
    stream.finish()
    run(stream)
    assert library.natives[0].options[1:] == [("is_final", "1")]
    stream.reset()
    assert not stream.ready and stream.hypothesis.text == ""


def test_streams_of_several_recognisers_share_a_step() -> None:
    one, other = Library(), Library()
    shared, alone = conduct(one), conduct(other)
    streams = [SherpaStream(each) for each in (shared, alone, shared)]
    for stream in streams:
        stream.accept(np.zeros(STEPS.first, np.float32))
    decode(streams, 3)
    assert [len(library.natives) for library in (one, other)] == [2, 1]
    assert all(native.steps == [STEPS.first] for library in (one, other) for native in library.natives)


def test_it_is_strict_about_order() -> None:
    stream = SherpaStream(conduct(Library()))
    with pytest.raises(OutOfOrder, match="1 streams, 0 ready; decode takes 1 to 2, all ready"):
        decode([stream], 2)
    with pytest.raises(OutOfOrder, match="0 streams"):
        decode([], 2)
    stream.finish()
    with pytest.raises(OutOfOrder, match="after finish"):
        stream.accept(np.zeros(1, np.float32))
    with pytest.raises(OutOfOrder, match="once"):
        stream.finish()


class Broken(Library):
    def decode_streams(self, natives: Sequence[Native]) -> None:
        raise RuntimeError("no memory")


def test_a_step_that_fails_is_an_error() -> None:
    stream = SherpaStream(conduct(Broken()))
    stream.accept(np.zeros(STEPS.first, np.float32))
    with pytest.raises(EngineFailed, match="sherpa-onnx failed a step of 1 streams: no memory"):
        decode([stream], 1)


def test_what_is_searched_or_ruled_is_stable_at_the_end_alone() -> None:
    library = Library()
    searched = conduct(library, load=lambda: Recognizer(library, native=False))
    for each in (searched, conduct(Library(), rules=True)):
        stream = SherpaStream(each)
        stream.accept(np.zeros(RATE, np.float32))
        run(stream)
        assert stream.hypothesis.text and stream.hypothesis.stable == 0
        stream.finish()
        run(stream)
        assert stream.hypothesis.stable == len(stream.hypothesis.text)
