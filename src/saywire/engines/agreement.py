"""How successive hypotheses about growing audio make stable text. Words in, stable prefix out; pure.

Two policies with one interface. ``LocalAgreement``: what two successive hypotheses begin with alike is
stable (LocalAgreement-2: Liu, Spanakis and Niehues, "Low-latency sequence-to-sequence speech recognition and
translation by partial hypothesis selection", Interspeech 2020; for Whisper: Macháček, Dabre and Bojar,
"Turning Whisper into real-time transcription system", 2023). ``Rollback``: all but the last words of a
hypothesis is stable, and the recogniser is made to begin its next one with it (as the streaming mode of
Qwen3-ASR does, 2026).

A hypothesis may tell the stable words a little differently: other case, a comma, a word more. ``count_told``
finds where in it the news begin.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Protocol

from ..texts import split
from ..types import Word

KEEP_BACK = 5
"""Words of a hypothesis that a recogniser may still revise (Qwen3-ASR: five tokens)."""
FREE = 2
"""First hypotheses of a window of which nothing is stable yet: they are of too little audio (Qwen3-ASR)."""


class Agreement(Protocol):
    """Hypotheses of one window, one after the other, each of more of its audio."""

    @property
    def lag(self) -> int:
        """So many hypotheses before the last one, all that is stable now had been heard already."""

    @property
    def stable(self) -> tuple[Word, ...]:
        """Only grows, until ``forget``."""

    @property
    def open(self) -> tuple[Word, ...]:
        """What the last hypothesis says after the stable words."""

    def hear(self, words: Sequence[Word]) -> None:
        """Take the next hypothesis."""

    def finish(self, words: Sequence[Word]) -> tuple[Word, ...]:
        """All words of the window: the stable ones, then what its last hypothesis says after them."""

    def forget(self, count: int) -> None:
        """The first stable words are not in the window any more."""


class _Memory:
    """What both policies keep."""

    def __init__(self) -> None:
        self.stable: tuple[Word, ...] = ()
        self.open: tuple[Word, ...] = ()
        self._last: tuple[Word, ...] = ()

    def finish(self, words: Sequence[Word]) -> tuple[Word, ...]:
        # Where the same is heard again, exactly what was shown of it stays.
        self.stable += self.open if tuple(words) == self._last else news(self.stable, words)
        self.open = ()
        return self.stable

    def forget(self, count: int) -> None:
        self.stable = self.stable[count:]


class LocalAgreement(_Memory):
    """Stable is what two successive hypotheses say alike, spelled as the later one has it."""

    lag = 1

    def hear(self, words: Sequence[Word]) -> None:
        told = news(self.stable, words)
        self._last = tuple(words)
        agreed = count_common(self.open, told)
        self.stable += told[:agreed]
        self.open = told[agreed:]


class Rollback(_Memory):
    """Stable is all but the last ``keep_back`` words, once it has heard ``free`` hypotheses."""

    lag = 0

    def __init__(self, keep_back: int = KEEP_BACK, free: int = FREE) -> None:
        super().__init__()
        self._keep_back = keep_back
        self._free = free

    def hear(self, words: Sequence[Word]) -> None:
        told = news(self.stable, words)
        self._last = tuple(words)
        self._free -= 1
        sure = max(0, len(told) - self._keep_back) if self._free < 0 else 0
        self.stable += told[:sure]
        self.open = told[sure:]


def news(stable: Sequence[Word], words: Sequence[Word]) -> tuple[Word, ...]:
    """What a hypothesis says after the stable words."""
    return tuple(words[count_told(stable, words) :])


def count_common(one: Sequence[Word], other: Sequence[Word]) -> int:
    """Words that both begin with, whatever their case and punctuation."""
    count = 0
    for a, b in zip(one, other, strict=False):
        if fold(a.text) != fold(b.text):
            break
        count += 1
    return count


def count_told(stable: Sequence[Word], words: Sequence[Word]) -> int:
    """Of ``words``, how many tell again what ``stable`` told: the beginning nearest to it in edit distance.

    Of equally near ones the one that ends with the last stable word is taken, then the one of its length.
    """
    if not stable or count_common(stable, words) == len(stable):
        return len(stable)
    old, new = [fold(word.text) for word in stable], [fold(word.text) for word in words]
    costs = _count_edits(old, new)

    def rank(end: int) -> tuple[int, bool, int]:
        return costs[end], not end or new[end - 1] != old[-1], abs(end - len(old))

    return min(range(len(new) + 1), key=rank)


def _count_edits(old: Sequence[str], new: Sequence[str]) -> list[int]:
    """Levenshtein distance of ``old`` from each beginning of ``new``."""
    costs = list(range(len(new) + 1))
    for row, word in enumerate(old, 1):
        diagonal, costs[0] = costs[0], row
        for column, other in enumerate(new, 1):
            kept = diagonal + (word != other)
            diagonal = costs[column]
            costs[column] = min(kept, costs[column] + 1, costs[column - 1] + 1)
    return costs


def fold(text: str) -> str:
    """A word as it is compared: without case, spaces around it or punctuation, unless it is nothing else."""
    bare = text.strip().casefold()
    kept = "".join(c for c in bare if not unicodedata.category(c).startswith("P"))
    return kept or bare


def split_words(line: str) -> tuple[Word, ...]:
    """The words of a line, as ``texts.split`` has them, without times."""
    return tuple(Word(piece, 0.0, 0.0) for piece in split(line))
