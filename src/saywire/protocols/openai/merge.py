"""An update of an OpenAI session: what it changes.

An update changes only the fields that are in it, object by object; null clears; an update with one bad
value is dropped as a whole.
"""

from __future__ import annotations

from typing import TypeVar

from msgspec import UNSET, Struct, UnsetType, structs

from .checks import check, check_type
from .options import ALAW, MULAW, PCM, Settings, given, turns_kind
from .session import AudioInput, Format, NoiseReduction, SessionPatch, Transcription, TurnDetection

S = TypeVar("S", bound=Struct)

FLAT_FORMATS = {"pcm16": PCM, "g711_ulaw": MULAW, "g711_alaw": ALAW}
"""Names of the beta API."""


def merge(settings: Settings, patch: SessionPatch) -> Settings:
    """The settings after an update. Raises BadRequest, with nothing changed."""
    check_type(given(patch.type))
    wanted = _audio_input(patch)
    merged = Settings(
        AudioInput(
            format=_merged_format(settings.format, wanted.format),
            transcription=_merged(settings.input.transcription, wanted.transcription, Transcription()),
            noise_reduction=_merged(settings.input.noise_reduction, wanted.noise_reduction, NoiseReduction()),
            turn_detection=_merged_turns(settings.input.turn_detection, wanted.turn_detection),
        ),
        settings.include if patch.include is UNSET else patch.include,
    )
    check(merged)
    return merged


def _audio_input(patch: SessionPatch) -> AudioInput:
    """The nested shape of an update; the flat one of the beta API fills what is not in it."""
    audio = given(patch.audio)
    nested = (given(audio.input) if audio else None) or AudioInput()
    kind = patch.input_audio_format
    flat = AudioInput(
        format=Format(FLAT_FORMATS.get(kind, kind)) if isinstance(kind, str) else kind,
        transcription=patch.input_audio_transcription,
        noise_reduction=patch.input_audio_noise_reduction,
        turn_detection=patch.turn_detection,
    )
    return _overlay(flat, nested)


def _overlay(base: S, patch: S) -> S:
    fields = {name: getattr(patch, name) for name in patch.__struct_fields__}
    return structs.replace(base, **{name: value for name, value in fields.items() if value is not UNSET})


def _merged(base: S | UnsetType | None, patch: S | UnsetType | None, fresh: S) -> S | UnsetType | None:
    if patch is UNSET:
        return base
    return patch and _overlay(given(base) or fresh, patch)


def _merged_format(base: Format, patch: Format | UnsetType | None) -> Format:
    """Another type of audio has a rate of its own, so it does not inherit one."""
    if patch is UNSET:
        return base
    kind = patch and given(patch.type)
    kept = base if patch and kind in (None, base.type) else Format(PCM)
    merged = _overlay(kept, patch) if patch else kept
    return structs.replace(merged, type=given(merged.type) or PCM)


def _merged_turns(
    base: TurnDetection | UnsetType | None, patch: TurnDetection | UnsetType | None
) -> TurnDetection | UnsetType | None:
    """Another type of turn detection starts from its own defaults."""
    if not patch:
        return base if patch is UNSET else None
    old = given(base) or TurnDetection()
    kind = given(patch.type) or turns_kind(old)
    kept = old if kind == turns_kind(old) else TurnDetection()
    return structs.replace(_overlay(kept, patch), type=kind)
