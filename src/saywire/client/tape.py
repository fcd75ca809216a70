"""Audio that a client may have to send again: bytes of 16-bit PCM by their positions.

Positions are samples on the wire from the session's first. ``MemoryTape`` keeps it in memory; a tape on disk
is ``relay/spool.py``.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Protocol

from ..errors import SaywireError
from .frames import SAMPLE


class AudioLost(SaywireError):
    """Audio that nobody has heard is gone. ``start`` and ``end``: seconds from the session's first sample."""

    code = "audio_lost"
    fatal = False

    def __init__(self, start: float, end: float) -> None:
        super().__init__(f"{end - start:.1f} s of audio are lost, from {start:.1f} s to {end:.1f} s")
        self.start, self.end = start, end


class Tape(Protocol):
    @property
    def start(self) -> int:
        """The first sample that is there."""
        ...

    @property
    def end(self) -> int:
        """Behind the last."""
        ...

    def append(self, pcm: bytes) -> None: ...

    def read(self, position: int, end: int) -> bytes:
        """Some of it, at least a sample: from ``position``, which is there, and not beyond ``end``."""
        ...

    def forget(self, before: int) -> None:
        """What lies before is not asked for any more. Positions before ``start`` mean nothing."""
        ...


class MemoryTape:
    """``read`` gives a block as it was appended, or what is left of it."""

    def __init__(self) -> None:
        self.start = self.end = 0
        self._places: list[int] = []
        self._blocks: list[bytes] = []

    def append(self, pcm: bytes) -> None:
        self._places.append(self.end)
        self._blocks.append(pcm)
        self.end += len(pcm) // SAMPLE

    def read(self, position: int, end: int) -> bytes:
        block = bisect_right(self._places, position) - 1
        place = self._places[block]
        return self._blocks[block][(position - place) * SAMPLE : (end - place) * SAMPLE]

    def forget(self, before: int) -> None:
        self.start = min(max(self.start, before), self.end)
        gone = bisect_right(self._places, self.start) - (self.start < self.end)
        del self._places[:gone], self._blocks[:gone]
