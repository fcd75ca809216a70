"""The session object of the OpenAI Realtime wire, as the client changes it and as the server shows it.

Shapes are those of openai-python 3.52.0 (``openai/types/realtime``, and ``types/beta/realtime`` for the
flat one), read 2026-11-21; the order of fields is the live service's. The same objects go both ways.
UNSET is "not in the message", which is not the same as null. Fields marked (ours) are extensions.
"""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType


class Format(Struct, frozen=True):
    type: str | UnsetType | None = UNSET
    rate: float | UnsetType | None = UNSET


class Transcription(Struct, frozen=True):
    model: str | UnsetType | None = UNSET
    language: str | UnsetType | None = UNSET
    prompt: str | UnsetType | None = UNSET
    languages: tuple[str, ...] | UnsetType | None = UNSET
    keywords: tuple[str, ...] | UnsetType | None = UNSET
    delay: str | UnsetType | None = UNSET
    grammar: str | UnsetType | None = UNSET
    """(ours) A JSGF grammar that all speech is to match."""
    vocabulary: tuple[str, ...] | UnsetType | None = UNSET
    """(ours) The only words that may be recognised."""


class NoiseReduction(Struct, frozen=True):
    type: str | UnsetType | None = UNSET
    strength: float | UnsetType | None = UNSET


class TurnDetection(Struct, frozen=True):
    type: str | UnsetType | None = UNSET
    threshold: float | UnsetType | None = UNSET
    prefix_padding_ms: float | UnsetType | None = UNSET
    silence_duration_ms: float | UnsetType | None = UNSET
    eagerness: str | UnsetType | None = UNSET
    idle_timeout_ms: float | UnsetType | None = UNSET


class AudioInput(Struct, frozen=True):
    format: Format | UnsetType | None = UNSET
    transcription: Transcription | UnsetType | None = UNSET
    noise_reduction: NoiseReduction | UnsetType | None = UNSET
    turn_detection: TurnDetection | UnsetType | None = UNSET


class AudioConfig(Struct, frozen=True):
    input: AudioInput | UnsetType | None = UNSET


class ResumeWish(Struct, frozen=True):
    """(ours) Empty: tell me where I could go on. Else: go on there. See ``docs/resume.md``."""

    session: str | UnsetType | None = UNSET
    audio_start: int | UnsetType | None = UNSET
    last_seq: int | UnsetType | None = UNSET
    context: str | UnsetType | None = UNSET


class ResumePoint(Struct, frozen=True):
    """(ours) Where a client that is cut off could go on. Positions are samples as the client gave them."""

    session: str = ""
    audio_start: int = 0
    settled: int = 0
    last_seq: int = 0
    event_id: str | None = None
    context: str = ""


class SessionPatch(Struct, frozen=True):
    """The ``session`` of an update. The second half is the flat shape of the beta API."""

    type: str | UnsetType | None = UNSET
    audio: AudioConfig | UnsetType | None = UNSET
    include: tuple[str, ...] | UnsetType | None = UNSET
    resume: ResumeWish | UnsetType | None = UNSET
    input_audio_format: str | UnsetType | None = UNSET
    input_audio_transcription: Transcription | UnsetType | None = UNSET
    input_audio_noise_reduction: NoiseReduction | UnsetType | None = UNSET
    turn_detection: TurnDetection | UnsetType | None = UNSET


class Session(Struct, frozen=True):
    type: str
    object: str
    id: str
    expires_at: int
    audio: AudioConfig
    include: tuple[str, ...] | None
    resume: ResumePoint | UnsetType = UNSET


class ClientSecret(Struct, frozen=True):
    value: str
    expires_at: int


class FlatSession(Struct, frozen=True):
    """The beta API's session object."""

    object: str
    id: str
    expires_at: int
    input_audio_format: str
    input_audio_transcription: Transcription | None
    input_audio_noise_reduction: NoiseReduction | None
    turn_detection: TurnDetection | None
    include: tuple[str, ...] | None
    client_secret: ClientSecret | None = None
