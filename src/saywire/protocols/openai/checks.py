"""Whether an OpenAI client may ask for what it asks for; codes and wording of refusals follow the service's.

Checked are the values that would otherwise give a client silently other results than it asked for, or cost
too much.
"""

from __future__ import annotations

from ...errors import BadRequest
from ..languages import language_code
from .options import ALAW, MULAW, PCM, Settings, given, spoken
from .session import Format, Transcription, TurnDetection

LOWEST_RATE, HIGHEST_RATE = 8_000, 96_000
LONGEST_QUOTE = 200
LONGEST_PROMPT = 20_000
"""Characters."""
MOST_KEYWORDS, MOST_LANGUAGES = 1_000, 100
DELAYS = ("minimal", "low", "medium", "high", "xhigh")

_INPUT = "session.audio.input"


def check(settings: Settings) -> None:
    """Raises BadRequest for the first value that may not be."""
    _check_format(settings.format)
    _check_transcription(settings.transcription)
    if noise := given(settings.input.noise_reduction):
        _one_of(f"{_INPUT}.noise_reduction.type", given(noise.type), ("near_field", "far_field"))
    if turns := given(settings.input.turn_detection):
        _check_turns(turns)


def check_type(kind: str | None) -> None:
    """Of the session. Raises BadRequest where it is none that transcribes."""
    if kind == "realtime":
        raise BadRequest(
            "Passing a realtime session update to a transcription session is not allowed.",
            code="invalid_parameter",
            param="session.type",
        )
    _one_of("session.type", kind, ("transcription",))


def _check_format(wanted: Format) -> None:
    _one_of(f"{_INPUT}.format.type", given(wanted.type), (PCM, MULAW, ALAW))
    if wanted.type == PCM:
        within(f"{_INPUT}.format.rate", given(wanted.rate), LOWEST_RATE, HIGHEST_RATE)


def _check_transcription(asked: Transcription) -> None:
    at = f"{_INPUT}.transcription"
    _one_of(f"{at}.delay", given(asked.delay), DELAYS)
    if asked.languages == ():
        raise BadRequest(
            f"Invalid '{at}.languages': empty array. Expected an array with minimum length 1.",
            code="empty_array",
            param=f"{at}.languages",
        )
    no_longer(f"{at}.prompt", given(asked.prompt), LONGEST_PROMPT)
    no_longer(f"{at}.keywords", given(asked.keywords), MOST_KEYWORDS)
    no_longer(f"{at}.languages", given(asked.languages), MOST_LANGUAGES)
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
    within(f"{at}.threshold", given(turns.threshold), 0.0, 1.0, "decimal")
    within(f"{at}.prefix_padding_ms", given(turns.prefix_padding_ms), 0, 10_000)
    within(f"{at}.silence_duration_ms", given(turns.silence_duration_ms), 0, 60_000)
    within(f"{at}.idle_timeout_ms", given(turns.idle_timeout_ms), 100, 3_600_000)


def _one_of(param: str, value: str | None, allowed: tuple[str, ...]) -> None:
    if value is not None and value not in allowed:
        raise BadRequest(
            f"Invalid value: {quoted(value)}. Supported values are: {listed(allowed)}.",
            code="invalid_value",
            param=param,
        )


def within(param: str, value: float | None, low: float, high: float, kind: str = "integer") -> None:
    """Raises BadRequest."""
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


def no_longer(param: str, value: str | tuple[str, ...] | None, most: int) -> None:
    """Raises BadRequest."""
    if value is None or len(value) <= most:
        return
    kind = "string" if isinstance(value, str) else "array"
    raise BadRequest(
        f"Invalid '{param}': {kind} too long. "
        f"Expected {'a' if kind == 'string' else 'an'} {kind} with maximum length {most}, "
        f"but got one with length {len(value)} instead.",
        code=f"{kind}_above_max_length",
        param=param,
    )


def _check_language(param: str, value: str | None) -> None:
    if value and spoken(value) and language_code(value) is None:
        raise BadRequest(
            f"Invalid value: {quoted(value)}. Expected an ISO-639-1 code such as 'en'.",
            code="invalid_value",
            param=param,
        )


def quoted(value: str) -> str:
    """In quotes, and short enough for a message."""
    return f"'{value}'" if len(value) <= LONGEST_QUOTE else f"'{value[:LONGEST_QUOTE]}...'"


def listed(values: tuple[str, ...]) -> str:
    """'a', 'b', and 'c'"""
    *most, last = [f"'{value}'" for value in values]
    return f"{', '.join(most)}{',' if len(most) > 1 else ''} and {last}" if most else last
