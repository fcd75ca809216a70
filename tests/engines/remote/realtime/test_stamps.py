"""Times as the C++ server of FunASR's runtime writes them, and others that mean nothing here."""

from __future__ import annotations

import json

import pytest

from saywire.engines.remote.realtime.stamps import place
from saywire.types import Word

TEXT = "正是因为，GPT好。"
SPANS = [[430, 670], [670, 810], [810, 1030], [1030, 1130], [1400, 1900], [1900, 2000]]
SENTENCES = [
    {"text_seg": "正 是 因 为", "punc": "，", "start": 430, "end": 1130, "ts_list": SPANS[:4]},
    {"text_seg": "GPT 好", "punc": "。", "start": 1400, "end": 2000, "ts_list": SPANS[4:]},
]
WORDS = ("正", "是", "因", "为，", "GPT", "好。")


def test_tokens_get_their_times_and_the_marks_behind_them() -> None:
    placed = place(TEXT, json.dumps(SPANS), SENTENCES)
    assert tuple(word.text for word in placed) == WORDS
    assert placed[0] == Word("正", 0.43, 0.67) and placed[5] == Word("好。", 1.9, 2.0)


def test_without_sentences_the_words_of_the_text_do_where_they_are_as_many() -> None:
    assert place("hello there.", "[[100,200],[300,400]]", "") == (
        Word("hello", 0.1, 0.2),
        Word("there.", 0.3, 0.4),
    )
    assert place("hello there you.", "[[100,200],[300,400]]", None) == ()


@pytest.mark.parametrize(
    ("timestamp", "sentences"),
    [
        (None, None),
        (1795233922000, None),
        (SPANS, None),  # the Python server's: from the beginning of a sentence
        ("[[0,1]][[0,1]]", SENTENCES),  # the C++ server's, of two sentences at once
        ("[", SENTENCES),
        ("[[0]]", SENTENCES),
        (json.dumps(SPANS), [{"text_seg": 5}]),
        (json.dumps(SPANS), [{"text_seg": "正 是", "ts_list": [[0, 1]]}]),
        (json.dumps(SPANS), 5),
    ],
)
def test_what_tells_no_times_makes_none(timestamp: object, sentences: object) -> None:
    assert place(TEXT, timestamp, sentences) == ()
