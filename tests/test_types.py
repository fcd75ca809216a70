from __future__ import annotations

from saywire.types import Word, mean_confidence


def test_confidence_is_that_of_the_words_that_have_one():
    words = Word("a", 0.0, 0.1, 0.9), Word("b", 0.1, 0.2), Word("c", 0.2, 0.3, 0.5)
    assert mean_confidence(words) == 0.7
    assert mean_confidence(words[1:2]) is None and mean_confidence(()) is None
