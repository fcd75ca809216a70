"""Audio cut anywhere, as frames of one length that are gathered in pieces; pure.

Frames and pieces are counted from the first sample, so that a server gets the same messages however the
audio came. A piece is what a server is asked to transcribe at once: an utterance, unless that is longer than
servers take.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ....types import RATE, Samples
from ...guards import is_silent

FRAME = RATE // 10
"""Samples of a frame: what the makers' own clients send at a time."""
SHORTEST = 5
"""Frames that a piece is filled up to with silence: OpenAI refuses less than one, Qwen3-ASR wants five."""
BREATH = 0.01
"""Of a piece's mean power, a frame's that is a pause: 20 dB less."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    samples: Samples
    """``FRAME`` of them."""
    silent: bool
    last: bool
    """Whether its piece ends with it."""


class Frames:
    def __init__(self, longest: float) -> None:
        """A piece ends after ``longest`` seconds, or at a pause in the last third of them."""
        self._most = round(longest * RATE) // FRAME
        self._rest = np.zeros(0, np.float32)
        self._begin()

    def _begin(self) -> None:
        self._count = 0
        self._power = 0.0

    def feed(self, samples: Samples) -> list[Frame]:
        """The frames that are whole now."""
        audio = np.concatenate([self._rest, samples]) if len(self._rest) else samples
        whole = len(audio) // FRAME * FRAME
        self._rest = audio[whole:].copy()  # a view would keep all that lies before it
        return [self._gather(audio[start : start + FRAME]) for start in range(0, whole, FRAME)]

    def finish(self) -> list[Frame]:
        """The rest, filled up with silence, so that the piece ends; nothing where it has ended."""
        if not self._count and not len(self._rest):
            return []
        audio = np.zeros(max(1, SHORTEST - self._count) * FRAME, np.float32)
        audio[: len(self._rest)] = self._rest
        self._rest = self._rest[:0]
        starts = range(0, len(audio), FRAME)
        return [self._gather(audio[s : s + FRAME], last=s == starts[-1]) for s in starts]

    def _gather(self, samples: Samples, last: bool = False) -> Frame:
        power = float(np.square(samples, dtype=np.float64).mean())
        self._count += 1
        self._power += power
        pause = 3 * self._count >= 2 * self._most and power < BREATH * self._power / self._count
        if last := last or pause or self._count >= self._most:
            self._begin()
        return Frame(samples, is_silent(samples, RATE), last)
