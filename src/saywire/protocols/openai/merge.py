"""An update of an OpenAI session: what it changes, and whether it may.

An update changes only the fields that are in it, object by object; null clears; an update with one bad
value is dropped as a whole. Checked are the values that would otherwise give a client silently other
results than it asked for; codes and wording of the refusals follow the service's.
"""

from __future__ import annotations

from typing import TypeVar

from msgspec import UNSET, Struct, UnsetType, structs

from ...errors import BadRequest
from ..languages import language_code
from .options import ALAW, MULAW, PCM, Settings, given, spoken, turns_kind
from .session import AudioInput, Format, NoiseReduction, SessionPatch, Transcription, TurnDetection

S = TypeVar("S", bound=Struct)

FLAT_FORMATS = {"pcm16": PCM, "g711_ulaw": MULAW, "g711_alaw": ALAW}
"""Names of the beta API."""
LOWEST_RATE, HIGHEST_RATE = 8_000, 96_000
LONGEST_QUOTE = 200
DELAYS = ("minimal", "low", "medium", "high", "xhigh")

_INPUT = "session.audio.input"


def merge(settings: Settings, patch: SessionPatch) -> Settings:
    """The settings after an update. Raises BadRequest, with nothing changed."""
    kind = given(patch.type)
    if kind not in (None, "transcription"):
        raise _wrong_type(kind)
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
    _check(merged)
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


# Checking. Codes and wording follow the service's.


def _check(settings: Settings) -> None:
    _check_format(settings.format)
    _check_transcription(settings.transcription)
    if noise := given(settings.input.noise_reduction):
        _one_of(f"{_INPUT}.noise_reduction.type", given(noise.type), ("near_field", "far_field"))
    if turns := given(settings.input.turn_detection):
        _check_turns(turns)


def _check_format(wanted: Format) -> None:
    _one_of(f"{_INPUT}.format.type", given(wanted.type), (PCM, MULAW, ALAW))
    if wanted.type == PCM:
        _within(f"{_INPUT}.format.rate", given(wanted.rate), LOWEST_RATE, HIGHEST_RATE)


def _check_transcription(asked: Transcription) -> None:
    at = f"{_INPUT}.transcription"
    _one_of(f"{at}.delay", given(asked.delay), DELAYS)
    if asked.languages == ():
        raise BadRequest(
            f"Invalid '{at}.languages': empty array. Expected an array with minimum length 1.",
            code="empty_array",
            param=f"{at}.languages",
        )
    for index, language in enumerate(given(asked.languages) or ()):
        _check_language(f"{at}.languages[{index}]", language)
    _check_language(f"{at}.language", given(asked.language))
    if given(asked.grammar) and given(asked.vocabulary):
        raise BadRequest(
            "A grammar and a vocabulary exclude each other; set one of them to null.",
            code="invalid_value",
            param=f"{at}.vocabulary",
        )


def _check_turns(turns: TurnDetection) -> None:
    at = f"{_INPUT}.turn_detection"
    _one_of(f"{at}.type", given(turns.type), ("server_vad", "semantic_vad"))
    _one_of(f"{at}.eagerness", given(turns.eagerness), ("low", "medium", "high", "auto"))
    _within(f"{at}.threshold", given(turns.threshold), 0.0, 1.0, "decimal")
    _within(f"{at}.prefix_padding_ms", given(turns.prefix_padding_ms), 0, 10_000)
    _within(f"{at}.silence_duration_ms", given(turns.silence_duration_ms), 0, 60_000)
    _within(f"{at}.idle_timeout_ms", given(turns.idle_timeout_ms), 100, 3_600_000)


def _one_of(param: str, value: str | None, allowed: tuple[str, ...]) -> None:
    if value is not None and value not in allowed:
        raise BadRequest(
            f"Invalid value: {quoted(value)}. Supported values are: {listed(allowed)}.",
            code="invalid_value",
            param=param,
        )


def _within(param: str, value: float | None, low: float, high: float, kind: str = "integer") -> None:
    if value is None or low <= value <= high:
        return
    side, words, sign, limit = "below_min", "below minimum", ">=", low
    if value > high:
        side, words, sign, limit = "above_max", "above maximum", "<=", high
    raise BadRequest(
        f"Invalid '{param}': {kind} {words} value. "
        f"Expected a value {sign} {limit:g}, but got {value:.10g} instead.",
        code=f"{kind}_{side}_value",
        param=param,
    )


def _check_language(param: str, value: str | None) -> None:
    if value and spoken(value) and language_code(value) is None:
        raise BadRequest(
            f"Invalid value: {quoted(value)}. Expected an ISO-639-1 code such as 'en'.",
            code="invalid_value",
            param=param,
        )


def _wrong_type(kind: str) -> BadRequest:
    if kind == "realtime":
        return BadRequest(
            "Passing a realtime session update to a transcription session is not allowed.",
            code="invalid_parameter",
            param="session.type",
        )
    return BadRequest(
        f"Invalid value: {quoted(kind)}. Supported values are: 'transcription'.",
        code="invalid_value",
        param="session.type",
    )


def quoted(value: str) -> str:
    """In quotes, and short enough for a message."""
    return f"'{value}'" if len(value) <= LONGEST_QUOTE else f"'{value[:LONGEST_QUOTE]}...'"


def listed(values: tuple[str, ...]) -> str:
    """'a', 'b', and 'c'"""
    *most, last = [f"'{value}'" for value in values]
    return f"{', '.join(most)}{',' if len(most) > 1 else ''} and {last}" if most else last
