"""The session object that an OpenAI client is shown: what is in force, null where nothing is."""

from __future__ import annotations

from msgspec import UNSET

from ...types import Options, Turns
from .merge import FLAT_FORMATS
from .options import PCM, PCM_RATE, Settings, effective_turns, given, number, turns_kind
from .session import (
    AudioConfig,
    AudioInput,
    FlatSession,
    Format,
    Session,
    Transcription,
    TurnDetection,
)

OBJECT = "realtime.transcription_session"


def shown_session(id: str, expires_at: int, settings: Settings, defaults: Options) -> Session:
    audio = AudioConfig(shown_input(settings, defaults))
    return Session("transcription", OBJECT, id, expires_at, audio, settings.include)


def shown_flat(id: str, expires_at: int, settings: Settings, defaults: Options) -> FlatSession:
    """The beta API's shape, where a rate cannot be said."""
    shown = shown_input(settings, defaults)
    flat = {nested: name for name, nested in FLAT_FORMATS.items()}
    return FlatSession(
        OBJECT,
        id,
        expires_at,
        input_audio_format=flat[settings.format.type or PCM],
        input_audio_transcription=given(shown.transcription),
        input_audio_noise_reduction=given(shown.noise_reduction),
        turn_detection=given(shown.turn_detection),
        include=settings.include,
    )


def shown_input(settings: Settings, defaults: Options) -> AudioInput:
    """``audio.input`` as a session object shows it: what is in force, null where nothing is."""
    turns = effective_turns(settings, defaults)
    asked = given(settings.input.transcription)
    return AudioInput(
        format=_shown_format(settings.format),
        transcription=asked and _shown_transcription(asked),
        noise_reduction=given(settings.input.noise_reduction),
        turn_detection=turns and _shown_turns(turns, defaults.turns),
    )


def _shown_format(wanted: Format) -> Format:
    return Format(PCM, round(number(wanted.rate, PCM_RATE))) if wanted.type == PCM else Format(wanted.type)


def _shown_transcription(asked: Transcription) -> Transcription:
    """Model, language and prompt are always shown, the others where they say something."""
    extra = {
        name: value
        for name in ("languages", "keywords", "delay", "grammar", "vocabulary")
        if (value := getattr(asked, name)) not in (UNSET, None)
    }
    return Transcription(given(asked.model), given(asked.language), given(asked.prompt), **extra)


def _shown_turns(turns: TurnDetection, defaults: Turns) -> TurnDetection:
    kind = turns_kind(turns)
    if kind == "semantic_vad":
        return TurnDetection(kind, eagerness=given(turns.eagerness) or "auto")
    return TurnDetection(
        kind,
        threshold=number(turns.threshold, defaults.threshold),
        prefix_padding_ms=round(number(turns.prefix_padding_ms, defaults.padding * 1000)),
        silence_duration_ms=round(number(turns.silence_duration_ms, defaults.silence * 1000)),
        idle_timeout_ms=UNSET if (idle := given(turns.idle_timeout_ms)) is None else round(idle),
    )
