"""Silence that a device should have given and did not, and silence that it should not have given."""

from __future__ import annotations

import time
from collections.abc import Callable

from ...types import Samples

SLACK = 0.5
"""Seconds by which audio may come late before silence takes its place; a busy machine is late by less."""
PATIENCE = 5.0
"""Seconds of zeros from the first sample on after which something is wrong: a quiet room is no zeros."""


class Clock:
    """How many samples there should be by now. WASAPI's loopback gives none at all while nothing plays, and
    then neither would a turn end nor later times be right."""

    def __init__(self, rate: int, now: Callable[[], float] = time.monotonic, *, fills: bool = True) -> None:
        """``fills``: whether what is missing is to be made up for; else it only tells the time."""
        self.fills = fills
        self._rate = rate
        self._now = now
        self._began = now()

    def start(self, samples: int) -> float:
        """So many have just come, the first there are; says when the first was captured. With a clock that
        fills, silence counts from when it was made."""
        if not self.fills:
            self._began = self._now() - samples / self._rate
        return self._began

    def missing(self, given: int) -> int:
        """Samples that should be there besides those; 0 where they may only be late."""
        late = round((self._now() - self._began) * self._rate) - given
        return late if self.fills and late >= SLACK * self._rate else 0


class Zeros:
    """Says once that there was nothing but zeros from the beginning: somebody withholds the audio."""

    def __init__(self, meaning: str, rate: int, warn: Callable[[str], None]) -> None:
        self._meaning = meaning
        self._left = round(PATIENCE * rate)
        self._warn = warn

    def hear(self, samples: Samples) -> None:
        if self._left <= 0:
            return
        self._left -= len(samples)
        if samples.any():
            self._left = 0
        elif self._left <= 0 and self._meaning:
            self._warn(self._meaning)
