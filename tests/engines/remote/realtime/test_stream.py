"""What a stream gives its line, and what it makes of the answers. The line here does nothing by itself."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from engines.contract import cut, cuts
from saywire.audio.pcm import from_pcm16
from saywire.engines.remote.realtime.background import Background
from saywire.engines.remote.realtime.frames import FRAME
from saywire.engines.remote.realtime.line import Line
from saywire.engines.remote.realtime.stream import LiveStream
from saywire.engines.remote.realtime.turn import Turn
from saywire.errors import EngineFailed, OutOfOrder
from saywire.types import RATE, Hypothesis, Options, Samples, Word


class Still(Line):
    """Takes turns and leaves them alone."""

    def __init__(self) -> None:
        self.turns: list[Turn] = []
        self.woken = self.left = 0

    def take(self, turn: Turn) -> None:
        self.turns.append(turn)

    def wake(self) -> None:
        self.woken += 1

    def leave(self) -> None:
        self.left += 1


class Here(Background):
    """Does at once what is to be done elsewhere."""

    def __init__(self) -> None: ...

    def call(self, act: Callable[..., object], *args: Any) -> None:
        act(*args)


@pytest.fixture
def line() -> Still:
    return Still()


def make(line: Line, options: Options | None = None, **others: Any) -> LiveStream:
    usual = {"rate": RATE, "longest": 30.0, "timeout": 9.0, "words": False}
    return LiveStream(Here(), line, options or Options(), **usual | others)


def noise(seconds: float) -> Samples:
    return np.random.default_rng(0).uniform(-0.1, 0.1, round(seconds * RATE)).astype(np.float32)


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), np.float32)


def answer(stream: LiveStream, turn: Turn, text: str, *words: Word, language: str | None = None) -> None:
    turn.hear(Hypothesis(text, len(text), words, language))
    turn.settle()
    stream.collect()


def test_audio_goes_out_while_it_comes_and_nothing_is_to_be_decoded_before_the_end(line: Still) -> None:
    stream = make(line)
    samples = noise(1.05)
    stream.accept(samples)
    (turn,) = line.turns
    assert len(turn.frames) == 10 and not turn.committed and not stream.ready
    turn.hear(Hypothesis("hello wor", 5))
    assert (stream.hypothesis.text, stream.hypothesis.stable) == ("hello wor", 5)
    woken = line.woken
    stream.finish()
    assert turn.committed and stream.ready and not stream.settled and line.woken == woken + 1
    heard = from_pcm16(b"".join(turn.frames))
    assert len(heard) == 11 * FRAME and np.abs(heard[: len(samples)] - samples).max() < 1e-4
    turn.hear(Hypothesis("hello world", 11))
    assert stream.hypothesis.text == "hello wor"  # the last partial stands until the final
    answer(stream, turn, "hello world")
    assert not stream.ready and stream.hypothesis == Hypothesis("hello world", 11)
    assert line.left == 0


@pytest.mark.parametrize("size", [1, 7, 999, "a seed"])
@pytest.mark.parametrize("rate", [16_000, 24_000])
def test_the_server_gets_the_same_messages_however_audio_is_cut(
    line: Still, rate: int, size: int | str
) -> None:
    samples = np.concatenate([silence(0.25), noise(1.234)])
    for pieces in (cuts(size), cuts(len(samples))):
        stream = make(line, rate=rate)
        for chunk in cut(samples, pieces):
            stream.accept(chunk)
        stream.finish()
    one, other = line.turns
    assert one.frames == other.frames
    assert sum(map(len, one.frames)) == 15 * 2 * rate // 10


def test_silence_is_not_sent_until_something_follows(line: Still) -> None:
    stream = make(line)
    stream.accept(silence(1.0))
    assert not line.turns and not stream.ready
    stream.accept(noise(0.1))
    (turn,) = line.turns
    assert len(turn.frames) == 11
    stream.reset()
    stream.accept(silence(3.0))
    stream.finish()
    assert line.turns == [turn] and not stream.ready and stream.hypothesis == Hypothesis()


def test_long_audio_goes_out_in_pieces_each_after_the_answer_to_the_last(line: Still) -> None:
    stream = make(line, longest=1.0, words=True)
    stream.accept(np.concatenate([noise(1.5), silence(1.5), noise(0.5)]))
    (first,) = line.turns
    assert (len(first.frames), first.committed, stream.ready) == (10, True, True)
    answer(stream, first, "One", Word("One", 0.2, 0.9), language="en")
    _, second = line.turns
    assert (len(second.frames), second.committed) == (7, True)  # the pause ended it
    assert stream.hypothesis == Hypothesis("One", 3, (Word("One", 0.2, 0.9),), "en")
    answer(stream, second, "two.", Word("two.", 0.1, 0.4))
    assert len(line.turns) == 3 and not stream.ready  # a silent piece between was not asked for
    stream.finish()
    answer(stream, line.turns[2], "Three", Word("Three", 0.6, 0.8), language="de")
    assert (stream.hypothesis.text, stream.hypothesis.language) == ("One two. Three", "en")
    assert [word.start for word in stream.hypothesis.words] == [0.2, 1.1, 3.3]
    assert not stream.ready


def test_words_lie_inside_the_audio_in_their_order(line: Still) -> None:
    stream = make(line, words=True)
    stream.accept(noise(0.3))
    stream.finish()
    words = (Word(" one", -0.1, 0.2), Word("two", 0.1, 0.25), Word("three", 0.28, 0.5))
    answer(stream, line.turns[0], "one two three", *words)
    assert stream.hypothesis.words == (
        Word("one", 0.0, 0.2),
        Word("two", 0.2, 0.25),
        Word("three", 0.28, 0.3),
    )
    other = make(line)
    other.accept(noise(0.3))
    other.finish()
    answer(other, line.turns[1], "one two three", *words)
    assert other.hypothesis.words == ()


def test_what_a_language_model_repeats_is_said_once_unless_it_is_stable(line: Still) -> None:
    loop = " ".join(["tea"] * 20)
    for shown, text in (("", "tea"), ("tea tea tea", loop)):
        stream = make(line)
        stream.accept(noise(1.0))
        line.turns[-1].hear(Hypothesis(shown, len(shown)))
        stream.finish()
        answer(stream, line.turns[-1], loop)
        assert stream.hypothesis == Hypothesis(text, len(text))


def test_a_prompt_that_is_read_aloud_is_nothing(line: Still) -> None:
    stream = make(line, Options(prompt="a talk about green tea"))
    stream.accept(noise(1.0))
    stream.finish()
    answer(stream, line.turns[0], "A talk about green tea.")
    assert stream.hypothesis.text == ""


def test_a_turn_that_failed_is_told_at_once_and_until_reset(line: Still) -> None:
    stream = make(line)
    stream.accept(noise(0.5))
    assert not stream.ready
    line.turns[0].settle(EngineFailed("no"))
    assert stream.ready and stream.settled
    stream.accept(noise(0.5))
    for _ in range(2):
        with pytest.raises(EngineFailed, match="no"):
            stream.collect()
    stream.reset()
    assert not stream.ready and line.left == 1
    stream.accept(noise(0.5))
    assert len(line.turns) == 2


def test_nobody_waits_for_a_turn_that_was_thrown_away(line: Still) -> None:
    stream = make(line)
    stream.reset()
    assert line.left == 0
    stream.accept(noise(0.5))
    stream.reset()
    assert line.left == 1 and stream.hypothesis == Hypothesis() and not stream.ready
    stream.accept(noise(0.5))
    stream.finish()
    answer(stream, line.turns[1], "hello")
    stream.reset()
    assert line.left == 1  # the connection is kept for the next
    assert stream.context == ""


def test_a_stream_that_is_gone_hangs_up(line: Still) -> None:
    stream = make(line)
    stream.accept(noise(0.5))
    del stream
    gc.collect()
    assert line.left == 1


def test_order(line: Still) -> None:
    stream = make(line)
    stream.finish()
    with pytest.raises(OutOfOrder):
        stream.finish()
    with pytest.raises(OutOfOrder):
        stream.accept(noise(0.1))
    stream.reset()
    stream.accept(noise(0.1))
