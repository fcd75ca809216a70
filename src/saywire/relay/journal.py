"""What a relay has heard, and where its session goes on: a file of JSON lines that outlives its process.

A line is written at once, and before the audio is thrown away that it speaks of. Whoever is killed between
the two hears the same again. Half a line at the end, of a process that was killed while it wrote, is cut
off.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from ..client.wire import Place
from ..messages import Final
from .spool import DiskFailed


class Begun(msgspec.Struct, frozen=True):
    """A source was begun; the first line."""

    session: str
    """Its id, which nobody can guess, and which stays."""
    at: float
    """Seconds since 1970."""
    source: str
    first: int = 0
    """Where its first sample is in the session."""


class Gap(msgspec.Struct, frozen=True):
    """Audio that nobody has heard. Seconds from the session's first sample."""

    start: float
    end: float


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    begun: Begun | None = None
    final: Final | None = None
    gap: Gap | None = None
    place: Place | None = None
    """Where the session goes on after this."""


_lines = msgspec.json.Decoder(Line)


class Journal:
    """``begun`` and ``place`` are the newest there are."""

    def __init__(self, path: Path) -> None:
        """Raises DiskFailed where it cannot be written."""
        self._path = path
        self.begun: Begun | None = None
        self.place: Place | None = None
        self.lost = 0.0
        """Seconds of all gaps."""
        self._file: BinaryIO | None = None
        self._open()

    def write(self, line: Line) -> None:
        """All of it; nothing, where that raises DiskFailed."""
        assert self._file
        data = msgspec.json.encode(line) + b"\n"
        try:
            written = self._file.write(data)
            if written < len(data):  # the disk is full, and the next line must not go on in this one
                os.truncate(self._path, self._file.tell() - written)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as e:
            raise DiskFailed(f"cannot write to {self._path}: {e.strerror}") from e
        self._note(line)

    def read(self) -> Iterator[Line]:
        """From the first."""
        with self._path.open("rb") as file:
            for data in file:
                yield _lines.decode(data)

    def clear(self) -> None:
        """The session has ended, and nobody has to know more of it."""
        self.close()
        self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """Idempotent."""
        if self._file:
            self._file.close()
        self._file = None

    def _open(self) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("ab", buffering=0)
            os.truncate(self._path, _whole(self._path))
        except OSError as e:
            raise DiskFailed(f"cannot write to {self._path}: {e.strerror}") from e
        for line in self.read():
            self._note(line)

    def _note(self, line: Line) -> None:
        self.begun = line.begun or self.begun
        self.place = line.place or self.place
        if line.gap:
            self.lost += line.gap.end - line.gap.start


def _whole(path: Path) -> int:
    """Bytes of the lines that can be read: all up to the first that was not written to its end."""
    whole = 0
    with path.open("rb") as file:
        for data in file:
            try:
                _lines.decode(data)
            except msgspec.DecodeError:
                return whole
            if not data.endswith(b"\n"):
                return whole
            whole += len(data)
    return whole
