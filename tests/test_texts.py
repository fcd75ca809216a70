from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saywire.texts import glue, join, lead, split


@pytest.mark.parametrize(
    ("texts", "joined"),
    [
        (["hello", "world"], "hello world"),
        (["你好", "世界"], "你好世界"),
        (["你好。", "Hello"], "你好。Hello"),
        (["今天", "OK", "了"], "今天 OK 了"),
        (["안녕", "하세요"], "안녕 하세요"),
        (["สวัสดี", "ครับ"], "สวัสดีครับ"),
        (["カタカナ", "ひらがな"], "カタカナひらがな"),
        ([" padded ", "", "  ", "text"], "padded text"),
        (["Wait", ", what"], "Wait, what"),
        ([], ""),
    ],
)
def test_join(texts, joined):
    assert join(texts) == joined


def test_glue_has_nothing_to_do_at_the_edges():
    assert [glue("", "a"), glue("a", ""), glue("a ", "b")] == ["", "", ""]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("  Hello,  big world. ", [" Hello,", "  big", " world."]),
        ("打开 the light，好。", ["打", "开", " the", " light，", "好。"]),
        ("it was. 你好，world 3、", [" it", " was.", " 你", "好，", "world", " 3、"]),
        ("、a", ["、", "a"]),
        ("ลังดี", ["ลั", "ง", "ดี"]),
        ("안녕 하세요", [" 안녕", " 하세요"]),
        ("", []),
        ("  ", []),
    ],
)
def test_a_line_is_split_into_words_and_characters(line: str, words: list[str]) -> None:
    assert split(line) == words


@given(st.text(st.sampled_from("aBİß 好，. é́ั"), max_size=30))
def test_words_put_together_are_the_line(line: str) -> None:
    assert "".join(split(line)) == lead(line)
    assert lead(line).strip() == line.strip()
