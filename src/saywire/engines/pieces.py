"""How a model's own tokeniser cuts words into pieces: what a hot word must be written in.

A folder has it as ``bpe.model`` (sentencepiece's) or ``bpe.vocab`` (a piece and its score on each line); the
byte-level kind is called ``bbpe``. Where it has neither, the order of ``tokens.txt`` stands in for the
scores: trainers write the likely pieces first. Sources: sentencepiece_model.proto and the unigram and BPE
encoders of sentencepiece 0.2; icefall's export_bpe_vocab.py (read November 2026).
"""

from __future__ import annotations

import logging
import math
import struct
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

from ..errors import EngineFailed
from .protobuf import FIXED32, LENGTH, VARINT, Field, walk

log = logging.getLogger(__name__)

FILES = ("bpe.model", "bbpe.model", "bpe.vocab", "bbpe.vocab")
"""In the order in which they are looked for: the models say more."""
_PIECES, _TRAINER = 1, 2
_PIECE, _SCORE, _TYPE = 1, 2, 3
_NORMAL, _USER_DEFINED = 1, 4
_MODEL_TYPE, _BPE = 3, 2


@dataclass(frozen=True)
class Pieces:
    """Pieces with their scores. ``merged``: made by merging pairs, the best first (BPE); else the pieces of a
    word are those with the highest sum (unigram)."""

    scores: Mapping[str, float]
    merged: bool

    @cached_property
    def _longest(self) -> int:
        return max(map(len, self.scores), default=0)

    def cut(self, word: str) -> list[str] | None:
        """The pieces of a word, as it is written with its ``▁``; None where it has none."""
        return self._merge(word) if self.merged else self._choose(word)

    def _choose(self, word: str) -> list[str] | None:
        """The best way to each position, as its sum and where its last piece begins (Viterbi)."""
        best: list[tuple[float, int] | None] = [(0.0, 0)] + [None] * len(word)
        for end in range(1, len(word) + 1):
            ways = (
                (before[0] + self.scores[piece], start)
                for start in range(max(0, end - self._longest), end)
                if (before := best[start]) and (piece := word[start:end]) in self.scores
            )
            best[end] = max(ways, default=None)
        pieces: list[str] = []
        end = len(word)
        while end:
            if not (way := best[end]):
                return None
            pieces.insert(0, word[way[1] : end])
            end = way[1]
        return pieces

    def _merge(self, word: str) -> list[str] | None:
        pieces = list(word)
        while True:
            pairs = [a + b for a, b in pairwise(pieces)]
            able = [at for at, pair in enumerate(pairs) if pair in self.scores]
            if not able:
                return pieces if all(piece in self.scores for piece in pieces) else None
            at = max(able, key=lambda at: self.scores[pairs[at]])  # the first of equals
            pieces[at : at + 2] = [pairs[at]]


def read_pieces(folder: Path, tokens: Mapping[int, str]) -> Pieces:
    """The pieces that are among the tokens. A file that is none of its kind, as some published folders have,
    is told in the log and done without."""
    for name in FILES:
        if (folder / name).is_file():
            try:
                return _read_file(folder / name, frozenset(tokens.values()))
            except EngineFailed as e:
                log.warning("model '%s' cuts hot words by guess: %s", folder.name, e.message)
    scores = {text: -math.log(index + 2.0) for index, text in tokens.items()}
    return Pieces({text: score for text, score in scores.items() if not text.startswith("<")}, False)


def _read_file(path: Path, tokens: frozenset[str]) -> Pieces:
    known = _read_model(path) if path.suffix == ".model" else read_vocabulary(path)
    usable = known.scores.keys() & tokens
    if not usable:
        raise EngineFailed(f"'{path.name}' has no piece that is in tokens.txt; is it another model's?")
    return Pieces({piece: known.scores[piece] for piece in usable}, known.merged)


def read_vocabulary(path: Path) -> Pieces:
    """Of a ``bpe.vocab``. Raises EngineFailed."""
    with _broken(path):
        scores: dict[str, float] = {}
        for number, line in enumerate(path.read_bytes().decode("utf-8").split("\n"), 1):
            piece, tab, score = line.rstrip("\r").partition("\t")
            try:
                if piece and not piece.startswith("<"):
                    scores[piece] = float(score)
            except ValueError as e:
                what = "a piece, a tab and a score" if tab else "a tab between piece and score"
                raise ValueError(f"line {number} is '{line[:40]}'; expected {what}") from e
        return Pieces(scores, _look_merged(scores.values()))


@contextmanager
def _broken(path: Path) -> Iterator[None]:
    """What goes wrong in reading a list, as EngineFailed."""
    try:
        yield
    except OSError as e:
        raise EngineFailed(f"'{path.name}' cannot be read: {e.strerror}") from e
    except ValueError as e:  # Malformed and UnicodeDecodeError are such
        raise EngineFailed(f"'{path.name}' is no list of pieces: {e}; download it again") from e


def _look_merged(scores: Iterable[float]) -> bool:
    """Whether they are the ranks -0, -1, -2, ... that BPE gives its merges; unigram has log-probabilities."""
    return all(score <= 0 and score == round(score) for score in scores)


def _read_model(path: Path) -> Pieces:
    scores: dict[str, float] = {}
    merged = False
    with _broken(path):
        data = path.read_bytes()
        for field in walk(data, 0, len(data)):
            inside = list(walk(data, field.start, field.end)) if field.kind == LENGTH else []
            if field.number == _PIECES:
                piece, score, kind = _read_piece(data, inside)
                if kind in (_NORMAL, _USER_DEFINED):
                    scores[piece] = score
            elif field.number == _TRAINER:
                merged = any(f.number == _MODEL_TYPE and data[f.start] == _BPE for f in inside)
    return Pieces(scores, merged)


def _read_piece(data: bytes, fields: Iterable[Field]) -> tuple[str, float, int]:
    piece, score, kind = "", 0.0, _NORMAL
    for field in fields:
        if (field.number, field.kind) == (_PIECE, LENGTH):
            piece = data[field.start : field.end].decode("utf-8")
        elif (field.number, field.kind) == (_SCORE, FIXED32):
            (score,) = struct.unpack_from("<f", data, field.start)
        elif (field.number, field.kind) == (_TYPE, VARINT):
            kind = data[field.start]
    return piece, score, kind
