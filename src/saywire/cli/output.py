"""Transcripts as the formats that ``transcribe`` writes: as they come, or whole at the end."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

import msgspec

from ..core.subtitles import to_srt, to_vtt
from ..core.transcript import Transcript, WordJson, to_json, word_json
from ..types import Segment


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"
    JSONL = "jsonl"
    SRT = "srt"
    VTT = "vtt"

    @property
    def suffix(self) -> str:
        return ".txt" if self is Format.TEXT else f".{self}"

    @property
    def flows(self) -> bool:
        """Whether each utterance is written when it is final."""
        return self in (Format.TEXT, Format.JSONL)


WHOLE: dict[Format, Callable[[Transcript], str]] = {
    Format.JSON: lambda transcript: to_json(transcript) + "\n",
    Format.SRT: lambda transcript: to_srt(transcript.segments),
    Format.VTT: lambda transcript: to_vtt(transcript.segments),
}
"""The formats that need all of a transcript."""


class _SegmentLine(msgspec.Struct, omit_defaults=True):
    file: str
    start: float
    end: float
    text: str
    language: str | None = None
    words: tuple[WordJson, ...] = ()


def to_line(format: Format, segment: Segment, file: str, alone: bool) -> str:
    """One utterance of one file as one line; as text it names the file unless that is ``alone``."""
    if format is Format.TEXT:
        return segment.text if alone else f"{file}: {segment.text}"
    words = tuple(map(word_json, segment.words))
    start, end = round(segment.start, 3), round(segment.end, 3)
    line = _SegmentLine(file, start, end, segment.text, segment.language, words)
    return msgspec.json.encode(line).decode()
