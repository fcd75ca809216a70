"""Finals become a transcript; a transcript becomes one text, growing text, or JSON.

Pure: the server and the command line both use it, and no wire's words appear here. Subtitles are in
``subtitles.py``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from ..errors import OutOfOrder
from ..messages import Event, Final, Partial
from ..texts import glue, join
from ..types import Segment, Word


@dataclass(frozen=True, slots=True)
class Transcript:
    """All that was said in one piece of audio."""

    segments: tuple[Segment, ...]
    seconds: float
    """Length of the audio, silence included."""

    @property
    def text(self) -> str:
        return join(segment.text for segment in self.segments)

    @property
    def words(self) -> tuple[Word, ...]:
        return tuple(word for segment in self.segments for word in segment.words)

    @property
    def language(self) -> str | None:
        """The language most segments are in; None where no engine said one."""
        found = Counter(segment.language for segment in self.segments if segment.language)
        return found.most_common(1)[0][0] if found else None


def to_segment(final: Final) -> Segment:
    return Segment(final.text.strip(), final.start, final.end, final.words, final.language)


def to_transcript(finals: Iterable[Final], seconds: float) -> Transcript:
    """Finals without text leave no segment."""
    segments = (to_segment(final) for final in finals)
    return Transcript(tuple(segment for segment in segments if segment.text), seconds)


class Deltas:
    """The same transcript as pieces that are only ever appended.

    After each utterance's Final the pieces so far, put together, are ``join`` of the finals so far.
    Before it only stable text is given out, since nothing can be taken back.
    """

    def __init__(self) -> None:
        self._tail = ""
        self._sent = ""
        self._next = 0

    @property
    def sent(self) -> int:
        """Characters of the open utterance's text, its blanks at both ends left out, that were given out."""
        return len(self._sent)

    def take(self, event: Event) -> str:
        """The piece that an event adds; often empty. Raises OutOfOrder where stable text changed."""
        match event:
            case Partial(utterance, hypothesis) if utterance >= self._next:
                # A trailing space may yet turn out to be the end.
                return self._grow(hypothesis.text[: hypothesis.stable].strip())
            case Final(utterance=utterance, text=text):
                piece = self._grow(text.strip())
                self._next, self._sent = utterance + 1, ""
                return piece
        return ""

    def _grow(self, text: str) -> str:
        if not text.startswith(self._sent):
            if self._sent.startswith(text):
                return ""
            raise OutOfOrder(f"stable text changed at character {_common(text, self._sent)}")
        piece = text[len(self._sent) :]
        if piece and not self._sent:
            piece = glue(self._tail, text) + piece
        self._sent = text
        self._tail = piece[-1:] or self._tail
        return piece


def _common(a: str, b: str) -> int:
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


class WordJson(msgspec.Struct, omit_defaults=True):
    """One word as JSON shows it; times in seconds."""

    text: str
    start: float
    end: float
    confidence: float | None = None


class SegmentJson(msgspec.Struct, omit_defaults=True):
    start: float
    end: float
    text: str
    language: str | None = None
    words: list[WordJson] = []
    label: str = ""
    """Whose it is, where several are heard apart."""


class _TranscriptJson(msgspec.Struct):
    text: str
    language: str | None
    seconds: float
    segments: list[SegmentJson]


def to_json(transcript: Transcript, labels: Sequence[str] = ()) -> str:
    """One JSON object; times in seconds, to the millisecond. ``labels``: whose each segment is."""
    named = zip(transcript.segments, labels or [""] * len(transcript.segments), strict=True)
    segments = [segment_json(segment, label) for segment, label in named]
    body = _TranscriptJson(transcript.text, transcript.language, round(transcript.seconds, 3), segments)
    return msgspec.json.encode(body).decode()


def segment_json(segment: Segment, label: str = "") -> SegmentJson:
    """Times to the millisecond."""
    start, end, words = round(segment.start, 3), round(segment.end, 3), list(map(word_json, segment.words))
    return SegmentJson(start, end, segment.text, segment.language, words, label)


def word_json(word: Word) -> WordJson:
    """Times to the millisecond, confidence to four places."""
    confidence = None if word.confidence is None else round(word.confidence, 4)
    return WordJson(word.text, round(word.start, 3), round(word.end, 3), confidence)
