"""Words cut as sentencepiece cuts them."""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.folders import field
from saywire.engines.pieces import Pieces, read_pieces, read_vocabulary
from saywire.engines.sherpa import TINY
from saywire.engines.token_table import read_tokens
from saywire.errors import EngineFailed

UNIGRAM = {
    "▁": -3.0,
    "▁he": -2.5,
    "▁hell": -4.0,
    "llo": -2.0,
    "l": -3.0,
    "o": -3.0,
    "▁hello": -9.0,
    "h": -5.0,
}
NAMES = {index: piece for index, piece in enumerate(("<blk>", *UNIGRAM))}


def sentencepiece(scores: Mapping[str, float], bpe: bool, *, special: str = "<unk>") -> bytes:
    """A ``bpe.model`` as its trainer writes one."""
    pieces = field(1, field(1, special.encode()) + b"\x15" + struct.pack("<f", 0.0) + b"\x18\x02")
    for piece, score in scores.items():
        pieces += field(1, field(1, piece.encode()) + b"\x15" + struct.pack("<f", score))
    return pieces + field(2, b"\x18" + (b"\x02" if bpe else b"\x01"))


def vocabulary(scores: Mapping[str, float]) -> bytes:
    return "".join(f"{piece}\t{score}\n" for piece, score in {"<unk>": 0, **scores}.items()).encode()


def test_the_likeliest_pieces_are_taken() -> None:
    pieces = Pieces(UNIGRAM, merged=False)
    assert pieces.cut("▁hello") == ["▁he", "llo"]  # -4.5, before -9 and "▁hell" "o" of -7
    assert pieces.cut("▁hell") == ["▁hell"]
    assert pieces.cut("▁hex") is None
    assert pieces.cut("") == []


def test_pairs_are_merged_the_best_first() -> None:
    pieces = Pieces(
        {"lo": 0.0, "▁h": -1.0, "▁he": -2.0, "el": -3.0, "l": -4.0, "e": -5.0, "o": -6.0}, merged=True
    )
    assert pieces.cut("▁hello") == ["▁he", "l", "lo"]
    assert pieces.cut("▁hellx") is None


@pytest.mark.parametrize("name", ["bpe.model", "bpe.vocab", "bbpe.model"])
@pytest.mark.parametrize("bpe", [False, True])
def test_both_kinds_of_files_tell_both_kinds_of_pieces(tmp_path: Path, name: str, bpe: bool) -> None:
    scores = {piece: float(-rank) for rank, piece in enumerate(UNIGRAM)} if bpe else UNIGRAM | {"o": -3.5}
    data = sentencepiece(scores, bpe) if name.endswith("model") else vocabulary(scores)
    (tmp_path / name).write_bytes(data)
    found = read_pieces(tmp_path, NAMES)
    assert (found.merged, found.scores) == (bpe, pytest.approx(scores))


def test_what_the_network_does_not_know_is_no_piece(tmp_path: Path) -> None:
    (tmp_path / "bpe.vocab").write_bytes(vocabulary(UNIGRAM | {"▁hello": -0.5}))
    table = {index: text for index, text in NAMES.items() if text != "▁hello"}
    assert read_pieces(tmp_path, table).cut("▁hello") == ["▁he", "llo"]


def test_the_order_of_tokens_stands_in_for_scores(tmp_path: Path) -> None:
    table = dict(enumerate(("<blk>", "<unk>", "▁he", "llo", "▁h", "e", "l", "o")))
    found = read_pieces(tmp_path, table)
    assert found.cut("▁hello") == ["▁he", "llo"]
    assert "<unk>" not in found.scores


def test_the_shipped_list_is_read() -> None:
    pieces = read_pieces(TINY, read_tokens(TINY / "tokens.txt"))
    assert pieces.cut("▁computer") == ["▁com", "pu", "ter"]


@pytest.mark.parametrize(
    ("name", "data", "problem"),
    [
        ("bpe.model", b"\x0a\x05a", "no list of pieces: it ends 4 bytes too early"),
        ("bpe.model", b"\x07", "not in protobuf's format"),
        ("bpe.vocab", b"\xff\xfe\x00", "no list of pieces: 'utf-8'"),
        ("bpe.vocab", "▁he -2.5\n".encode(), "line 1 is '▁he -2.5'; expected a tab"),
        ("bpe.vocab", "▁he\tmuch\n".encode(), "expected a piece, a tab and a score"),
        ("bpe.vocab", "▁other\t-1\n".encode(), "no piece that is in tokens.txt; is it another"),
    ],
)
def test_a_broken_list_is_told_and_done_without(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, data: bytes, problem: str
) -> None:
    (tmp_path / name).write_bytes(data)
    assert read_pieces(tmp_path, NAMES).cut("▁hello")
    assert re.search(f"cuts hot words by guess: .*{problem}", caplog.text)


def test_of_a_broken_list_and_a_whole_one_the_whole_is_taken(tmp_path: Path) -> None:
    """Releases have pointers to large files in the place of the files."""
    (tmp_path / "bpe.model").write_text("version https://git-lfs.github.com/spec/v1\n")
    (tmp_path / "bpe.vocab").write_bytes(vocabulary(UNIGRAM))
    assert read_pieces(tmp_path, NAMES).scores == pytest.approx(UNIGRAM)


def test_a_vocabulary_by_itself_is_whole_or_refused(tmp_path: Path) -> None:
    (tmp_path / "bpe.vocab").write_text("a\tb\n")
    with pytest.raises(EngineFailed, match=r"'bpe\.vocab' is no list of pieces: line 1"):
        read_vocabulary(tmp_path / "bpe.vocab")
    with pytest.raises(EngineFailed, match=r"'none\.vocab' cannot be read: No such file"):
        read_vocabulary(tmp_path / "none.vocab")


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_list_or_done_without(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.getbasetemp()
    for name in ("bpe.model", "bpe.vocab"):
        (folder / name).write_bytes(data)
        assert read_pieces(folder, NAMES).scores
        (folder / name).unlink()


@settings(deadline=None)
@given(st.text("▁helox", max_size=12), st.booleans())
def test_pieces_are_the_word_again(word: str, merged: bool) -> None:
    pieces = Pieces(UNIGRAM, merged).cut(word)
    assert pieces is None or ("".join(pieces) == word and UNIGRAM.keys() >= set(pieces))
