from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saywire.engines.retelling import retell, retell_spaced
from saywire.types import Word


def say(*texts: str) -> list[Word]:
    """Half a second each, the later the less sure."""
    return [Word(text, n / 2, n / 2 + 0.4, 1.0 - n / 10) for n, text in enumerate(texts)]


def told(words: list[Word], line: str) -> list[tuple[str, float, float]]:
    return [(word.text, word.start, word.end) for word in retell(words, line)]


def test_case_and_marks_change_no_time() -> None:
    words = say("hello", "big", "world")
    assert told(words, "Hello, big world!") == [("Hello,", 0, 0.4), ("big", 0.5, 0.9), ("world!", 1, 1.4)]
    assert [word.confidence for word in retell(words, "Hello, big world!")] == [1.0, 0.9, 0.8]


def test_marks_of_chinese_stand_behind_their_character() -> None:
    assert [text for text, *_ in told(say(*"你好今天"), "你好，今天。")] == ["你", "好，", "今", "天。"]


def test_as_many_words_are_replaced_one_by_one() -> None:
    assert told(say("four", "three", "down"), "4 3 down") == [
        ("4", 0, 0.4),
        ("3", 0.5, 0.9),
        ("down", 1, 1.4),
    ]


@pytest.mark.parametrize(
    ("words", "line", "expected"),
    [
        (["in", "twenty", "twenty", "three"], "in 2023", [("in", 0, 0.4), ("2023", 0.5, 1.9)]),
        (["五", "点", "半"], "5:30", [("5:30", 0, 1.4)]),
        (
            ["a", "dozen", "eggs"],
            "a twelve small eggs",
            [("a", 0, 0.4), ("twelve small", 0.5, 0.9), ("eggs", 1, 1.4)],
        ),
    ],
)
def test_what_is_rewritten_together_has_the_time_of_all_of_it(
    words: list[str], line: str, expected: list[tuple[str, float, float]]
) -> None:
    assert told(say(*words), line) == expected


def test_what_is_left_out_is_gone_and_what_is_added_has_no_time_of_its_own() -> None:
    assert told(say("uh", "yes", "sir"), "yes sir") == [("yes", 0.5, 0.9), ("sir", 1, 1.4)]
    assert told(say("five", "is"), "five dollars is") == [("five dollars", 0, 0.4), ("is", 0.5, 0.9)]
    assert told(say("five"), "the five") == [("the five", 0, 0.4)]


def test_the_spaces_of_the_line_can_be_kept() -> None:
    spaced = retell_spaced(say("五", "月", "eggs", "too"), "5月 2 eggs")
    assert [word.text for word in spaced] == [" 5", "月 2", " eggs"]
    assert "".join(word.text for word in spaced).strip() == "5月 2 eggs"


def test_no_words_stay_none() -> None:
    assert retell([], "3 eggs.") == ()
    assert retell(say("uh"), "") == ()


@settings(deadline=None)
@given(st.lists(st.sampled_from(["one", "two", "十", "灯"])), st.text("one two 12十灯，.", max_size=20))
def test_words_stay_in_order_and_say_the_line(texts: list[str], line: str) -> None:
    words = retell(say(*texts), line)
    assert all(left.end <= right.start for left, right in pairwise(words))
    if texts and words:
        assert "".join("".join(word.text.split()) for word in words) == "".join(line.split())
