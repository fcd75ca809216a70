from __future__ import annotations

import random
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from engines.contract import EngineContract, Speech, cut, cuts, decode_all, hear, tell
from engines.scripted import Scripted, say, spell
from saywire.engines.base import Engine, Stream
from saywire.engines.recognizer import Recognition, Window
from saywire.engines.windowed import Pace, Windowed
from saywire.errors import EngineFailed, OutOfOrder, PartialLost
from saywire.types import RATE, Options, Samples, Word

FIRST, SECOND = tuple(range(1, 13)), (7, 3, 9, 20, 4)


class Contract(EngineContract):
    def speech(self) -> list[Speech]:
        return [Speech(say(*FIRST), spell(*FIRST)), Speech(say(*SECOND), spell(*SECOND))]


class TestAgreement(Contract):
    def make(self) -> Engine:
        return Windowed(Scripted())


class TestRollback(Contract):
    def make(self) -> Engine:
        return Windowed(Scripted(words=False, follows=True))


class TestFinalsOnly(Contract):
    def make(self) -> Engine:
        return Windowed(Scripted(), Pace(step=0))


class TestPartialsWithoutAgreement(Contract):
    def make(self) -> Engine:
        return Windowed(Scripted(words=False), Pace(agree=0))


class TestSmallWindows(Contract):
    """Trimmed and brimming all the time."""

    def make(self) -> Engine:
        return Windowed(Scripted(window=5.0), Pace(trim=3.0))


ENGINES = {
    "agreement": lambda: Windowed(Scripted(window=10.0), Pace(trim=6.0)),
    "no word times": lambda: Windowed(Scripted(words=False, window=10.0)),
    "rollback": lambda: Windowed(Scripted(words=False, follows=True, window=10.0)),
    "no agreement": lambda: Windowed(Scripted(window=10.0), Pace(agree=0)),
    "finals only": lambda: Windowed(Scripted(window=10.0), Pace(step=0)),
}


def waver(recognition: Recognition, window: Window) -> Recognition:
    """Spells every other word by the length of the window and by the language it was told, and is of
    two minds about that: what was agreed on shows when it was."""
    seconds = len(window.samples) // RATE
    mark = "abcdefg"[seconds % 7] + (window.options.language or "")
    words = [
        replace(word, text=word.text + mark) if at % 2 else word for at, word in enumerate(recognition.words)
    ]
    return replace(recognition, words=tuple(words), language=(None, "en", "de")[seconds % 3])


WAVERING = {
    "agreement": lambda: Windowed(Scripted(window=10.0, twist=waver), Pace(trim=6.0)),
    "every step": lambda: Windowed(Scripted(window=10.0, twist=waver), Pace(step=0.5, agree=1, trim=6.0)),
    "rollback": lambda: Windowed(Scripted(words=False, follows=True, window=10.0, twist=waver)),
    "no agreement": lambda: Windowed(Scripted(window=10.0, twist=waver), Pace(agree=0)),
}
each_engine = pytest.mark.parametrize("name", ENGINES)


def babble(draw: random.Random) -> Callable[[Recognition, Window], Recognition]:
    """Anything now and then; else what it said before, or must begin with, and some words more."""
    said: list[str] = []

    def answer(recognition: Recognition, window: Window) -> Recognition:
        if draw.random() < 0.3:
            said[:] = [draw.choice("abcd") for _ in range(draw.randrange(6))]
        said.extend(draw.choice("abcd") for _ in range(draw.randrange(3)))
        told = window.prefix.split()
        texts = told + said[len(told) :] if told else said
        place = len(window.samples) / RATE / (len(texts) + 1)
        words = [Word(" " + text, n * place, (n + 1) * place) for n, text in enumerate(texts)]
        return replace(recognition, words=tuple(words))

    return answer


def long_talk(seed: int, count: int = 60) -> tuple[Samples, str]:
    """Half a minute and more, with pauses here and there."""
    draw = random.Random(seed)
    words = [draw.randrange(80) for _ in range(count)]
    parts = [say(word, gap=draw.choice((0.1, 0.1, 0.2, 0.7, 3.0))) for word in words]
    return np.concatenate(parts), spell(*words)


@each_engine
def test_no_word_of_a_long_talk_is_lost_or_told_twice(name: str) -> None:
    for seed in range(4):
        samples, text = long_talk(seed)
        engine = ENGINES[name]()
        assert hear(engine, engine.open(Options()), samples).text == text


@each_engine
@pytest.mark.parametrize("pause", range(0, 20, 3))
def test_a_full_window_is_cut_behind_what_is_stable(name: str, pause: int) -> None:
    """Its only quiet moment is somewhere else: the words from there on would be told twice."""
    numbers = [n % 50 for n in range(60)]
    samples = np.concatenate([say(n) if at % 20 == pause else hum(say(n)) for at, n in enumerate(numbers)])
    engine = ENGINES[name]()
    assert hear(engine, engine.open(Options()), samples).text == spell(*numbers)


def hum(samples: Samples) -> Samples:
    """With a hum in its pauses."""
    wave = np.resize(np.array([0.02, -0.02], np.float32), len(samples))
    return np.where(samples == 0, wave, samples)


@pytest.mark.parametrize(
    "make", [*ENGINES.values(), *WAVERING.values()], ids=[*ENGINES, *map("wavering {}".format, WAVERING)]
)
def test_the_final_does_not_depend_on_which_refreshes_were_left_out(make: Callable[[], Windowed]) -> None:
    samples, _ = long_talk(9)
    engine = make()
    stream = engine.open(Options())
    whole = (*tell(hear(engine, stream, samples, len(samples))), stream.hypothesis.language)
    for seed in range(5):
        assert hear_haltingly(make(), samples, seed) == whole


def hear_haltingly(engine: Engine, samples: Samples, seed: int) -> tuple[object, ...]:
    """As on a machine that is busy now and then; stable text must hold."""
    draw = random.Random(seed)
    stream, held = engine.open(Options()), ""
    for chunk in cut(samples, cuts(f"halting {seed}")):
        stream.accept(chunk)
        for _ in range(draw.choice((0, 0, 0, 1, 5))):
            if stream.ready:
                engine.decode([stream])
        now = stream.hypothesis
        assert now.text[: now.stable].startswith(held)
        held = now.text[: now.stable]
    stream.finish()
    final = decode_all(engine, stream)
    assert final.text.startswith(held)
    assert final.stable == len(final.text)
    return *tell(final), final.language


@pytest.mark.parametrize("follows", [False, True])
def test_whatever_a_recogniser_says_stable_text_holds(follows: bool) -> None:
    """Through windows that are trimmed and brimmed, with answers that are made up."""
    samples = say(*range(24))
    held_back = 0
    for seed in range(60):
        recognizer = Scripted(
            follows=follows, window=5.0, invents=False, twist=babble(random.Random(seed)), keeps=1000
        )
        engine = Windowed(recognizer, Pace(step=0.5, agree=1, trim=3.0))
        stream, held = engine.open(Options()), ""
        for chunk in cut(samples, cuts(f"babble {seed}")):
            stream.accept(chunk)
            now = decode_all(engine, stream)
            assert now.text[: now.stable].startswith(held)
            held = now.text[: now.stable]
        stream.finish()
        final = decode_all(engine, stream)
        assert final.text.startswith(held) and final.stable == len(final.text)
        held_back += len(final.text) > len(held) > 0
    assert held_back > 20


def test_stable_text_follows_what_is_said_by_two_anchors_at_most() -> None:
    engine = Windowed(Scripted())
    stream = engine.open(Options())
    for second in range(1, 21):
        stream.accept(say(second, second + 20))
        now = decode_all(engine, stream)
        if second % 2 == 0:
            told = [number for said in range(1, second - 1) for number in (said, said + 20)]
            assert now.text[: now.stable] == spell(*told)


def test_partials_come_every_second_and_show_the_newest_words() -> None:
    engine = Windowed(recognizer := Scripted(tail=0.4))
    stream = engine.open(Options())
    stream.accept(say(5, 6)[:-1])
    assert not stream.ready
    stream.accept(say(5, 6)[-1:])
    assert decode_all(engine, stream).text == "w5 w6"
    assert recognizer.heard == [1.0]


def test_one_refresh_is_due_however_much_came_and_anchors_are_never_left_out() -> None:
    engine = Windowed(recognizer := Scripted())
    stream = engine.open(Options())
    stream.accept(say(*range(15)))  # 7.5 s
    decode_all(engine, stream)
    assert recognizer.heard == [2.0, 4.0, 6.0, 7.0]


def test_a_refresh_that_was_not_done_does_not_delay_the_final() -> None:
    engine = Windowed(recognizer := Scripted())
    stream = engine.open(Options())
    stream.accept(say(*range(3)))
    assert stream.ready
    stream.finish()
    decode_all(engine, stream)
    assert recognizer.heard == [1.5]


def test_a_refresh_of_silence_is_not_decoded() -> None:
    engine = Windowed(recognizer := Scripted())
    stream = engine.open(Options())
    stream.accept(say(1, 2))
    decode_all(engine, stream)
    for _ in range(8):
        stream.accept(np.zeros(RATE // 2, np.float32))
        assert decode_all(engine, stream).text == "w1 w2"
    assert recognizer.heard == [1.0, 2.0, 4.0]


def test_windows_are_bounded_and_begin_with_what_was_not_settled() -> None:
    recognizer = Scripted()
    engine = Windowed(recognizer)
    samples, text = long_talk(3, 120)
    assert hear(engine, engine.open(Options()), samples).text == text
    assert max(recognizer.heard) < 20  # trimmed from 15 s on
    last = recognizer.windows[-1]
    assert last.before and (last.before + last.prefix).strip() in text
    words = " ".join(word.text.strip() for word in recognizer.recognize([last])[0].words)
    assert words.startswith(last.prefix.strip())
    assert text.endswith(words)


def test_an_hour_takes_no_more_memory_than_its_words() -> None:
    """An hour without a pause, two words a second, in one utterance."""
    engine = Windowed(recognizer := Scripted(keeps=1), Pace(step=8.0, agree=1))
    stream = engine.open(Options())
    minute = say(*(n % 80 for n in range(120)))
    for _ in range(50):
        hear_minute(engine, stream, minute)
    tracemalloc.start()
    for _ in range(10):
        hear_minute(engine, stream, minute)
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(stream.hypothesis.words) > 7150
    assert held < 30 * 4 * RATE + 1000 * 1200  # a window and the words; ten minutes themselves are 38 MB
    assert peak < held + 10 * 2**20
    assert max(recognizer.heard) <= 24
    stream.finish()
    assert decode_all(engine, stream).text == " ".join([spell(*(n % 80 for n in range(120)))] * 60)


def hear_minute(engine: Engine, stream: Stream, minute: Samples) -> None:
    for chunk in cut(minute, cuts(8 * RATE)):
        stream.accept(chunk)
        decode_all(engine, stream)


def test_times_count_from_the_first_sample_through_all_windows() -> None:
    engine = Windowed(Scripted(window=6.0), Pace(trim=4.0))
    numbers = [n % 50 for n in range(60)]
    words = hear(engine, engine.open(Options()), say(*numbers)).words
    assert [word.text for word in words] == [f"w{n}" for n in numbers]
    assert [word.start for word in words] == pytest.approx([0.1 + n * 0.5 for n in range(60)])


def test_a_language_is_kept_once_text_in_it_is_settled() -> None:
    recognizer = Scripted(window=5.0)
    engine = Windowed(recognizer)
    hear(engine, engine.open(Options()), say(*range(20)))
    asked = [window.options.language for window in recognizer.windows]
    assert asked[0] is None and asked[-1] == "en"
    assert asked == sorted(asked, key=lambda language: language is not None)


def test_a_failed_final_leaves_the_stream_as_it_was() -> None:
    engine = Windowed(recognizer := Scripted())
    stream = engine.open(Options())
    stream.accept(say(*FIRST))
    decode_all(engine, stream)
    stream.finish()
    recognizer.fails = 1
    with pytest.raises(EngineFailed) as caught:
        engine.decode([stream])
    assert not isinstance(caught.value, PartialLost)
    assert decode_all(engine, stream).text == spell(*FIRST)


@pytest.mark.parametrize("name", ["agreement", "rollback", "no agreement"])
def test_what_fails_before_the_end_costs_a_partial_and_no_word(name: str) -> None:
    """Every other refresh and anchor."""
    samples, text = long_talk(5)
    engine = ENGINES[name]()
    recognizer = engine._recognizer
    assert isinstance(recognizer, Scripted)
    stream, held, lost = engine.open(Options()), "", 0
    for number, chunk in enumerate(cut(samples, cuts(RATE))):
        stream.accept(chunk)
        while stream.ready:
            due = stream.due  # type: ignore[attr-defined]
            recognizer.fails = number % 2 if due.shows else 0
            try:
                engine.decode([stream])
            except PartialLost:
                lost += 1
        now = stream.hypothesis
        assert now.text[: now.stable].startswith(held)
        held = now.text[: now.stable]
    stream.finish()
    assert lost > 5
    assert decode_all(engine, stream).text == text


def test_of_a_batch_that_fails_nobody_has_moved() -> None:
    engine = Windowed(recognizer := Scripted())
    streams = [engine.open(Options()) for _ in range(2)]
    for stream in streams:
        stream.accept(say(1, 2, 3))
    recognizer.fails = 1
    with pytest.raises(EngineFailed) as caught:
        engine.decode(streams)
    assert not isinstance(caught.value, PartialLost)
    assert all(stream.ready for stream in streams)
    engine.decode(streams)
    assert [stream.hypothesis.text for stream in streams] == [spell(1, 2)] * 2


def test_answers_are_counted() -> None:
    class Short(Scripted):
        def recognize(self, windows: object) -> list[Recognition]:
            return []

    engine = Windowed(Short())
    stream = engine.open(Options())
    stream.accept(say(1))
    stream.finish()
    with pytest.raises(EngineFailed, match="0 answers to 1 windows"):
        engine.decode([stream])


def test_words_that_leave_the_audio_or_overlap_are_put_right() -> None:
    def stretch(recognition: Recognition, window: Window) -> Recognition:
        return Recognition(tuple(Word(w.text, w.start - 0.2, w.end + 0.7) for w in recognition.words))

    engine = Windowed(Scripted(twist=stretch))
    samples = say(1, 2, 3)
    words = hear(engine, engine.open(Options()), samples).words
    assert words[0].start >= 0 and words[-1].end <= len(samples) / RATE
    assert all(one.end <= other.start for one, other in pairwise(words))


def test_it_is_strict_about_order_and_closes_its_recogniser() -> None:
    engine = Windowed(recognizer := Scripted(max_batch=1))
    one, two = engine.open(Options()), engine.open(Options())
    with pytest.raises(OutOfOrder):
        engine.decode([one])
    one.accept(say(1, 2))
    two.accept(say(1, 2))
    with pytest.raises(OutOfOrder):
        engine.decode([one, two])
    one.finish()
    with pytest.raises(OutOfOrder):
        one.finish()
    with pytest.raises(OutOfOrder):
        one.accept(say(1))
    engine.close()
    assert recognizer.closed
