"""What the Qwen-ASR-Realtime wire carries, as Structs.

Shapes are those of the server and client event pages of 2026-02-11 and of dashscope 2.0.2, run 2026-11-21.
Fields that a Struct does not name are ignored when read. UNSET is "not in the message", which is not null.
Fields marked (ours) are extensions; the SDK passes them through.
"""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

# From the client.


class Corpus(Struct, frozen=True):
    text: str | None = None


class TranscriptionPatch(Struct, frozen=True):
    model: str | None = None
    language: str | UnsetType | None = UNSET
    corpus: Corpus | UnsetType | None = UNSET
    corpus_text: str | UnsetType | None = UNSET


class TurnPatch(Struct, frozen=True):
    type: str | None = None
    threshold: float | None = None
    silence_duration_ms: float | None = None
    prefix_padding_ms: float | None = None


class FormatPatch(Struct, frozen=True):
    type: str | None = None
    sample_rate: int | None = None


class InputPatch(Struct, frozen=True):
    format: FormatPatch | None = None


class AudioPatch(Struct, frozen=True):
    input: InputPatch | None = None


class SessionPatch(Struct, frozen=True):
    input_audio_format: str | None = None
    sample_rate: int | None = None
    input_audio_transcription: TranscriptionPatch | UnsetType | None = UNSET
    turn_detection: TurnPatch | UnsetType | None = UNSET
    audio: AudioPatch | None = None


class ClientEvent(Struct, frozen=True, kw_only=True):
    event_id: str | None = None


class Update(ClientEvent, frozen=True, kw_only=True, tag="session.update"):
    session: SessionPatch


class Append(ClientEvent, frozen=True, kw_only=True, tag="input_audio_buffer.append"):
    audio: str


class Commit(ClientEvent, frozen=True, tag="input_audio_buffer.commit"): ...


class Clear(ClientEvent, frozen=True, tag="input_audio_buffer.clear"): ...


class Finish(ClientEvent, frozen=True, tag="session.finish"): ...


AnyClientEvent = Update | Append | Commit | Clear | Finish

# To the client.


class Transcription(Struct, frozen=True, omit_defaults=True):
    model: str | None = None
    language: str | None = None
    corpus: Corpus | None = None


class TurnDetection(Struct, frozen=True):
    type: str
    threshold: float
    silence_duration_ms: int
    prefix_padding_ms: int


class Session(Struct, frozen=True):
    id: str
    model: str
    input_audio_format: str
    sample_rate: int
    input_audio_transcription: Transcription | None
    turn_detection: TurnDetection | None
    object: str = "realtime.session"
    modalities: tuple[str, ...] = ("text",)


class ServerEvent(Struct, frozen=True):
    event_id: str


class SessionCreated(ServerEvent, frozen=True, tag="session.created"):
    session: Session


class SessionUpdated(ServerEvent, frozen=True, tag="session.updated"):
    session: Session


class SpeechStarted(ServerEvent, frozen=True, tag="input_audio_buffer.speech_started"):
    audio_start_ms: int
    item_id: str


class SpeechStopped(ServerEvent, frozen=True, tag="input_audio_buffer.speech_stopped"):
    audio_end_ms: int
    item_id: str


class Committed(ServerEvent, frozen=True, tag="input_audio_buffer.committed"):
    previous_item_id: str | None
    item_id: str


class Cleared(ServerEvent, frozen=True, tag="input_audio_buffer.cleared"): ...


class Content(Struct, frozen=True):
    type: str = "input_audio"
    transcript: str | None = None


class Item(Struct, frozen=True):
    id: str
    object: str = "realtime.item"
    type: str = "message"
    status: str = "completed"
    role: str = "user"
    content: tuple[Content, ...] = (Content(),)


class ItemCreated(ServerEvent, frozen=True, tag="conversation.item.created"):
    previous_item_id: str | None
    item: Item


class Text(ServerEvent, frozen=True, tag="conversation.item.input_audio_transcription.text"):
    item_id: str
    content_index: int
    language: str | None
    emotion: str
    text: str
    """What will not change any more."""
    stash: str
    """The rest of what is heard so far."""


class TimedWord(Struct, frozen=True, omit_defaults=True):
    """(ours) As in the task protocol."""

    text: str
    begin_time: int
    end_time: int
    confidence: float | None = None


class Completed(
    ServerEvent, frozen=True, omit_defaults=True, tag="conversation.item.input_audio_transcription.completed"
):
    item_id: str
    content_index: int
    language: str | None
    emotion: str
    transcript: str
    words: tuple[TimedWord, ...] = ()


class FailedError(Struct, frozen=True):
    code: str
    message: str
    param: str | None


class Failed(ServerEvent, frozen=True, tag="conversation.item.input_audio_transcription.failed"):
    item_id: str
    content_index: int
    error: FailedError


class SessionFinished(ServerEvent, frozen=True, tag="session.finished"): ...


class ErrorDetails(Struct, frozen=True):
    type: str
    code: str
    message: str
    param: str | None
    event_id: str | None


class Error(ServerEvent, frozen=True, tag="error"):
    error: ErrorDetails
