"""What the OpenAI Realtime wire carries, as Structs: client events and server events.

Shapes are those of the generally available API as the SDK openai-python 3.52.0 types them
(``openai/types/realtime``), read 2026-11-21. Fields that a Struct does not name are ignored when read.
UNSET is "not in the message", which is not the same as null. Fields marked (ours) are extensions.
"""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from .session import FlatSession, ResumePoint, Session, SessionPatch

# From the client.


class ClientEvent(Struct, frozen=True, kw_only=True):
    event_id: str | None = None


class Update(ClientEvent, frozen=True, kw_only=True):
    session: SessionPatch


class SessionUpdate(Update, frozen=True, tag="session.update"): ...


class FlatSessionUpdate(Update, frozen=True, tag="transcription_session.update"): ...


class Append(ClientEvent, frozen=True, kw_only=True, tag="input_audio_buffer.append"):
    audio: str


class AppendAlias(Append, frozen=True, tag="session.input_audio_buffer.append"): ...


class Commit(ClientEvent, frozen=True, tag="input_audio_buffer.commit"): ...


class Clear(ClientEvent, frozen=True, tag="input_audio_buffer.clear"): ...


class Retrieve(ClientEvent, frozen=True, kw_only=True, tag="conversation.item.retrieve"):
    item_id: str


class Delete(ClientEvent, frozen=True, kw_only=True, tag="conversation.item.delete"):
    item_id: str


class CloseSession(ClientEvent, frozen=True, tag="session.close"): ...


class Conversational(ClientEvent, frozen=True):
    """Events of the API that mean nothing where nobody answers the speaker."""


class ItemCreate(Conversational, frozen=True, tag="conversation.item.create"): ...


class ItemTruncate(Conversational, frozen=True, tag="conversation.item.truncate"): ...


class ResponseCreate(Conversational, frozen=True, tag="response.create"): ...


class ResponseCancel(Conversational, frozen=True, tag="response.cancel"): ...


class OutputClear(Conversational, frozen=True, tag="output_audio_buffer.clear"): ...


AnyClientEvent = (
    SessionUpdate
    | FlatSessionUpdate
    | Append
    | AppendAlias
    | Commit
    | Clear
    | Retrieve
    | Delete
    | CloseSession
    | ItemCreate
    | ItemTruncate
    | ResponseCreate
    | ResponseCancel
    | OutputClear
)

# To the client.


class ServerEvent(Struct, frozen=True):
    event_id: str


class SessionCreated(ServerEvent, frozen=True, tag="session.created"):
    session: Session


class SessionUpdated(ServerEvent, frozen=True, tag="session.updated"):
    session: Session
    resume: ResumePoint | UnsetType = UNSET
    """(ours) The same as in ``session``, where it is what is told: then this answers no update."""


class FlatSessionCreated(ServerEvent, frozen=True, tag="transcription_session.created"):
    session: FlatSession


class FlatSessionUpdated(ServerEvent, frozen=True, tag="transcription_session.updated"):
    session: FlatSession


class SessionClosed(ServerEvent, frozen=True, tag="session.closed"): ...


class SpeechStarted(ServerEvent, frozen=True, tag="input_audio_buffer.speech_started"):
    audio_start_ms: int
    item_id: str


class SpeechStopped(ServerEvent, frozen=True, tag="input_audio_buffer.speech_stopped"):
    audio_end_ms: int
    item_id: str


class Committed(ServerEvent, frozen=True, tag="input_audio_buffer.committed"):
    previous_item_id: str | None
    item_id: str


class TimeoutTriggered(ServerEvent, frozen=True, tag="input_audio_buffer.timeout_triggered"):
    audio_start_ms: int
    audio_end_ms: int
    item_id: str


class Cleared(ServerEvent, frozen=True, tag="input_audio_buffer.cleared"): ...


class Content(Struct, frozen=True):
    type: str = "input_audio"
    transcript: str | None = None


class Item(Struct, frozen=True):
    id: str
    type: str = "message"
    status: str = "completed"
    role: str = "user"
    content: tuple[Content, ...] = (Content(),)


class ItemAdded(ServerEvent, frozen=True, tag="conversation.item.added"):
    previous_item_id: str | None
    item: Item


class ItemDone(ServerEvent, frozen=True, tag="conversation.item.done"):
    previous_item_id: str | None
    item: Item


class ItemCreated(ServerEvent, frozen=True, tag="conversation.item.created"):
    """The beta API's; ``added`` and ``done`` took its place."""

    previous_item_id: str | None
    item: Item


class ItemRetrieved(ServerEvent, frozen=True, tag="conversation.item.retrieved"):
    item: Item


class ItemDeleted(ServerEvent, frozen=True, tag="conversation.item.deleted"):
    item_id: str


class LogProb(Struct, frozen=True):
    token: str
    bytes: tuple[int, ...]
    logprob: float


class TimedWord(Struct, frozen=True):
    word: str
    start: float
    end: float
    confidence: float | UnsetType = UNSET


class Delta(ServerEvent, frozen=True, tag="conversation.item.input_audio_transcription.delta"):
    item_id: str
    content_index: int
    delta: str
    logprobs: tuple[LogProb, ...] | UnsetType = UNSET
    words: tuple[TimedWord, ...] | UnsetType = UNSET
    """(ours) Words that end within this delta."""
    unstable: str | UnsetType = UNSET
    """(ours) Text after this delta that may still change; not there where there is none."""


class Usage(Struct, frozen=True, tag="duration"):
    seconds: float


class DetectedLanguage(Struct, frozen=True):
    code: str


class Completed(ServerEvent, frozen=True, tag="conversation.item.input_audio_transcription.completed"):
    item_id: str
    content_index: int
    transcript: str
    usage: Usage
    languages: tuple[DetectedLanguage, ...] | UnsetType = UNSET
    logprobs: tuple[LogProb, ...] | UnsetType = UNSET
    words: tuple[TimedWord, ...] | UnsetType = UNSET
    """(ours)"""
    start: float | UnsetType = UNSET
    """(ours) Seconds from the session's first sample to the voice."""
    end: float | UnsetType = UNSET
    """(ours) Seconds from the session's first sample to the end of the voice."""
    seq: int | UnsetType = UNSET
    """(ours) Number of the item among those with a transcript or none, from 1. This and what follows is for
    clients that may resume."""
    start_sample: int | UnsetType = UNSET
    """(ours) ``start``, in samples as the client gave them."""
    end_sample: int | UnsetType = UNSET
    resume: ResumePoint | UnsetType = UNSET
    """(ours) All before this transcript's end need not be said again."""


class ErrorBody(Struct, frozen=True):
    type: str
    code: str | None
    message: str
    param: str | None


class Failed(ServerEvent, frozen=True, tag="conversation.item.input_audio_transcription.failed"):
    item_id: str
    content_index: int
    error: ErrorBody
    seq: int | UnsetType = UNSET
    """(ours) As in Completed."""
    resume: ResumePoint | UnsetType = UNSET
    """(ours)"""


class ErrorDetails(ErrorBody, frozen=True):
    event_id: str | None
    """Of the client's event at fault."""


class Error(ServerEvent, frozen=True, tag="error"):
    error: ErrorDetails
