"""When which audio of a session came."""

from __future__ import annotations

from collections import deque

from ..types import RATE

KEPT = 8192
"""Pieces of audio that are remembered: nearly three minutes of 20 ms."""


class Timeline:
    """Pieces of audio in the order they came; what lies before ``forget``, or too long ago, is not known."""

    def __init__(self) -> None:
        self._pieces: deque[tuple[float, float]] = deque(maxlen=KEPT)
        """Where each ends, in seconds of audio, and when it came."""
        self._end = 0.0
        self._start = 0.0
        """Of the oldest piece."""

    def __bool__(self) -> bool:
        """Whether there ever was any."""
        return self._end > 0

    def add(self, seconds: float, now: float) -> None:
        if len(self._pieces) == KEPT:
            self._start = self._pieces[0][0]
        self._end += seconds
        self._pieces.append((self._end, now))

    def find(self, at: float) -> float | None:
        """When the audio at ``at`` came; None: that is not known any more, or it has not."""
        if at < self._start:
            return None
        return next((came for end, came in self._pieces if end >= at), None)

    def forget(self, position: int) -> None:
        """Nobody will ask for what lies before this sample, at the house rate."""
        while self._pieces and self._pieces[0][0] < position / RATE:
            self._start = self._pieces.popleft()[0]
