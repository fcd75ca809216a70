"""What goes over the Realtime wire, from the client's side: server events as Structs, client events as JSON.

Source: types of openai-python 3.52.0 (``openai/types/realtime``), read 2026-11-21, and ``docs/resume.md``.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from ..errors import (
    BadAudio,
    BadRequest,
    EngineFailed,
    NotAllowed,
    Overloaded,
    SaywireError,
    UnknownModel,
    Unsupported,
)
from ..types import Options, Turns, Word

UNSTABLE = "item.input_audio_transcription.unstable"
SAMPLE = 2
"""Bytes."""

Json = Mapping[str, object]


class TimedWord(msgspec.Struct, frozen=True):
    word: str
    start: float
    end: float
    confidence: float | None = None


class Language(msgspec.Struct, frozen=True):
    code: str


class ErrorBody(msgspec.Struct, frozen=True):
    message: str = "the server gave no reason"
    code: str | None = None
    param: str | None = None
    event_id: str | None = None


class Point(msgspec.Struct, frozen=True):
    """Where a session could go on. Positions are samples on the wire."""

    session: str = ""
    audio_start: int = 0
    settled: int = 0
    last_seq: int = 0
    event_id: str | None = None
    context: str = ""


class Session(msgspec.Struct, frozen=True):
    resume: Point | None = None


class ServerEvent(msgspec.Struct, frozen=True):
    """All fields of all events that mean something here."""

    type: str
    item_id: str = ""
    audio_start_ms: int = 0
    audio_end_ms: int = 0
    delta: str = ""
    unstable: str = ""
    transcript: str = ""
    words: tuple[TimedWord, ...] = ()
    start: float | None = None
    end: float | None = None
    languages: tuple[Language, ...] | None = None
    error: ErrorBody = ErrorBody()
    seq: int | None = None
    resume: Point | None = None
    session: Session = Session()


_decoder = msgspec.json.Decoder(ServerEvent)


def read(frame: str | bytes) -> ServerEvent:
    """Raises BadRequest for what is no event at all."""
    try:
        return _decoder.decode(frame)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as e:
        raise BadRequest(f"the server sent what is no event: {e}") from e


def to_word(word: TimedWord) -> Word:
    return Word(word.word, word.start, word.end, word.confidence)


KINDS: Mapping[str, type[SaywireError]] = {
    kind.code: kind for kind in (Overloaded, EngineFailed, UnknownModel, Unsupported, BadAudio)
} | {"invalid_api_key": NotAllowed, "shutting_down": Overloaded}
"""What a server refuses, by its own word for it."""


def to_error(error: ErrorBody) -> SaywireError:
    kind = KINDS.get(error.code or "", BadRequest)
    return kind(error.message, code=error.code, param=error.param)


@dataclass(frozen=True, slots=True)
class Audio:
    """Samples on their way, as 16-bit PCM."""

    pcm: bytes

    @property
    def samples(self) -> int:
        return len(self.pcm) // SAMPLE

    @property
    def frame(self) -> str:
        return encode({"type": "input_audio_buffer.append", "audio": b64encode(self.pcm).decode()})


@dataclass(frozen=True, slots=True)
class Order:
    """What is not audio, with an id of its own by which the server refers to it."""

    id: str
    type: str
    session: Json | None = None
    """Of an update."""

    @property
    def frame(self) -> str:
        event: dict[str, object] = {"type": self.type, "event_id": self.id}
        return encode(event | ({} if self.session is None else {"session": self.session}))


Message = Audio | Order

UPDATE, COMMIT, CLEAR, CLOSE = (
    "session.update",
    "input_audio_buffer.commit",
    "input_audio_buffer.clear",
    "session.close",
)


def encode(event: object) -> str:
    return msgspec.json.encode(event).decode()


def to_session(options: Options, turns: bool = True) -> Json:
    """Only what was asked for: servers refuse fields that they do not know, null ones too. ``turns``: whether
    they were."""
    asked = {
        "model": options.model,
        "language": options.language,
        "prompt": options.prompt,
        "keywords": options.hotwords,
        "grammar": options.grammar,
        "vocabulary": options.vocabulary,
    }
    audio: dict[str, object] = {"transcription": {name: value for name, value in asked.items() if value}}
    if turns:
        audio["turn_detection"] = _turn_detection(options.turns) if options.turns.voice else None
    return {"type": "transcription", "audio": {"input": audio}}


def _turn_detection(turns: Turns) -> Json:
    return {
        "type": "server_vad",
        "threshold": turns.threshold,
        "prefix_padding_ms": round(turns.padding * 1000),
        "silence_duration_ms": round(turns.silence * 1000),
    }


def merge(settings: Json, update: Json) -> Json:
    """The settings after an update: field by field, but an object of another type begins anew."""
    merged = dict(settings)
    for name, value in update.items():
        old = settings.get(name)
        if isinstance(value, Mapping) and isinstance(old, Mapping) and _same_type(old, value):
            merged[name] = merge(old, value)
        else:
            merged[name] = value
    return merged


def _same_type(old: Json, new: Json) -> bool:
    return "type" not in new or new["type"] == old.get("type", new["type"])
