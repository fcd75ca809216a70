from __future__ import annotations

import pytest

from saywire.texts import glue, join


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
