"""Tokens of all kinds as text."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saywire.engines.letters import BYTE_LETTERS, write_out
from saywire.engines.spelling import Spelling, spell
from saywire.engines.token_table import Script

PLAIN, BYTES, SUFFIXED = Script(False, False, False), Script(True, False, False), Script(False, False, True)


def line(tokens: Sequence[str], script: Script) -> str:
    texts = [text for text, _ in write_out(tokens, script)]
    return spell(texts, [0.0] * len(texts), [], 1.0, True, Spelling(0.0, 0.0, None))[0]


def in_bytes(text: str) -> str:
    return "".join(BYTE_LETTERS[byte] for byte in text.encode())


def test_most_tokens_are_letters_already() -> None:
    assert write_out([" se", "ven", "灯"], PLAIN) == [(" se", 0), ("ven", 1), ("灯", 2)]


def test_what_ends_with_two_ats_goes_on() -> None:
    assert write_out(["是", "hel@@", "lo", "world"], SUFFIXED) == [
        ("▁是", 0),
        ("▁hel", 1),
        ("lo", 2),
        ("▁world", 3),
    ]
    assert line(["是", "hel@@", "lo", "world", "才", "</s>"], SUFFIXED) == "是 hello world 才"
    assert line(["是", "才", "hel@@"], SUFFIXED) == "是才 hel"
    assert line(["<s>", "</s>"], SUFFIXED) == ""


def test_the_letters_of_bytes_are_those_of_icefall() -> None:
    assert len(set(BYTE_LETTERS)) == 256
    assert BYTE_LETTERS[ord("A")] == "A"
    assert (BYTE_LETTERS[0], BYTE_LETTERS[31], BYTE_LETTERS[127], BYTE_LETTERS[255]) == ("Ā", "ğ", "Ġ", "Ʀ")
    assert in_bytes("你好") == "ƋţŅƌŋţ"  # as its byte_encode writes it


def test_bytes_become_characters_with_the_first_of_their_tokens() -> None:
    first, rest = in_bytes("你")[0], in_bytes("你")[1:]
    tokens = ["▁" + first, rest, "▁" + in_bytes("好"), "▁HEL", "LO"]
    assert write_out(tokens, BYTES)[:2] == [("▁你", 0), ("▁好", 2)]
    assert line(tokens, BYTES) == "你好 HELLO"


def test_half_a_character_is_not_shown() -> None:
    half = "▁" + in_bytes("你")[:2]
    assert write_out([half], BYTES) == []
    assert line([half, "▁" + in_bytes("好")], BYTES) == "好"


def test_bytes_that_stand_in_for_a_missing_piece() -> None:
    tokens = ["▁go", "<0xE4>", "<0xBD>", "<0xA0>", "<0xE5>", "▁on"]
    assert write_out(tokens, PLAIN) == [("▁go", 0), ("你", 1), ("▁on", 5)]


@settings(deadline=None)
@given(st.lists(st.sampled_from([*BYTE_LETTERS[100:250], "▁", "a"]), max_size=20), st.data())
def test_what_was_written_stays(tokens: list[str], data: st.DataObject) -> None:
    count = data.draw(st.integers(0, len(tokens)))
    some, all_ = write_out(tokens[:count], BYTES), write_out(tokens, BYTES)
    assert all_[: len(some)] == some


@pytest.mark.parametrize("script", [PLAIN, BYTES, SUFFIXED])
def test_nothing_is_nothing(script: Script) -> None:
    assert write_out([], script) == []
