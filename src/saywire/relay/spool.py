"""Audio on disk until a server has settled it: a tape (``client/tape.py``) that outlives its process.

A folder of files of 16-bit PCM, each named by its first sample. Whole files are thrown away: those that have
settled when ``sweep`` is called, and the oldest when the limit is reached. What was appended is in the
system's hands at once, so a process that is killed loses nothing; a power cut loses what the system had not
written.
"""

from __future__ import annotations

from bisect import bisect_right
from pathlib import Path
from typing import BinaryIO

from ..client.frames import SAMPLE
from ..errors import DISK_FULL, SaywireError
from ..types import RATE

LONGEST_FILE = 30 * RATE
"""Samples."""
LONGEST_READ = RATE
"""Samples given out at a time."""
SMALLEST = 120 * RATE * SAMPLE
"""Bytes of a spool, at least: four of the usual longest utterances."""
FILES = 8
"""In a full spool, at least: what is thrown away at once is an eighth of it at most."""


class DiskFailed(SaywireError):
    """What must not be lost cannot be written."""

    code = "disk_failed"


class Spool:
    def __init__(self, folder: Path, limit: int, start: int = 0) -> None:
        """``limit``: bytes, at least ``SMALLEST``. ``start``: the first sample that is wanted of what is
        there already; where there is nothing, the next to come. Raises DiskFailed where it cannot be
        written."""
        self._folder = folder
        self.limit = max(limit, SMALLEST)
        self._longest = min(LONGEST_FILE, self.limit // SAMPLE // FILES)
        self._reading: tuple[int, BinaryIO] | None = None
        self._writing: BinaryIO | None = None
        self.dropped = 0
        """Samples that were thrown away before they were forgotten."""
        self.cramped = False
        """Whether the disk was full before the limit was reached."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._files, end = _find(folder)
        except OSError as e:
            raise _problem(folder, e) from e
        if end < start:
            self._remove(len(self._files))
        self.end = max(start, end)
        self.start = min(max([start, *self._files[:1]]), self.end)

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return (self.end - self._files[0]) * SAMPLE if self._files else 0

    def append(self, pcm: bytes) -> None:
        """Raises DiskFailed where it cannot be written even after all that is older was thrown away."""
        if self._writing is None or self.end - self._files[-1] >= self._longest:
            self._begin_file()
        while error := self._write(pcm):
            self.cramped = error.errno in DISK_FULL
            if not (self.cramped and self._drop()):
                raise _problem(self._folder, error) from error
        self.end += len(pcm) // SAMPLE
        while self.size > self.limit and self._drop():
            pass

    def read(self, position: int, end: int) -> bytes:
        """Raises DiskFailed for what somebody else took away."""
        at = bisect_right(self._files, position) - 1
        start = self._files[at]
        until = self._files[at + 1] if at + 1 < len(self._files) else self.end
        size = (min(end, until, position + LONGEST_READ) - position) * SAMPLE
        try:
            file = self._open(start)
            file.seek((position - start) * SAMPLE)
            pcm = file.read(size)
        except OSError as e:
            raise DiskFailed(f"cannot read {self._path(start)}: {e.strerror}") from e
        if len(pcm) < size:
            raise DiskFailed(f"cannot read {self._path(start)}: its end is gone")
        return pcm

    def forget(self, before: int) -> None:
        """What lies before is kept on disk until ``sweep``."""
        self.start = min(max(self.start, before), self.end)

    def sweep(self) -> None:
        """Take the files away that hold nothing but what was forgotten."""
        gone = bisect_right(self._files, self.start) - 1
        if self.start == self.end:
            self._stop_writing()
            gone = len(self._files)
        self._remove(max(gone, 0))

    def close(self) -> None:
        """Leave what is there. Idempotent."""
        self._stop_reading()
        self._stop_writing()

    def _open(self, start: int) -> BinaryIO:
        if self._reading is None or self._reading[0] != start:
            self._stop_reading()
            self._reading = start, self._path(start).open("rb", buffering=0)
        return self._reading[1]

    def _write(self, pcm: bytes) -> OSError | None:
        """All of it or, where there is an error, nothing."""
        assert self._writing
        try:
            rest = memoryview(pcm)
            while rest:
                rest = rest[self._writing.write(rest) :]
        except OSError as e:
            written = (self.end - self._files[-1]) * SAMPLE
            self._writing.truncate(written)
            self._writing.seek(written)
            return e
        return None

    def _begin_file(self) -> None:
        self._stop_writing()
        try:
            self._writing = self._path(self.end).open("wb", buffering=0)
        except OSError as e:
            raise _problem(self._folder, e) from e
        if self._files[-1:] != [self.end]:  # whoever was here before may have got no further than this
            self._files.append(self.end)

    def _drop(self) -> bool:
        """Throw the oldest file away, unless it is the only one; whether there was another."""
        if len(self._files) < 2:
            return False
        self.dropped += max(0, self._files[1] - self.start)
        self.start = max(self.start, self._files[1])
        self._remove(1)
        return True

    def _remove(self, count: int) -> None:
        gone, self._files = self._files[:count], self._files[count:]
        if self._reading and self._reading[0] in gone:
            self._stop_reading()
        try:
            for start in gone:
                self._path(start).unlink(missing_ok=True)
        except OSError as e:
            raise _problem(self._folder, e) from e

    def _stop_reading(self) -> None:
        if self._reading:
            self._reading[1].close()
        self._reading = None

    def _stop_writing(self) -> None:
        if self._writing:
            self._writing.close()
        self._writing = None

    def _path(self, start: int) -> Path:
        return self._folder / f"{start:015}.pcm"


def _find(folder: Path) -> tuple[list[int], int]:
    """The files that follow each other up to the last, and where that ends. Others, which a power cut may
    have left, are of no use and go away."""
    found = sorted((int(path.stem), path) for path in folder.glob("*.pcm") if path.stem.isdigit())
    ends = [start + path.stat().st_size // SAMPLE for start, path in found]
    starts = [start for start, _ in found]
    broken = [n for n, (end, start) in enumerate(zip(ends, starts[1:], strict=False), 1) if end != start]
    first = broken[-1] if broken else 0
    for _, path in found[:first]:
        path.unlink()
    return starts[first:], ends[-1] if ends else 0


def _problem(folder: Path, error: OSError) -> DiskFailed:
    return DiskFailed(f"cannot write to {folder}: {error.strerror}; choose another folder for the spool")
