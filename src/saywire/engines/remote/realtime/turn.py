"""One piece of audio on its way to a server, and what has come back; shared by two threads.

Its stream writes the audio and commits it, its line writes what was said and how it ended; each reads what
the other has written, and nothing written is taken back.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from math import inf

from ....errors import EngineFailed
from ....texts import glue
from ....types import Hypothesis, Word
from ...fallback import go_on, keep_stable


@dataclass(slots=True, eq=False)
class Turn:
    frames: list[bytes] = field(default_factory=list)
    """PCM16 at the server's rate, in the order of the audio; kept for another try."""
    committed: bool = False
    """No frame follows."""
    deadline: float = inf
    """When to give up, by ``time.monotonic``; not before it is committed."""
    said: Hypothesis = field(default_factory=Hypothesis)
    settled: bool = False
    """Whether ``said`` is final, or there is an error."""
    error: EngineFailed | None = None

    def commit(self, timeout: float) -> None:
        self.deadline = time.monotonic() + timeout
        self.committed = True

    def hear(self, now: Hypothesis) -> None:
        self.said = steady(self.said, trimmed(now))

    def settle(self, error: EngineFailed | None = None) -> None:
        self.error = error
        self.settled = True


def trimmed(said: Hypothesis) -> Hypothesis:
    """Without the spaces at its ends, and with stable text that ends in none."""
    text = said.text.strip()
    before = len(said.text) - len(said.text.lstrip())
    stable = len(said.text[: said.stable].rstrip()) - before
    return replace(said, text=text, stable=max(0, stable))


def steady(before: Hypothesis, now: Hypothesis) -> Hypothesis:
    """What is said now. Where it takes back what was stable, as some servers do in the end, and as another
    try does at its beginning, the stable text stays, and what it says after that goes on from there."""
    if now.text.startswith(before.text[: before.stable]):
        return replace(now, stable=max(now.stable, before.stable))
    return go_on(keep_stable(before), now)


def append(one: Hypothesis, other: Hypothesis, at: float) -> Hypothesis:
    """A settled piece, and what is said of the next one, which begins ``at`` seconds."""
    language = one.language or other.language
    if not other.text:
        return replace(one, language=language)
    text = one.text + glue(one.text, other.text) + other.text
    stable = len(text) - len(other.text) + other.stable if other.stable else len(one.text)
    words = (*one.words, *(_shift(word, at) for word in other.words))
    return Hypothesis(text, stable, words, language)


def _shift(word: Word, by: float) -> Word:
    return replace(word, start=round(word.start + by, 3), end=round(word.end + by, 3))
