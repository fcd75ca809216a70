"""Phrases in the tokens of models of every kind."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.test_pieces import sentencepiece
from saywire.engines.hotwords import LONGEST, ROOM, Speller, make_speller, write_aliases
from saywire.engines.letters import BYTE_LETTERS
from saywire.engines.sherpa import TINY
from saywire.engines.token_table import read_tokens
from saywire.errors import EngineFailed


def make(folder: Path, tokens: Sequence[str], pieces: Sequence[str] = ()) -> Speller:
    table = "".join(f"{token} {index}\n" for index, token in enumerate(("<blk>", *tokens)))
    (folder / "tokens.txt").write_text(table, "utf-8")
    if pieces:
        ranks = {piece: float(-rank) for rank, piece in enumerate(pieces)}
        (folder / "bpe.model").write_bytes(sentencepiece(ranks, bpe=True))
    return make_speller(folder, "tokens.txt")


def spelled(speller: Speller, phrase: str) -> list[str] | None:
    names = {index: text for text, index in speller.ids.items()}
    ids = speller.spell(phrase)
    return None if ids is None else [names[index] for index in ids]


def test_words_are_cut_as_the_tokeniser_cuts_them(tmp_path: Path) -> None:
    shutil.copy(TINY / "bpe.vocab", tmp_path)
    shutil.copy(TINY / "tokens.txt", tmp_path)
    speller = make_speller(tmp_path, "tokens.txt")
    assert spelled(speller, "computer stop") == ["▁com", "pu", "ter", "▁stop"]
    assert spelled(speller, "Computer") == ["▁com", "pu", "ter"]
    assert spelled(speller, "打开 stop") == ["打", "开", "▁stop"]
    assert spelled(speller, "打开stop") == ["打", "开", "▁stop"]


def test_a_model_of_capitals(tmp_path: Path) -> None:
    pieces = ["▁M", "ON", "▁MON", "AY", "DAY", "▁", "M", "O", "N", "D", "A", "Y"]
    assert spelled(make(tmp_path, pieces, pieces), "Monday") == ["▁MON", "DAY"]


def test_a_model_that_writes_names_as_they_are(tmp_path: Path) -> None:
    speller = make(tmp_path, ["▁O", "pen", "A", "I", "▁o", "▁Open"])
    assert spelled(speller, "OpenAI") in (["▁Open", "A", "I"], ["▁O", "pen", "A", "I"])
    assert spelled(speller, "open") == ["▁o", "pen"]


def test_a_model_of_characters(tmp_path: Path) -> None:
    speller = make(tmp_path, [*"打开灯", "S", "O"])
    assert spelled(speller, "打开灯") == ["打", "开", "灯"]
    assert spelled(speller, "sos") == ["S", "O", "S"]
    assert spelled(speller, "打开门") is None


def test_a_model_that_joins_characters(tmp_path: Path) -> None:
    pieces = ["打开", "▁打开", "▁", "打", "开", "灯"]
    assert spelled(make(tmp_path, pieces, pieces), "打开灯") == ["▁打开", "灯"]


def test_a_model_of_bytes(tmp_path: Path) -> None:
    def letters(text: str) -> str:
        return "".join(BYTE_LETTERS[byte] for byte in text.encode())

    speller = make(
        tmp_path, ["▁" + letters("你"), "▁" + letters("好")[:2], letters("好")[2:], "▁HE", "L", "O"]
    )
    assert speller.script.bytes
    assert spelled(speller, "你好") == ["▁ƋţŅ", "▁ƌŋ", "ţ"]
    assert spelled(speller, "hello 你") == ["▁HE", "L", "L", "O", "▁ƋţŅ"]


def test_forms_of_letters_do_not_matter(tmp_path: Path) -> None:
    assert spelled(make(tmp_path, ["▁s", "top"]), "ｓｔｏｐ") == ["▁s", "top"]


def test_phrases_are_handed_over_under_other_names(tmp_path: Path) -> None:
    speller = make(tmp_path, ["▁s", "top", "▁go", "q7"])
    assert speller.write(["stop go", "stay", "go"]) == ("qq1 qq2 qq3/qq3", 1)
    assert speller.write([]) == ("", 0)
    assert speller.write(["go"] * (ROOM // 2 + 3))[1] == 3
    copy = write_aliases(tmp_path / "tokens.txt", speller, tmp_path / "copy.txt")
    lines = copy.read_text("utf-8").splitlines()
    assert (
        lines[: len(read_tokens(tmp_path / "tokens.txt"))]
        == (tmp_path / "tokens.txt").read_text("utf-8").split("\n")[:-1]
    )
    assert {"qq1 1", "qq3 3"} <= set(lines)


def test_a_phrase_without_end_is_left_out(tmp_path: Path) -> None:
    speller = make(tmp_path, ["▁s", "s"])
    assert speller.spell("s" * LONGEST) and speller.spell("s" * (LONGEST + 1)) is None


@settings(deadline=None)
@given(st.text(max_size=30))
def test_nothing_a_client_wrote_comes_out(tmp_path_factory: pytest.TempPathFactory, phrase: str) -> None:
    speller = make_speller(TINY, "tokens.txt")
    written, unusable = speller.write([phrase])
    assert set(written) <= set("q0123456789 ") and unusable == (not written)


def test_a_model_that_was_removed_meanwhile_is_an_error(tmp_path: Path) -> None:
    speller = make(tmp_path, ["▁go"])
    with pytest.raises(EngineFailed, match=r"'gone\.txt' once more, .*: No such file"):
        write_aliases(tmp_path / "gone.txt", speller, tmp_path / "copy.txt")
