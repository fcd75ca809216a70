"""A session's audio from the last boundary on: appended at one end, forgotten at the other."""

from __future__ import annotations

import numpy as np

from ..types import RATE, Samples

ROOM = RATE
"""Samples; there is memory for so many at least."""


class Tape:
    """Samples addressed by their position in the session, all in one piece of memory, so that nothing that is
    read is ever put together or copied. When that is full, or far too large, what is still wanted moves to
    another; who holds what was read before keeps the old one."""

    def __init__(self, position: int = 0) -> None:
        self.start = self.end = position
        self._origin = position
        self._memory = np.empty(0, np.float32)

    def append(self, samples: Samples) -> None:
        end = self.end + len(samples)
        if end - self._origin > len(self._memory):
            self._move(end)
        self._memory[self.end - self._origin : end - self._origin] = samples
        self.end = end

    def read(self, start: int, end: int) -> Samples:
        """[start, end), which must lie on the tape; it never changes."""
        if not self.start <= start <= end <= self.end:
            raise IndexError(f"[{start}, {end}) is not on the tape [{self.start}, {self.end})")
        return self._memory[start - self._origin : end - self._origin]

    def forget(self, before: int) -> None:
        """Drop what lies before a position."""
        self.start = min(max(self.start, before), self.end)
        if len(self._memory) > ROOM + 4 * (self.end - self.start):
            self._move(self.end)

    def _move(self, end: int) -> None:
        """To memory with as much room again as there will be samples."""
        kept = self._memory[self.start - self._origin : self.end - self._origin]
        self._memory = np.empty(ROOM + 2 * (end - self.start), np.float32)
        self._memory[: len(kept)] = kept
        self._origin = self.start
