"""Latency and word errors, on invented times."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saywire.client.measure import (
    Errors,
    Heard,
    Said,
    Stability,
    count_errors,
    measure,
    measure_stability,
    percentile,
    to_words,
)
from saywire.messages import Final, Partial, SpeechStarted
from saywire.types import Hypothesis, Word

SAID = (Said("one two", 1.0, 2.0), Said("three", 4.0, 5.0))


def partial(text: str, at: float, *ends: float) -> Heard:
    words = tuple(Word("w", end - 0.1, end) for end in ends)
    return Heard(Partial(0, Hypothesis(text, 0, words)), at)


def test_every_figure_has_its_clock() -> None:
    heard = [
        Heard(SpeechStarted(0, 0.7), 1.1),
        partial("", 1.2),
        partial("one", 1.5, 1.4),
        partial("one two", 2.3, 1.4, 1.9),
        Heard(Final(0, "one two", 1.1, 2.1), 2.8),
        Heard(Final(1, "three", 4.0, 5.1), 5.6),
    ]
    latency = measure(heard, SAID, stops=(2.5, 5.2))
    assert latency.first_partial == pytest.approx(1.5)
    assert latency.first_partial_from_speech == pytest.approx(0.5)
    assert latency.finals == pytest.approx((0.8, 0.6))
    assert latency.after_stop == pytest.approx((0.3, 0.4))
    assert latency.partial_lag == pytest.approx(0.1 + 0.95 * 0.3)


def test_a_final_is_held_against_the_utterance_it_shares_most_time_with() -> None:
    heard = [Heard(Final(0, "three", 4.2, 5.3), 6.0), Heard(Final(1, "two", 1.9, 2.1), 6.5)]
    assert measure(heard, SAID).finals == pytest.approx((1.0, 4.5))


def test_nothing_heard_measures_nothing() -> None:
    latency = measure([Heard(Final(0, "", 0.0, 0.0), 1.0)], SAID, stops=(0.5,))
    assert (latency.first_partial, latency.first_partial_from_speech, latency.partial_lag) == (
        None,
        None,
        None,
    )
    assert latency.finals == () and latency.after_stop == ()
    assert measure([partial("x", 1.0)], ()).first_partial == 1.0


@pytest.mark.parametrize(
    ("partials", "final", "changed"),
    [
        ((), "one two", 0),
        (("one", "one two"), "One two.", 0),
        (("one", "want to", "one two"), "one two", 3),
        (("one two three",), "one", 2),
        (("a b c",), "x b c", 3),
        (("one", ""), "one", 1),
    ],
)
def test_words_that_are_taken_back_are_counted_each_time(
    partials: tuple[str, ...], final: str, changed: int
) -> None:
    heard = [partial(text, 1.0) for text in partials]
    other = Heard(Partial(1, Hypothesis("not of this utterance")), 1.0)
    stability = measure_stability([*heard, other, Heard(Final(0, final, 0.0, 1.0), 2.0)])
    assert stability == Stability(changed, len(to_words(final)))


def test_the_ratio_is_of_the_finals_words() -> None:
    assert Stability(3, 12).upwr == 0.25
    assert (Stability(3, 3) + Stability(0, 9)).upwr == 0.25
    assert Stability(0, 0).upwr == 0.0
    assert Stability(2, 0).upwr == 1.0


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.floats(0, 100))
def test_percentile_is_numpys(values: list[float], percent: float) -> None:
    assert percentile(values, percent) == pytest.approx(np.percentile(values, percent), rel=1e-6, abs=1e-6)


def test_percentile_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


@pytest.mark.parametrize(
    ("reference", "heard", "wrong", "words"),
    [
        ("The weather, today.", "the weather today", 0, 3),
        ("one two three", "one three", 1, 3),
        ("one two three", "one two two three", 1, 3),
        ("one two three", "one too three", 1, 3),
        ("one two three", "", 3, 3),
        ("", "one", 1, 0),
        ("打开灯", "打开 灯", 0, 3),
        ("你好 world", "你号world", 1, 3),
        ("don't", "don’t", 1, 1),
        ("ＡＢＣ 7", "abc 7", 0, 2),
    ],
)
def test_word_errors(reference: str, heard: str, wrong: int, words: int) -> None:
    assert count_errors(reference, heard) == Errors(wrong, words)


def test_rates() -> None:
    assert (Errors(1, 4).rate, Errors(0, 0).rate, Errors(2, 0).rate) == (0.25, 0.0, 1.0)


@given(st.lists(st.sampled_from("abc"), max_size=8), st.lists(st.sampled_from("abc"), max_size=8))
def test_errors_are_a_distance(one: list[str], other: list[str]) -> None:
    there, back = count_errors(" ".join(one), " ".join(other)), count_errors(" ".join(other), " ".join(one))
    assert there.wrong == back.wrong
    assert (there.wrong == 0) == (one == other)
    assert abs(len(one) - len(other)) <= there.wrong <= max(len(one), len(other))


def test_words_are_characters_in_chinese_only() -> None:
    assert to_words("Play 播放 it's 12 o'clock_now!") == ["play", "播", "放", "it's", "12", "o'clock", "now"]
