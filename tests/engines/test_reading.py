from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from saywire.engines.reading import Told, read, read_text
from saywire.engines.spelling import Spelling
from saywire.engines.token_table import Script

PLAIN, CAPITALS, SUFFIXED = (
    Script(False, False, False),
    Script(False, True, False),
    Script(False, False, True),
)
SPELLING = Spelling(0.1, 0.2, None)


@dataclass
class Found:
    text: str
    tokens: Sequence[str]
    timestamps: Sequence[float]


def test_words_have_the_times_and_the_probability_of_their_tokens() -> None:
    found = Found("", [" HE", "LLO", " YOU"], [0.2, 0.5, 1.0])
    told = read(found, [math.log(0.9), math.log(0.4), 0.0], 2.0, True, CAPITALS, SPELLING)
    assert (told.text, told.language) == ("hello you", "en")
    first, second = told.words
    assert (first.text, first.start, first.end) == ("hello", 0.1, 0.7) and second.confidence == 1.0
    assert first.confidence is not None and math.isclose(first.confidence, 0.6)


def test_without_times_there_are_no_words_but_all_of_the_text() -> None:
    for times in ([], [0.1], [0.1, 0.2, 0.3, 0.4, 0.5]):
        told = read(Found("", ["是", "hel@@", "lo", "</s>"], times), [], 2.0, True, SUFFIXED, SPELLING)
        assert told == Told("是 hello", (), None)


def test_probabilities_that_do_not_fit_are_none() -> None:
    told = read(Found("", [" one", " two"], [0.1, 0.5]), [-0.1], 2.0, True, PLAIN, SPELLING)
    assert [word.confidence for word in told.words] == [None, None]


def test_text_without_its_tokens() -> None:
    found = Found(" 23 APPLES ", [], [])
    assert (read_text(found, PLAIN), read_text(found, CAPITALS)) == ("23 APPLES", "23 apples")
