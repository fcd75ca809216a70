"""What the task protocol carries, as Structs: messages of a client, events of the server.

Shapes are those of Alibaba Cloud's pages on Paraformer, Fun-ASR, Qwen-Audio and Gummy over websocket, and of
dashscope 2.0.2 run against a server, 2026-11-21. Fields that a Struct does not name are ignored when read.
"""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

# From the client.


class Part(Struct, frozen=True):
    text: str | None = None


class Said(Struct, frozen=True):
    content: str | list[Part] = ""


class Input(Struct, frozen=True):
    context: list[Said] = []


class Resource(Struct, frozen=True):
    resource_id: str = ""
    resource_type: str = ""


class Parameters(Struct, frozen=True):
    """Those that mean something here; the service's others are taken and ignored."""

    format: str | None = None
    sample_rate: int | None = None
    vocabulary_id: str | None = None
    phrase_id: str | None = None
    vocabulary: dict[str, float] | None = None
    language_hints: list[str] | None = None
    source_language: str | None = None
    """Of gummy, which has no hints; ``auto`` leaves it to the engine."""
    max_sentence_silence: float | None = None
    semantic_punctuation_enabled: bool | None = None
    speech_noise_threshold: float | None = None
    heartbeat: bool | None = None
    intermediate_result_enabled: bool | None = None


class Payload(Struct, frozen=True):
    model: str | None = None
    parameters: Parameters | None = None
    input: Input | None = None
    resources: list[Resource] | None = None


class Header(Struct, frozen=True):
    action: str
    task_id: str


class Message(Struct, frozen=True):
    header: Header
    payload: Payload | None = None


# To the client.


class EventHeader(Struct, frozen=True, omit_defaults=True):
    task_id: str
    event: str
    attributes: dict[str, str]
    error_code: str | None = None
    error_message: str | None = None


class Word(Struct, frozen=True):
    begin_time: int
    """Milliseconds on the task's audio clock, as everywhere here."""
    end_time: int
    text: str
    punctuation: str
    fixed: bool | UnsetType = UNSET
    """Gummy's: whether it will not change any more."""


class Sentence(Struct, frozen=True):
    begin_time: int
    end_time: int | None
    """None until the sentence has ended: clients tell by this."""
    text: str
    words: list[Word]
    sentence_end: bool
    heartbeat: bool = False
    sentence_id: int | UnsetType = UNSET
    current_time: int | UnsetType = UNSET


class Usage(Struct, frozen=True):
    duration: int
    """Seconds of audio so far."""


class Output(Struct, frozen=True):
    sentence: Sentence | UnsetType = UNSET
    transcription: Sentence | UnsetType = UNSET
    translations: list[Sentence] | UnsetType = UNSET


class Result(Struct, frozen=True):
    output: Output
    usage: Usage | None = None


class Nothing(Struct, frozen=True): ...


class Event(Struct, frozen=True):
    header: EventHeader
    payload: Result | Nothing
