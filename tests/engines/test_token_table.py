"""Tables of tokens."""

from __future__ import annotations

from pathlib import Path

import pytest

from engines.folders import tokens
from saywire.engines.sherpa import TINY
from saywire.engines.token_table import Script, check_tokens, read_tokens, tell_script
from saywire.errors import EngineFailed


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "tokens.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_the_shipped_table_is_read() -> None:
    table = read_tokens(TINY / "tokens.txt")
    lines = (TINY / "tokens.txt").read_text("utf-8").splitlines()
    assert table[0] == "<blk>" and len(table) == len(lines)
    check_tokens(table, len(lines), "tokens.txt")


def test_a_line_with_an_id_alone_is_the_space(tmp_path: Path) -> None:
    assert read_tokens(write(tmp_path, "<blk> 0\r\n  1\na 2\n\n")) == {0: "<blk>", 1: "▁", 2: "a"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "has no token"),
        ("<blk> 0\none two 1\n", "line 2 of 'tokens.txt' is 'one two 1'; expected a token and its id"),
        ("<blk>\n", "line 1"),
        (b"\xff\xfe", "is not UTF-8"),
        ("<!DOCTYPE html>\n<p>not found</p>", "line 1"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, text: str | bytes, problem: str) -> None:
    with pytest.raises(EngineFailed, match=problem):
        read_tokens(write(tmp_path, text))


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(EngineFailed, match=r"'tokens\.txt' cannot be read"):
        read_tokens(tmp_path / "tokens.txt")


@pytest.mark.parametrize("count", [5, 7])
def test_a_table_of_another_size_is_refused(tmp_path: Path, count: int) -> None:
    table = read_tokens(write(tmp_path, tokens(count)))
    with pytest.raises(EngineFailed, match=f"has {count} tokens up to id {count - 1}, but the network has 6"):
        check_tokens(table, 6, "tokens.txt")


def test_symbols_of_decoding_graphs_do_not_count(tmp_path: Path) -> None:
    check_tokens(read_tokens(write(tmp_path, tokens(6, "#0", "#1"))), 6, "tokens.txt")


def test_a_table_without_blank_is_refused() -> None:
    with pytest.raises(EngineFailed, match="none of <blk>"):
        check_tokens({0: "a", 1: "b"}, None, "tokens.txt")


def test_a_blank_that_is_not_where_it_must_be_is_refused() -> None:
    check_tokens({0: "a", 1: "<blk>"}, 2, "tokens.txt", blank_last=True)
    with pytest.raises(EngineFailed, match=r"the last token of 'tokens\.txt' is 'a', not <blk>"):
        check_tokens({0: "<blk>", 1: "a"}, 2, "tokens.txt", blank_last=True)


def test_scripts_are_told_by_the_tokens() -> None:
    assert not tell_script(["<blk>", "▁one", "灯"]).bytes
    assert tell_script(["<blk>", "▁ƌŕş", "ƍĩĴ"]).bytes
    assert tell_script(["<blk>", "▁THE", "S", "<unk>"]).capitals
    assert not tell_script(["<blk>", "▁The", "S"]).capitals
    assert not tell_script(["<blk>", "零"]).capitals
    assert tell_script(["<blank>", "hel@@", "lo"]).suffixed
    assert tell_script([]) == Script(False, False, False)
