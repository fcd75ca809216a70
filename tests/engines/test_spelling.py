import math

from saywire.engines.spelling import (
    Span,
    Spelling,
    detect_language,
    gather_pieces,
    join_letters,
    join_words,
    list_beginnings,
    set_apart,
    spell,
)
from saywire.types import Word

PLAIN = Spelling(lead=0.1, trail=0.2, language=None)


def test_tokens_become_words_with_times() -> None:
    text, words, language = spell([" ze", "ro", " two"], [0.5, 0.7, 1.5], [], 3.0, True, PLAIN)
    assert (text, language) == ("zero two", "en")
    assert words == (Word("zero", 0.4, 0.9), Word("two", 1.4, 1.7))


def test_a_mandarin_character_is_a_word() -> None:
    text, words, language = spell(["你", "好"], [0.5, 0.8], [], 3.0, True, PLAIN)
    assert (text, [word.text for word in words], language) == ("你好", ["你", "好"], "zh")


def test_words_neither_overlap_nor_leave_the_audio() -> None:
    _, words, _ = spell(["▁one", "▁two", "▁six"], [0.04, 0.12, 1.1], [], 1.0, True, PLAIN)
    assert words == (Word("one", 0.0, 0.04), Word("two", 0.04, 0.32), Word("six", 1.0, 1.0))


def test_tokens_that_come_after_their_word_end_it_earlier() -> None:
    _, words, _ = spell(["▁one", "▁two"], [0.5, 1.0], [], 2.0, True, Spelling(0.4, -0.1, None))
    assert words == (Word("one", 0.1, 0.4), Word("two", 0.6, 0.9))


def test_confidence_is_the_mean_probability_of_the_tokens() -> None:
    scores = [math.log(0.9), math.log(0.4), 0.0]
    _, words, _ = spell([" se", "ven", " on"], [0.1, 0.2, 0.5], scores, 1.0, True, PLAIN)
    assert words[0].confidence is not None
    assert math.isclose(words[0].confidence, 0.6)
    assert words[1].confidence == 1.0


def test_scripts_are_told_apart() -> None:
    assert join_words(["open", "灯", "上", "two"]) == "open 灯上 two"
    assert detect_language(["open", "灯"]) is None
    assert detect_language([]) is None
    assert spell(["灯"], [0.0], [], 1.0, True, Spelling(0, 0, "en"))[2] == "en"


def test_a_token_without_text_is_no_word() -> None:
    assert spell(["▁", " one"], [0.1, 0.5], [], 1.0, True, PLAIN)[0] == "one"


LEXICON = Spelling(0.1, 0.2, None, list_beginnings(["computer", "cancel", "can", "one"]))


def spelled(*tokens: str, ended: bool = True) -> str:
    return spell(tokens, [0.1 * n for n in range(len(tokens))], [], 9.0, ended, LEXICON)[0]


def test_a_piece_that_continues_no_word_is_dropped() -> None:
    assert spelled(" one", "cel", " can", "cel") == "one cancel"
    assert spelled("ter", " one") == "one"
    assert spelled("灯", "ter", " one") == "灯 one"


def test_a_word_that_broke_off_is_completed_where_only_one_begins_so() -> None:
    assert spelled(" com", "cel", " one") == "computer one"
    assert spelled(" com", "pu") == "computer"
    assert spelled(" c", " one") == "c one"
    assert spelled(" can", " one") == "can one"


def test_a_word_is_not_completed_while_it_is_being_said() -> None:
    assert spelled(" one", " com", ended=False) == "one com"


def test_completion_keeps_what_was_shown() -> None:
    tokens = [" com", "cel", " can", "cel", "ter", " com", "pu", "ter", " one", " co"]
    shown = ""
    for count in range(len(tokens) + 1):
        now = spelled(*tokens[:count], ended=count == len(tokens))
        assert now.startswith(shown)
        shown = now


def test_words_know_their_tokens_and_whether_the_last_goes_on() -> None:
    assert gather_pieces(["<s>", "是", "hel@@", "lo"]) == ([Span("是", 1, 1), Span("hello", 2, 3)], False)
    assert gather_pieces(["是", "hel@@", "l@@", "<unk>"]) == ([Span("是", 0, 0), Span("hell", 1, 2)], True)


def test_spelled_out_letters_are_a_word() -> None:
    words = [
        Span(text, n, n) for n, text in enumerate(["the", "i", "b", "m", "是", "a", "pc", "x", "Y", "é"])
    ]
    joined = join_letters(words)
    assert [word.text for word in joined] == ["the", "IBM", "是", "a", "pc", "XY", "é"]
    assert joined[1] == Span("IBM", 1, 3)


def test_words_get_the_spaces_of_their_line() -> None:
    words = (Word("one", 0, 1), Word("打", 1, 2), Word("开", 2, 3), Word("two", 3, 4, 0.5))
    assert [word.text for word in set_apart(words)] == [" one", " 打", "开", " two"]
    assert list(set_apart(words))[3] == Word(" two", 3, 4, 0.5)


def test_letters_with_accents_are_letters() -> None:
    text, words, language = spell(
        ["▁é", "té", "▁là"], [0.0, 0.2, 0.5], [], 1.0, True, Spelling(0.0, 0.1, None)
    )
    assert (text, [word.text for word in words], language) == ("été là", ["été", "là"], None)
