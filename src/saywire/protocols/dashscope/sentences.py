"""Utterances as the sentences of the task protocol: snapshots, each of which replaces the one before.

Words that an engine has no times for get times in proportion to their length, between the sentence's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from msgspec import UNSET

from ...types import Word
from . import task_events as wire

_MARKS = re.compile(r"[\s，。？！；：、,.?!;:]+$")
_PIECE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff][，。？！；：、]*|[^\s\u3040-\u30ff\u3400-\u9fff]+")


def show_words(
    text: str, words: Sequence[Word], start: float, end: float, fixed: int | None
) -> list[wire.Word]:
    """``fixed``: how many characters of ``text`` will not change; None where the client is not told."""
    timed = words or spread(text, start, end)
    shown, at = [], 0
    for word in timed:
        bare = word.text.strip()
        found = text.find(bare, at)
        at = found + len(bare) if found >= 0 else at
        mark = _MARKS.search(bare)
        shown.append(
            wire.Word(
                milliseconds(word.start),
                milliseconds(word.end),
                bare[: mark.start()] if mark else bare,
                mark[0].strip() if mark else "",
                UNSET if fixed is None else at <= fixed,
            )
        )
    return shown


def spread(text: str, start: float, end: float) -> Iterable[Word]:
    """The words of ``text``, as if each character took the same time."""
    pieces = _PIECE.findall(text)
    total = sum(map(len, pieces)) or 1
    at = start
    for piece in pieces:
        until = at + (end - start) * len(piece) / total
        yield Word(piece, at, until)
        at = until


def milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
