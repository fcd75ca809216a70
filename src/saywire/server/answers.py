"""A transcript in the formats of POST /v1/audio/transcriptions, whole or as a stream of deltas.

Fields are those of openai-openapi openapi.yaml 2026-08-21 (CreateTranscriptionResponse*, TranscriptText*).
Numbers are honest: what no engine here knows (token ids, the probability of silence) is empty or 0.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import AsyncIterator, Iterable
from typing import Protocol

import msgspec
from starlette.responses import Response

from ..core.subtitles import to_srt, to_vtt
from ..core.transcript import Deltas, Transcript, to_transcript, word_json
from ..errors import SaywireError, Unsupported
from ..messages import Event, Final, Finished, Partial
from ..protocols.languages import NAMES
from ..protocols.openai.events import LogProb
from ..protocols.openai.items import piece
from ..types import Segment, Word
from . import problems
from .forms import Ask, Extra, Format, Granularity

Heard = tuple[int, Event]
"""A channel and what its session says."""

UNKNOWN = "unknown"
"""The language where nobody said one; the field is required."""


class Usage(msgspec.Struct, tag_field="type", tag="duration"):
    seconds: int

    @classmethod
    def of(cls, seconds: float) -> Usage:
        return cls(math.ceil(seconds))


class _InputTokens(msgspec.Struct):
    text_tokens: int
    audio_tokens: int


class TokenUsage(msgspec.Struct, tag_field="type", tag="tokens"):
    """Of a stream, where the description knows no other, and clients of typed languages take no other."""

    input_tokens: int
    output_tokens: int
    total_tokens: int
    input_token_details: _InputTokens
    seconds: int
    """Not OpenAI's."""

    @classmethod
    def of(cls, seconds: float) -> TokenUsage:
        """Audio as OpenAI counts it, ten tokens a second; text has no tokens here."""
        whole = math.ceil(seconds)
        return cls(whole * 10, 0, whole * 10, _InputTokens(0, whole * 10), whole)


class _Language(msgspec.Struct):
    code: str


class _Json(msgspec.Struct, omit_defaults=True):
    text: str
    usage: Usage
    languages: list[_Language] = []
    logprobs: tuple[LogProb, ...] = ()


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


class _Word(msgspec.Struct, omit_defaults=True):
    word: str
    start: float
    end: float
    confidence: float | None = None
    """Not OpenAI's; of engines that have it."""


class _Verbose(msgspec.Struct, omit_defaults=True):
    task: str
    language: str
    duration: float
    text: str
    usage: Usage
    segments: list[_Segment] | None = None
    words: list[_Word] | None = None


class Delta(msgspec.Struct, tag_field="type", tag="transcript.text.delta", omit_defaults=True):
    delta: str
    logprobs: tuple[LogProb, ...] = ()
    segment_id: str | None = None


class Done(msgspec.Struct, tag_field="type", tag="transcript.text.done", omit_defaults=True):
    text: str
    usage: TokenUsage
    languages: list[_Language] = []
    logprobs: tuple[LogProb, ...] = ()


class Answer(Protocol):
    """How what was heard is told; it comes as the number of a channel and an event of its session."""

    async def whole(self, heard: AsyncIterator[Heard]) -> Response:
        """All at once. Raises what ``heard`` raises."""

    def stream(self, heard: AsyncIterator[Heard]) -> AsyncIterator[bytes]:
        """As server-sent events, as it is heard. Raises what ``heard`` raises."""


class Plain:
    """All channels as one, in every format but diarized_json."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def whole(self, heard: AsyncIterator[Heard]) -> Response:
        finals, seconds = [], 0.0
        async for _, event in heard:
            match event:
                case Final():
                    finals.append(event)
                case Finished(seconds):
                    pass
        return render(self._ask, to_transcript(finals, seconds))

    async def stream(self, heard: AsyncIterator[Heard]) -> AsyncIterator[bytes]:
        """Deltas, which put together are the text, then done."""
        deltas, pieces, seconds = Deltas(), [], 0.0
        languages: dict[str, _Language] = {}
        words: list[Word] = []
        wanted = Extra.LOGPROBS in self._ask.include
        async for _, event in heard:
            begin = deltas.sent
            if delta := deltas.take(event):
                pieces.append(delta)
                yield to_data(Delta(delta, _sureness(event, begin) if wanted else ()))
            match event:
                case Final(language=code):
                    words += event.words if wanted else ()
                    if code:
                        languages[code] = _Language(code)
                case Finished(seconds):
                    pass
        text = "".join(pieces)
        yield to_data(Done(text, TokenUsage.of(seconds), list(languages.values()), _logprobs(text, words)))


async def told(frames: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same; an error becomes the last event, as OpenAI's clients expect it in the middle of a stream."""
    try:
        async for frame in frames:
            yield frame
    except SaywireError as error:
        yield b"data: " + problems.body(error) + b"\n\n"


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
            return to_json(_verbose(ask, transcript))
        case _:
            return to_json(_plain(ask, transcript))


def no_words(model: str) -> Unsupported:
    what = f"model '{model}' knows no word times; leave timestamp_granularities out, or ask for 'segment'"
    return Unsupported(what, param="timestamp_granularities")


def _plain(ask: Ask, transcript: Transcript) -> _Json:
    words = transcript.words if Extra.LOGPROBS in ask.include else ()
    return _Json(
        transcript.text,
        Usage.of(transcript.seconds),
        _languages(transcript),
        _logprobs(transcript.text, words),
    )


def _verbose(ask: Ask, transcript: Transcript) -> _Verbose:
    translated = ask.options.translate
    body = _Verbose(
        task="translate" if translated else "transcribe",
        language=_language_name("en" if translated else transcript.language or ask.options.language),
        duration=round(transcript.seconds, 3),
        text=transcript.text,
        usage=Usage.of(transcript.seconds),
    )
    if Granularity.SEGMENT in ask.granularities:
        body.segments = [_segment(number, segment) for number, segment in enumerate(transcript.segments)]
    if Granularity.WORD in ask.granularities:
        if any(not segment.words for segment in transcript.segments):
            raise no_words(ask.options.model or "")
        found = map(word_json, transcript.words)
        body.words = [_Word(word.text, word.start, word.end, word.confidence) for word in found]
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


def _logprobs(text: str, words: Iterable[Word]) -> tuple[LogProb, ...]:
    """A token for each word whose probability the engine knows; where it knows none, empty."""
    return piece(text, tuple(words)).logprobs or ()


def _sureness(event: Event, begin: int) -> tuple[LogProb, ...]:
    """Of the words that an event adds to what was told up to ``begin``."""
    match event:
        case Partial(hypothesis=said):
            end = len(said.text[: said.stable].strip())
            return piece(said.text.strip(), said.words, begin, end).logprobs or ()
        case Final(text=text):
            return piece(text.strip(), event.words, begin).logprobs or ()
    return ()


def _languages(transcript: Transcript) -> list[_Language]:
    found = dict.fromkeys(segment.language for segment in transcript.segments if segment.language)
    return [_Language(code) for code in found]


def _language_name(code: str | None) -> str:
    return NAMES.get(code, code) if code else UNKNOWN


def to_json(body: msgspec.Struct) -> Response:
    return Response(msgspec.json.encode(body), media_type="application/json")


def to_data(body: msgspec.Struct) -> bytes:
    """One server-sent event."""
    return b"data: " + msgspec.json.encode(body) + b"\n\n"
