"""A transcript in the formats of POST /v1/audio/transcriptions, whole or as a stream of deltas.

Fields are those of openai-openapi openapi.yaml 2026-08-21 (CreateTranscriptionResponse*, TranscriptText*).
Numbers are honest: what no engine here knows (token ids, the probability of silence) is empty or 0.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import AsyncIterator, Iterable

import msgspec
from starlette.responses import Response

from ..core.subtitles import to_srt, to_vtt
from ..core.transcript import Deltas, Transcript
from ..errors import SaywireError, Unsupported
from ..messages import Event, Final, Finished
from ..protocols.languages import NAMES
from ..types import Segment, Word
from . import problems
from .forms import Ask, Format, Granularity

UNKNOWN = "unknown"
"""The language where nobody said one; the field is required."""


class _Usage(msgspec.Struct, tag_field="type", tag="duration"):
    seconds: int


class _Language(msgspec.Struct):
    code: str


class _Json(msgspec.Struct, omit_defaults=True):
    text: str
    usage: _Usage
    languages: list[_Language] = []


class _Segment(msgspec.Struct):
    id: int
    seek: int
    start: float
    end: float
    text: str
    tokens: list[int]
    temperature: float
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float


class _Word(msgspec.Struct):
    word: str
    start: float
    end: float


class _Verbose(msgspec.Struct, omit_defaults=True):
    task: str
    language: str
    duration: float
    text: str
    usage: _Usage
    segments: list[_Segment] | None = None
    words: list[_Word] | None = None


class _Delta(msgspec.Struct, tag_field="type", tag="transcript.text.delta"):
    delta: str


class _Done(msgspec.Struct, tag_field="type", tag="transcript.text.done", omit_defaults=True):
    text: str
    usage: _Usage
    languages: list[_Language] = []


def render(ask: Ask, transcript: Transcript) -> Response:
    """The whole answer. Raises Unsupported when word times were asked for and the engine has none."""
    match ask.format:
        case Format.TEXT:
            return Response(transcript.text + "\n", media_type="text/plain")
        case Format.SRT:
            return Response(to_srt(transcript.segments), media_type="text/plain")
        case Format.VTT:
            return Response(to_vtt(transcript.segments), media_type="text/vtt")
        case Format.VERBOSE_JSON:
            return _json(_verbose(ask, transcript))
        case Format.JSON:
            return _json(_Json(transcript.text, _usage(transcript.seconds), _languages(transcript)))


async def stream(events: AsyncIterator[Event]) -> AsyncIterator[bytes]:
    """Server-sent events: deltas, which put together are the text, then done. An error ends it."""
    deltas, pieces, languages, seconds = Deltas(), [], {}, 0.0
    try:
        async for event in events:
            if delta := deltas.take(event):
                pieces.append(delta)
                yield _data(_Delta(delta))
            match event:
                case Final(language=str(code)):
                    languages[code] = _Language(code)
                case Finished(seconds):
                    pass
    except SaywireError as error:
        yield b"data: " + problems.body(error) + b"\n\n"
    else:
        yield _data(_Done("".join(pieces), _usage(seconds), list(languages.values())))


def no_words(model: str) -> Unsupported:
    what = f"model '{model}' knows no word times; leave timestamp_granularities out, or ask for 'segment'"
    return Unsupported(what, param="timestamp_granularities")


def _verbose(ask: Ask, transcript: Transcript) -> _Verbose:
    body = _Verbose(
        task="transcribe",
        language=_language_name(transcript.language or ask.options.language),
        duration=round(transcript.seconds, 3),
        text=transcript.text,
        usage=_usage(transcript.seconds),
    )
    if Granularity.SEGMENT in ask.granularities:
        body.segments = [_segment(number, segment) for number, segment in enumerate(transcript.segments)]
    if Granularity.WORD in ask.granularities:
        if any(not segment.words for segment in transcript.segments):
            raise no_words(ask.options.model or "")
        body.words = [_Word(word.text, round(word.start, 3), round(word.end, 3)) for word in transcript.words]
    return body


def _segment(number: int, segment: Segment) -> _Segment:
    return _Segment(
        id=number,
        seek=round(segment.start * 100),  # Whisper counts frames of 10 ms
        start=round(segment.start, 3),
        end=round(segment.end, 3),
        text=segment.text,
        tokens=[],
        temperature=0.0,
        avg_logprob=_mean_log(segment.words),
        compression_ratio=_compression_ratio(segment.text),
        no_speech_prob=0.0,
    )


def _mean_log(words: Iterable[Word]) -> float:
    """Of the words' probabilities; 0.0 where the engine gives none."""
    logs = [math.log(max(word.confidence, 1e-9)) for word in words if word.confidence is not None]
    return round(sum(logs) / len(logs), 4) if logs else 0.0


def _compression_ratio(text: str) -> float:
    """As Whisper has it: a text that repeats itself compresses well, and is suspect above 2.4."""
    raw = text.encode()
    return round(len(raw) / len(zlib.compress(raw)), 4)


def _usage(seconds: float) -> _Usage:
    return _Usage(math.ceil(seconds))


def _languages(transcript: Transcript) -> list[_Language]:
    found = dict.fromkeys(segment.language for segment in transcript.segments if segment.language)
    return [_Language(code) for code in found]


def _language_name(code: str | None) -> str:
    return NAMES.get(code, code) if code else UNKNOWN


def _json(body: msgspec.Struct) -> Response:
    return Response(msgspec.json.encode(body), media_type="application/json")


def _data(body: msgspec.Struct) -> bytes:
    return b"data: " + msgspec.json.encode(body) + b"\n\n"
