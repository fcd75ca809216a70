import numpy as np
import pytest

from saywire.engines.cutting import find_parting, find_quiet
from saywire.types import RATE, Word


def test_a_cut_is_in_the_quietest_breath() -> None:
    noise = np.random.default_rng(0).standard_normal(10 * RATE).astype(np.float32)
    noise[2 * RATE : 2 * RATE + 3200] *= 0.01
    noise[7 * RATE : 7 * RATE + 1600] *= 0.1
    assert find_quiet(noise, RATE, 5.0) == 7 * RATE + 800
    assert 2 * RATE + 800 <= find_quiet(noise, RATE, 0.0) <= 2 * RATE + 2400


def test_the_last_of_equal_breaths_is_taken_and_short_audio_is_halved() -> None:
    silence = np.zeros(4 * RATE, np.float32)
    assert find_quiet(silence, RATE, 2.0) == 4 * RATE - 800
    assert find_quiet(silence[:1000], RATE, 2.0) == 500


def place(*texts: str) -> tuple[Word, ...]:
    """A word a second, each 0.8 s long."""
    return tuple(Word(" " + text, float(at), at + 0.8) for at, text in enumerate(texts))


def test_a_window_is_cut_behind_its_last_sentence() -> None:
    line = place("It", "was.", "The", "best.", "Of", "times")
    assert find_parting(line[:5], line[5:], 1.0) == (4, pytest.approx(3.9))
    assert find_parting(line[:5], line[5:], 4.5) == (5, pytest.approx(4.9))
    assert find_parting(place("好", "的。", "那"), (), 0.0) == (2, pytest.approx(1.9))


def test_without_a_sentence_it_is_cut_in_the_widest_gap() -> None:
    words = (Word(" a", 0, 1), Word(" b", 1.1, 2), Word(" c", 2.6, 3), Word(" d", 3.2, 4))
    assert find_parting(words[:3], words[3:], 0.5) == (2, pytest.approx(2.3))
    assert find_parting(words[:3], words[3:], 2.5) == (3, pytest.approx(3.1))
    assert find_parting(words, (), 3.5) == (4, 4)


def test_nothing_is_cut_where_nothing_ends_late_enough() -> None:
    assert find_parting(place("a", "b"), (), 5.0) is None
    assert find_parting((), place("a"), 0.0) is None


def test_words_that_overlap_are_cut_where_the_first_ends() -> None:
    assert find_parting((Word(" a.", 0, 2),), (Word(" b", 1.5, 3),), 0.0) == (1, 2)
