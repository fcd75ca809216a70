"""What a relay has heard, and where its session goes on: a file of JSON lines that outlives its process.

A line is written at once, and before the audio is thrown away that it speaks of. Whoever is killed between
the two hears the same again. Half a line at the end, of a process that was killed while it wrote, is cut
off.

A session may last for days. When the file has doubled it is written anew, beside itself, without the places
that are not the newest; where that is still too much, without the oldest of what was heard.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import msgspec

from ..client.wire import Place
from ..messages import Final
from .spool import DiskFailed

SHORTEST = 2**20
"""Bytes up to which it is let grow."""
MOST = 2**26
"""Bytes; what is written anew has half of that at most: a day of talk, with the times of its words."""


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


class LeftOut(msgspec.Struct, frozen=True):
    """What the journal had and has no more."""

    finals: int = 0
    lost: float = 0.0
    """Seconds of gaps."""


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    begun: Begun | None = None
    final: Final | None = None
    gap: Gap | None = None
    place: Place | None = None
    """Where the session goes on after this."""
    left_out: LeftOut | None = None


_lines = msgspec.json.Decoder(Line)


class Journal:
    """``begun`` and ``place`` are the newest there are."""

    def __init__(self, path: Path) -> None:
        """Raises DiskFailed where it cannot be written."""
        self._path = path
        self._fresh = path.with_name(f"{path.name}.new")
        self.begun: Begun | None = None
        self.place: Place | None = None
        self.lost = 0.0
        """Seconds of all gaps."""
        self.left_out = LeftOut()
        self._size = self._due = 0
        self._file: BinaryIO | None = None
        self._open()

    def write(self, line: Line) -> None:
        """All of it; nothing, where that raises DiskFailed."""
        assert self._file
        data = _encode(line)
        try:
            written = self._file.write(data)
            if written < len(data):  # the disk is full, and the next line must not go on in this one
                os.truncate(self._path, self._file.tell() - written)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as e:
            raise DiskFailed(f"cannot write to {self._path}: {e.strerror}") from e
        self._note(line)
        self._size += len(data)
        if self._size > self._due:
            self._compact()

    def read(self) -> Iterator[Line]:
        """From the first."""
        with self._path.open("rb") as file:
            for data in file:
                yield _lines.decode(data)

    def clear(self) -> None:
        """The session has ended, and nobody has to know more of it."""
        self.close()
        self._fresh.unlink(missing_ok=True)
        self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """Idempotent."""
        if self._file:
            self._file.close()
        self._file = None

    def _open(self) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._fresh.unlink(missing_ok=True)
            self._file = self._path.open("ab", buffering=0)
            os.truncate(self._path, _whole(self._path))
        except OSError as e:
            raise DiskFailed(f"cannot write to {self._path}: {e.strerror}") from e
        for line in self.read():
            self._note(line)
        self._measure()

    def _note(self, line: Line) -> None:
        self.begun = line.begun or self.begun
        self.place = line.place or self.place
        if line.gap:
            self.lost += line.gap.end - line.gap.start
        if line.left_out:
            self.left_out = line.left_out
            self.lost += line.left_out.lost

    # Growing.

    def _measure(self) -> None:
        self._size = self._path.stat().st_size
        self._due = max(min(2 * self._size, MOST), self._size + SHORTEST)

    def _compact(self) -> None:
        """Whoever is killed meanwhile leaves the old file or the new one, each whole. Where there is no room
        for a new one the old one grows on."""
        try:
            left_out = self._write_fresh()
            self.close()
            self._fresh.replace(self._path)
            self.left_out = left_out
        except OSError:
            with suppress(OSError):
                self._fresh.unlink(missing_ok=True)
        try:
            self._file = self._file or self._path.open("ab", buffering=0)
            self._measure()
        except OSError as e:
            raise DiskFailed(f"cannot write to {self._path}: {e.strerror}") from e

    def _write_fresh(self) -> LeftOut:
        """What is left out in it, in all."""
        finals, lost = self.left_out.finals, self.left_out.lost
        excess = sum(map(len, map(_encode, self._shorten()))) - MOST // 2
        with self._fresh.open("wb") as file:
            for line in self._shorten():
                data = _encode(line)
                if excess > 0:
                    excess -= len(data)
                    finals += bool(line.final)
                    lost += line.gap.end - line.gap.start if line.gap else 0.0
                else:
                    file.write(data)
            left_out = LeftOut(finals, lost)
            file.write(_encode(Line(self.begun, place=self.place, left_out=left_out)))
            file.flush()
            os.fsync(file.fileno())
        return left_out

    def _shorten(self) -> Iterator[Line]:
        """What was heard, and nothing else."""
        lines = (Line(final=line.final, gap=line.gap) for line in self.read())
        return (line for line in lines if line.final or line.gap)


def _encode(line: Line) -> bytes:
    return msgspec.json.encode(line) + b"\n"


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
