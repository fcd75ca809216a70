"""A transcript as subtitles: cues a reader can follow, and their SubRip and WebVTT spellings.

Cues have at most HEIGHT lines of WIDTH columns (a Chinese character takes two) and last at most
LONGEST seconds; longer segments are split where words end. Times never overlap nor run backwards.
Sources: Netflix timed text style guide (42 columns, 2 lines, 7 s), read 2026-11; W3C WebVTT 2019-04.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ..texts import CLOSING, UNSPACED, WIDE_MARKS
from ..types import Segment

WIDTH = 42
HEIGHT = 2
LONGEST = 7.0
VTT_HEAD = "WEBVTT\n\n"

NEAR = 32
"""Characters of text in which the next word must be found; further on it is another one like it."""

_UNIT = re.compile(rf"(?:[{UNSPACED}]|[^\s{UNSPACED}]+|\S)[{CLOSING}{WIDE_MARKS}]*\s*")
_SENTENCE_END = re.compile(r"[.!?…。！？][)\]\"'’”」』]*\s*$")


_Anchors = list[tuple[int, float]]
"""Places in a text, rising, and when they are said."""


@dataclass(frozen=True, slots=True)
class Cue:
    start: int
    """Milliseconds."""
    end: int
    """Milliseconds; always after ``start``."""
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Unit:
    """What is never broken: a word with its punctuation and the space after it, or one wide character."""

    text: str
    start: float
    end: float


def to_srt(segments: Iterable[Segment]) -> str:
    """SubRip; empty without speech."""
    return "".join(srt_cue(number, cue) for number, cue in enumerate(to_cues(segments), 1))


def to_vtt(segments: Iterable[Segment]) -> str:
    """WebVTT, with ``&``, ``<`` and ``>`` escaped."""
    return VTT_HEAD + "".join(map(vtt_cue, to_cues(segments)))


def srt_cue(number: int, cue: Cue, voice: str = "") -> str:
    """``voice``: whose it is, where that is to be read."""
    text = (f"{voice}: " if voice else "") + "\n".join(cue.lines)
    return f"{number}\n{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}\n{text}\n\n"


def vtt_cue(cue: Cue, voice: str = "") -> str:
    text = (f"<v {_escape(voice)}>" if voice else "") + _escape("\n".join(cue.lines))
    return f"{_clock(cue.start, '.')} --> {_clock(cue.end, '.')}\n{text}\n\n"


def to_cues(segments: Iterable[Segment], after: int = 0) -> list[Cue]:
    """None of them begins before ``after``, in milliseconds."""
    cues: list[Cue] = []
    for segment in segments:
        for units in _split(_units(segment)):
            start = max(after, round(units[0].start * 1000))
            after = max(start + 1, round(units[-1].end * 1000))
            cues.append(Cue(start, after, tuple(_balance(units))))
    return cues


def columns(text: str) -> int:
    """How wide a text is on a screen: wide characters count two, combining marks none."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


def _units(segment: Segment) -> list[_Unit]:
    text = " ".join(segment.text.split())
    spans = [span for match in _UNIT.finditer(text) for span in _chop(text, *match.span())]
    begins, ends = _anchors(text, segment)
    return [_Unit(text[a:b], _time(a, begins), _time(a + len(text[a:b].rstrip()), ends)) for a, b in spans]


def _time(at: int, anchors: _Anchors) -> float:
    return float(np.interp(at, [place for place, _ in anchors], [time for _, time in anchors]))


def _chop(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """A span in pieces no wider than a line."""
    spans = []
    while columns(text[start:end].rstrip()) > WIDTH:
        cut = start + 1
        while columns(text[start : cut + 1]) <= WIDTH:
            cut += 1
        spans.append((start, cut))
        start = cut
    return [*spans, (start, end)]


def _anchors(text: str, segment: Segment) -> tuple[_Anchors, _Anchors]:
    """Where in the text which time is known: the begins of words, and their ends.

    An engine may write its words otherwise than its text (case, punctuation); those not found are skipped,
    and time between two that were found runs evenly over the characters.
    """
    begins: _Anchors = []
    ends: _Anchors = []
    lowered = text.lower() if len(text.lower()) == len(text) else text
    at = 0
    for word in segment.words:
        spelled = word.text.strip().lower()
        found = lowered.find(spelled, at, at + NEAR + len(spelled)) if spelled else -1
        if found >= 0:
            at = found + len(spelled)
            begins.append((found, word.start))
            ends.append((at, word.end))
    if not begins or begins[0][0] > 0:
        begins.insert(0, (0, segment.start))
    if at < len(text):
        ends.append((len(text), segment.end))
    return [*begins, (len(text) + 1, segment.end)], [(-1, segment.start), *ends]


def _split(units: Sequence[_Unit]) -> list[list[_Unit]]:
    """Units in groups of one cue each."""
    groups: list[list[_Unit]] = []
    group: list[_Unit] = []
    for unit in units:
        if group and _is_full(group, unit):
            groups.append(group)
            group = []
        group.append(unit)
    return [*groups, group] if group else groups


def _is_full(group: list[_Unit], unit: _Unit) -> bool:
    if unit.end - group[0].start > LONGEST or len(_wrap([*group, unit])) > HEIGHT:
        return True
    text = _text(group)
    return columns(text) > WIDTH and bool(_SENTENCE_END.search(text))


def _wrap(units: Sequence[_Unit]) -> list[str]:
    """Lines, each as full as it goes."""
    lines = [""]
    for unit in units:
        if lines[-1] and columns((lines[-1] + unit.text).rstrip()) > WIDTH:
            lines.append("")
        lines[-1] += unit.text
    return [line.rstrip() for line in lines]


def _balance(units: Sequence[_Unit]) -> list[str]:
    """As few lines as ``_wrap`` needs; two of them about equally long."""
    lines = _wrap(units)
    if len(lines) != 2:
        return lines
    pairs = [[_text(units[:i]), _text(units[i:])] for i in range(1, len(units))]
    fitting = [pair for pair in pairs if max(map(columns, pair)) <= WIDTH]
    return min(fitting, key=lambda pair: abs(columns(pair[0]) - columns(pair[1])))


def _text(units: Sequence[_Unit]) -> str:
    return "".join(unit.text for unit in units).rstrip()


def _clock(ms: int, point: str) -> str:
    seconds, ms = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{point}{ms:03}"


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
