"""A session's audio from the last boundary on: appended at one end, forgotten at the other."""

from __future__ import annotations

import numpy as np

from ..types import RATE, Samples

BLOCK = RATE
"""Samples that lie together. Nearly all that is read lies in one block and is not copied; who holds it keeps
no more than that block in memory."""


class Tape:
    """Samples addressed by their position in the session."""

    def __init__(self, position: int = 0) -> None:
        self.start = self.end = position
        self._origin = position  # of the first block
        self._blocks: list[Samples] = []

    def append(self, samples: Samples) -> None:
        while len(samples):
            at = (self.end - self._origin) % BLOCK
            if at == 0:
                self._blocks.append(np.empty(BLOCK, np.float32))
            part = samples[: BLOCK - at]
            self._blocks[-1][at : at + len(part)] = part
            self.end += len(part)
            samples = samples[len(part) :]

    def read(self, start: int, end: int) -> Samples:
        """[start, end), which must lie on the tape; what is read never changes."""
        if not self.start <= start <= end <= self.end:
            raise IndexError(f"[{start}, {end}) is not on the tape [{self.start}, {self.end})")
        start, end = start - self._origin, end - self._origin
        first, last = start // BLOCK, (end - 1) // BLOCK
        if first == last:
            return self._blocks[first][start - first * BLOCK : end - first * BLOCK]
        parts = [self._blocks[i][max(0, start - i * BLOCK) : end - i * BLOCK] for i in range(first, last + 1)]
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)

    def forget(self, before: int) -> None:
        """Drop what lies before a position; whole blocks leave the memory."""
        self.start = min(max(self.start, before), self.end)
        whole = (self.start - self._origin) // BLOCK
        del self._blocks[:whole]
        self._origin += whole * BLOCK
