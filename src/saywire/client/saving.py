"""Transcripts in files that grow while somebody speaks, and that are whole whenever they are read.

With each final the file is written anew, beside itself, and takes the old one's place: whoever reads it, and
whatever becomes of us, it has all finals so far and nothing half. Appending would be cheaper, but readers can
see the first half of a write that crosses a page of memory. An hour of talk is 1,200 finals and 100 kB. What
cannot be written, because the disk is full, comes with the next final, or at the end.

Lines (txt, jsonl) are in the order in which they became final; cues and segments (srt, vtt, json) in that of
their beginnings, though two voices be final out of turn.
"""

from __future__ import annotations

import itertools
import logging
import os
from bisect import insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec

from ..core.subtitles import VTT_HEAD, Cue, srt_cue, to_cues, vtt_cue
from ..core.transcript import Transcript, segment_json, to_json, to_segment
from ..errors import BadRequest
from ..messages import Final
from ..types import Segment

log = logging.getLogger(__name__)

Warn = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Said:
    segment: Segment
    label: str
    """Whose it is; empty where only one is heard."""


class _Form(Protocol):
    """What a format makes of what was said."""

    def add(self, said: Said) -> None: ...

    def whole(self, seconds: float) -> str:
        """All of the file; ``seconds`` were heard so far."""


class _Lines:
    def __init__(self, to_line: Callable[[Said], str]) -> None:
        self._to_line = to_line
        self._lines: list[str] = []

    def add(self, said: Said) -> None:
        self._lines.append(self._to_line(said) + "\n")

    def whole(self, seconds: float) -> str:
        return "".join(self._lines)


class _Cues:
    def __init__(self, head: str, to_text: Callable[[int, Cue, str], str]) -> None:
        self._head = head
        self._to_text = to_text
        self._cues: list[tuple[Cue, str]] = []
        self._after: dict[str, int] = {}  # cues of one voice never overlap, in milliseconds

    def add(self, said: Said) -> None:
        for cue in to_cues([said.segment], self._after.get(said.label, 0)):
            insort(self._cues, (cue, said.label), key=lambda one: one[0].start)
            self._after[said.label] = cue.end

    def whole(self, seconds: float) -> str:
        rows = enumerate(self._cues, 1)
        return self._head + "".join(self._to_text(number, cue, label) for number, (cue, label) in rows)


class _Json:
    def __init__(self) -> None:
        self._said: list[Said] = []

    def add(self, said: Said) -> None:
        insort(self._said, said, key=lambda one: one.segment.start)

    def whole(self, seconds: float) -> str:
        segments = tuple(one.segment for one in self._said)
        longest = max((seconds, *(segment.end for segment in segments)))
        return to_json(Transcript(segments, longest), [one.label for one in self._said]) + "\n"


def _text_line(said: Said) -> str:
    return (f"{said.label}: " if said.label else "") + said.segment.text


def _json_line(said: Said) -> str:
    return msgspec.json.encode(segment_json(said.segment, said.label)).decode()


FORMATS: dict[str, Callable[[], _Form]] = {
    ".txt": lambda: _Lines(_text_line),
    ".jsonl": lambda: _Lines(_json_line),
    ".srt": lambda: _Cues("", srt_cue),
    ".vtt": lambda: _Cues(VTT_HEAD, lambda number, cue, label: vtt_cue(cue, label)),
    ".json": _Json,
}
"""By the end of a file's name."""


class Saved:
    """One file."""

    def __init__(self, path: Path, overwrite: bool = False, warn: Warn = log.warning) -> None:
        """Made at once, without a line yet. Raises BadRequest for a format that is none, a file that is there
        and not to be overwritten (one without a line, from a talk that never began, may be), a folder that
        cannot be written to."""
        if path.suffix.lower() not in FORMATS:
            raise BadRequest(f"cannot save to {path}: it must end in {', '.join(FORMATS)}")
        self._path = path.resolve()  # where a link leads stays there
        self._form = FORMATS[path.suffix.lower()]()
        self._warn = warn
        self._told = False  # that it cannot be written now
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists() and not overwrite and path.read_bytes() != self._form.whole(0.0).encode():
                raise BadRequest(f"{path} is there already; choose another name, or --force")
            self._replace(0.0)
        except OSError as e:
            raise BadRequest(f"cannot save to {path}: {e.strerror or e}") from e

    def add(self, final: Final, label: str = "", now: bool = True) -> None:
        """A final without text leaves nothing. ``now`` False: it is written with the next."""
        if not final.text.strip():
            return
        self._form.add(Said(to_segment(final), label))
        if now:
            self._write(final.end)

    def close(self, seconds: float) -> bool:
        """So many were heard. Whether all is written."""
        self._told = False
        return self._write(seconds)

    def _write(self, seconds: float) -> bool:
        try:
            self._replace(seconds)
        except OSError as e:
            if not self._told:
                self._warn(f"cannot write to {self._path} now, will try again: {e.strerror or e}")
            self._told = True
            return False
        self._told = False
        return True

    def _replace(self, seconds: float) -> None:
        fresh = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            fresh.write_text(self._form.whole(seconds), "utf-8", newline="\n")
            fresh.replace(self._path)
        except OSError:
            fresh.unlink(missing_ok=True)
            raise


def open_all(paths: Sequence[Path], overwrite: bool, warn: Warn) -> list[Saved]:
    """Raises BadRequest, as ``Saved`` does, and for the same file twice."""
    resolved = [path.resolve() for path in paths]
    twice = next((path for path in resolved if resolved.count(path) > 1), None)
    if twice:
        raise BadRequest(f"{twice} is to be saved twice")
    return [Saved(path, overwrite, warn) for path in paths]


def set_aside(path: Path) -> Path | None:
    """Rename a file that is there: ``talk.srt`` to ``talk.1.srt``, or the next number that is free.

    None where there is none. Raises BadRequest.
    """
    numbered = (path.with_suffix(f".{number}{path.suffix}") for number in itertools.count(1))
    aside = next(one for one in numbered if not one.exists())
    try:
        return path.rename(aside) if path.exists() else None
    except OSError as e:
        raise BadRequest(f"cannot rename {path} to {aside}: {e.strerror or e}") from e
