"""A line of text and the times of its words, which servers tell apart from it: put together again. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from ...texts import lead
from ...types import Word

AHEAD = 40
"""Characters that a word may be away from where the last one ended: what stands between is its
punctuation, or a word that has no times."""


def fit(text: str, words: Sequence[Word]) -> tuple[Word, ...]:
    """Words that have times, but no punctuation or spaces, with those of the line; together they are it.

    What of the line has no times of its own goes with a neighbour; a word that is not in it is left out.
    """
    line = lead(text)
    fitted: list[Word] = []
    told = 0
    for word in words:
        place = _find(word.text.strip(), line, told)
        if place is None:
            continue
        between = line[told : place[0]]
        tail = _tail(between) if fitted else 0
        if tail:
            fitted[-1] = replace(fitted[-1], text=fitted[-1].text + between[:tail])
        fitted.append(replace(word, text=between[tail:] + line[slice(*place)]))
        told = place[1]
    if fitted:
        fitted[-1] = replace(fitted[-1], text=fitted[-1].text + line[told:])
    elif line and words:
        fitted.append(Word(line, words[0].start, words[-1].end))
    return tuple(fitted)


def _find(bare: str, line: str, told: int) -> tuple[int, int] | None:
    if not bare:
        return None
    found = re.compile(re.escape(bare), re.IGNORECASE).search(line, told, told + AHEAD + len(bare))
    return found.span() if found else None


def _tail(between: str) -> int:
    """How much of what stands between two words belongs to the first."""
    space = re.search(r"\s", between)
    return space.start() if space else len(between)
