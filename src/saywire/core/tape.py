"""A session's audio from the last boundary on: appended at one end, forgotten at the other."""

from __future__ import annotations

from bisect import bisect_right

import numpy as np

from ..types import Samples

CRUMB = 64
"""Samples; a chunk smaller than this grows by what comes next, since each costs memory of its own."""


class Tape:
    """Samples addressed by their position in the session."""

    def __init__(self, position: int = 0) -> None:
        self._chunks: list[Samples] = []
        self._starts: list[int] = []
        self.end = position

    @property
    def start(self) -> int:
        return self._starts[0] if self._starts else self.end

    def append(self, samples: Samples) -> None:
        if self._chunks and len(self._chunks[-1]) < CRUMB:
            self._chunks[-1] = np.concatenate([self._chunks[-1], samples])
            self.end += len(samples)
        elif len(samples):
            self._chunks.append(samples)
            self._starts.append(self.end)
            self.end += len(samples)

    def read(self, start: int, end: int) -> Samples:
        """[start, end), which must lie on the tape; a view where one chunk holds it all."""
        if not self.start <= start <= end <= self.end:
            raise IndexError(f"[{start}, {end}) is not on the tape [{self.start}, {self.end})")
        parts: list[Samples] = []
        i = bisect_right(self._starts, start) - 1
        while start < end:
            at, chunk = self._starts[i], self._chunks[i]
            part = chunk[start - at : end - at]
            parts.append(part)
            start += len(part)
            i += 1
        if len(parts) == 1:
            return parts[0]
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)

    def forget(self, before: int) -> None:
        """Drop what lies before a position; whole chunks only, so it costs no copying."""
        whole = bisect_right(self._starts, before) - 1
        if self.end <= before:
            whole = len(self._chunks)
        if whole > 0:
            del self._chunks[:whole], self._starts[:whole]
