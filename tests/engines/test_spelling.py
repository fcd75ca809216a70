import math

from saywire.engines.spelling import Spelling, detect_language, join_words, spell
from saywire.types import Word

PLAIN = Spelling(lead=0.1, trail=0.2, language=None)


def test_tokens_become_words_with_times() -> None:
    text, words, language = spell([" ze", "ro", " two"], [0.5, 0.7, 1.5], [], 3.0, PLAIN)
    assert (text, language) == ("zero two", "en")
    assert words == (Word("zero", 0.4, 0.9), Word("two", 1.4, 1.7))


def test_a_mandarin_character_is_a_word() -> None:
    text, words, language = spell(["你", "好"], [0.5, 0.8], [], 3.0, PLAIN)
    assert (text, [word.text for word in words], language) == ("你好", ["你", "好"], "zh")


def test_words_neither_overlap_nor_leave_the_audio() -> None:
    _, words, _ = spell(["▁one", "▁two", "▁six"], [0.04, 0.12, 1.1], [], 1.0, PLAIN)
    assert words == (Word("one", 0.0, 0.04), Word("two", 0.04, 0.32), Word("six", 1.0, 1.0))


def test_tokens_that_come_after_their_word_end_it_earlier() -> None:
    _, words, _ = spell(["▁one", "▁two"], [0.5, 1.0], [], 2.0, Spelling(0.4, -0.1, None))
    assert words == (Word("one", 0.1, 0.4), Word("two", 0.6, 0.9))


def test_confidence_is_the_mean_probability_of_the_tokens() -> None:
    scores = [math.log(0.9), math.log(0.4), 0.0]
    _, words, _ = spell([" se", "ven", " on"], [0.1, 0.2, 0.5], scores, 1.0, PLAIN)
    assert words[0].confidence is not None
    assert math.isclose(words[0].confidence, 0.6)
    assert words[1].confidence == 1.0


def test_scripts_are_told_apart() -> None:
    assert join_words(["open", "灯", "上", "two"]) == "open 灯上 two"
    assert detect_language(["open", "灯"]) is None
    assert detect_language([]) is None
    assert spell(["灯"], [0.0], [], 1.0, Spelling(0, 0, "en"))[2] == "en"


def test_a_token_without_text_is_no_word() -> None:
    assert spell(["▁", " one"], [0.1, 0.5], [], 1.0, PLAIN)[0] == "one"
