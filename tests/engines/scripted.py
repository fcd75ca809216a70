"""A recogniser that hears bursts of constant loudness, exactly, and misbehaves as it is told to.

A word is a burst of 0.4 s; its loudness says which. A burst that the window cuts is heard as another word,
and so is one that has only just ended, so that hypotheses are revised and a bad cut is found out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from saywire.engines.base import EngineInfo
from saywire.engines.recognizer import Recognition, Window
from saywire.errors import EngineFailed
from saywire.types import RATE, Samples, Word

BURST = round(0.4 * RATE)
GAP = round(0.1 * RATE)
DOUBT = round(0.3 * RATE)
"""A burst that ended so little before the window does is heard wrongly."""


def say(*numbers: int, gap: float = 0.1) -> Samples:
    """The audio of words 0 to 80, the first after a gap."""
    pause = np.zeros(round(gap * RATE), np.float32)
    return np.concatenate([np.concatenate([pause, burst(number)]) for number in numbers])


def burst(number: int) -> Samples:
    return np.full(BURST, 0.1 + number / 100, np.float32)


def spell(*numbers: int) -> str:
    return " ".join(f"w{number}" for number in numbers)


def listen(samples: Samples) -> tuple[Word, ...]:
    loud = np.concatenate([[0], samples > 0.05, [0]]).astype(np.int8)
    edges = np.flatnonzero(np.diff(loud))
    return tuple(_hear(samples, int(s), int(e)) for s, e in zip(edges[::2], edges[1::2], strict=True))


def _hear(samples: Samples, start: int, end: int) -> Word:
    number = round((float(samples[start]) - 0.1) * 100)
    whole = end - start == BURST
    doubtful = np.abs(samples[end:]).max(initial=0) == 0 and len(samples) - end < DOUBT
    text = f" w{number}" + ("" if whole else f"cut{(end - start) // 800}") + ("maybe" if doubtful else "")
    return Word(text, start / RATE, end / RATE, 0.9)


@dataclass
class Scripted:
    """``twist`` changes what it would say of a window; ``heard`` keeps all windows' lengths in seconds."""

    words: bool = True
    follows: bool = False
    window: float = 30.0
    invents: bool = True
    tail: float = 0.4
    max_batch: int = 4
    twist: Callable[[Recognition, Window], Recognition] = lambda recognition, window: recognition
    fails: int = 0
    """So many calls raise EngineFailed."""
    keeps: int = 100
    """Windows."""
    heard: list[float] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)
    closed: bool = False

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            "scripted", words=self.words, confidence=self.words, max_batch=self.max_batch, tail=self.tail
        )

    def recognize(self, windows: Sequence[Window]) -> Sequence[Recognition]:
        if self.fails:
            self.fails -= 1
            raise EngineFailed("the scripted recogniser fails, as it was told to")
        assert 1 <= len(windows) <= self.max_batch
        self.heard += [round(len(window.samples) / RATE - self.tail, 6) for window in windows]
        self.windows = (self.windows + list(windows))[-self.keeps :]
        return [self.twist(self._answer(window), window) for window in windows]

    def _answer(self, window: Window) -> Recognition:
        words = listen(window.samples)
        if self.follows:
            prefix = [Word(" " + text, 0, 0) for text in window.prefix.split()]
            words = (*prefix, *words[len(prefix) :])
        if not self.words:
            words = tuple(replace(word, start=0, end=0, confidence=None) for word in words)
        return Recognition(words, language="en")

    def close(self) -> None:
        self.closed = True
