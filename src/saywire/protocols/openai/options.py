"""From what an OpenAI client asks of its session to Options, and back to what it is shown.

What the client leaves open, the server's defaults decide. Fields that nothing here obeys (``delay``,
``noise_reduction``) are taken all the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

from msgspec import UNSET, UnsetType

from ...types import Options, Turns
from ..languages import language_code
from .session import AudioInput, Format, Transcription, TurnDetection

T = TypeVar("T")

PCM, MULAW, ALAW = "audio/pcm", "audio/pcmu", "audio/pcma"
PCM_RATE = 24_000
"""The only rate of the service; here the one that is meant where none is said."""
G711_RATE = 8_000


@dataclass(frozen=True, slots=True)
class Eagerness:
    """What semantic_vad makes of Turns."""

    certainty: float
    patience: float
    """The service's own."""
    silence: float
    """Where there is no turn model."""


EAGERNESS = {
    "low": Eagerness(certainty=0.7, patience=8.0, silence=1.2),
    "medium": Eagerness(certainty=0.5, patience=4.0, silence=0.8),
    "high": Eagerness(certainty=0.3, patience=2.0, silence=0.4),
}
"""Auto, which is meant where none is said, is medium; or the server's own rules, if those are semantic."""
UNTURNED_MODELS = ("gpt-live-transcribe", "gpt-realtime-whisper")
"""The service refuses turn detection for these, so their clients say nothing of it and commit."""
LOGPROBS = "item.input_audio_transcription.logprobs"
UNSTABLE = "item.input_audio_transcription.unstable"
"""(ours) Deltas also when only the text that may still change did."""

_INPUT = "session.audio.input"
PARAMS = {
    "model": f"{_INPUT}.transcription.model",
    "language": f"{_INPUT}.transcription.language",
    "prompt": f"{_INPUT}.transcription.prompt",
    "hotwords": f"{_INPUT}.transcription.keywords",
    "grammar": f"{_INPUT}.transcription.grammar",
    "vocabulary": f"{_INPUT}.transcription.vocabulary",
    "turns": f"{_INPUT}.turn_detection",
    "resume": "session.resume.context",
}
"""Where each of Options is on this wire."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the client has asked for so far. ``input.turn_detection`` is UNSET until it says something."""

    input: AudioInput
    include: tuple[str, ...] | None = None

    @property
    def format(self) -> Format:
        return given(self.input.format) or Format(PCM, PCM_RATE)

    @property
    def transcription(self) -> Transcription:
        return given(self.input.transcription) or Transcription()


def given(value: T | UnsetType | None) -> T | None:
    return None if value is UNSET else value


def rate_of(form: Format) -> int:
    """Samples a second."""
    return G711_RATE if form.type in (MULAW, ALAW) else round(number(form.rate, PCM_RATE))


def opening_settings(model: str | None) -> Settings:
    """The settings of a fresh session whose URL names ``model``."""
    return Settings(
        AudioInput(format=Format(PCM, PCM_RATE), transcription=Transcription(model=model) if model else None)
    )


def session_options(settings: Settings, defaults: Options) -> Options:
    """What the session is asked to do, the server's defaults where the client left it open."""
    asked = settings.transcription
    grammar, vocabulary = given(asked.grammar) or "", given(asked.vocabulary) or ()
    if not grammar and not vocabulary:
        grammar, vocabulary = defaults.grammar, defaults.vocabulary
    return Options(
        model=given(asked.model) or defaults.model,
        language=_language(asked, defaults.language),
        prompt=given(asked.prompt) or defaults.prompt,
        hotwords=given(asked.keywords) or defaults.hotwords,
        grammar=grammar,
        vocabulary=vocabulary,
        turns=_turns(effective_turns(settings, defaults), defaults.turns),
    )


def effective_turns(settings: Settings, defaults: Options) -> TurnDetection | None:
    """The turn detection in force: what was asked for, else what suits the model and the server."""
    asked = settings.input.turn_detection
    if asked is not UNSET:
        return asked
    model = given(settings.transcription.model) or ""
    if not defaults.turns.voice or model.startswith(UNTURNED_MODELS):
        return None
    return TurnDetection("semantic_vad" if defaults.turns.semantic else "server_vad")


def patience(settings: Settings, defaults: Options) -> float | None:
    """Seconds of quiet after which an empty item is committed, where the client asked for that."""
    turns = effective_turns(settings, defaults)
    if turns is None or turns_kind(turns) != "server_vad":
        return None
    milliseconds = given(turns.idle_timeout_ms)
    return None if milliseconds is None else milliseconds / 1000


def spoken(language: str) -> bool:
    """Whether ``language`` names one: clients of other servers write ``auto`` for none."""
    return language.strip().lower() not in ("", "auto")


def _language(asked: Transcription, default: str | None) -> str | None:
    """``languages`` are those that may be spoken: several leave it to the model which it hears."""
    several = tuple(filter(spoken, given(asked.languages) or ()))
    named = given(asked.language) or ""
    if spoken(named):
        return language_code(named)
    return language_code(several[0]) if len(several) == 1 else None if several else default


def turns_kind(turns: TurnDetection) -> str:
    return given(turns.type) or "server_vad"


def _turns(wanted: TurnDetection | None, defaults: Turns) -> Turns:
    """Thresholds of 0 and 1, and a silence of 0, are drawn into what a detector can do."""
    if wanted is None:
        return replace(defaults, voice=False)
    if turns_kind(wanted) == "semantic_vad":
        return _semantic(given(wanted.eagerness) or "auto", defaults)
    threshold, padding, silence = wanted.threshold, wanted.prefix_padding_ms, wanted.silence_duration_ms
    return replace(
        defaults,
        voice=True,
        semantic=False,
        threshold=min(max(number(threshold, defaults.threshold), 0.01), 0.99),
        padding=number(padding, defaults.padding * 1000) / 1000,
        silence=max(number(silence, defaults.silence * 1000), 20) / 1000,
    )


def _semantic(eagerness: str, defaults: Turns) -> Turns:
    if eagerness == "auto" and defaults.semantic:
        return replace(defaults, voice=True)
    meant = EAGERNESS.get(eagerness, EAGERNESS["medium"])
    return replace(
        defaults,
        voice=True,
        semantic=True,
        certainty=meant.certainty,
        patience=meant.patience,
        silence=meant.silence,
    )


def number(value: float | UnsetType | None, default: float) -> float:
    known = given(value)
    return default if known is None else known
