"""From what a client of Qwen-ASR-Realtime asks to Options, and back to what it is shown.

What the client does not say stays as it is: ``turn_detection`` absent keeps it, null turns it off.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from msgspec import UNSET

from ...errors import BadRequest
from ...types import Options, Turns
from ..languages import language_code
from . import events as wire
from .corpus import find_hotwords

FORMATS = {"pcm": "wav", "pcm16": "wav", "wav": "wav", "opus": "opus"}
"""Names on the wire to decoders; PCM may turn out to be a WAV, since clients send whole files."""
RATE, THRESHOLD, SILENCE_MS, PADDING_MS = 16_000, 0.2, 800, 300
LONGEST_COMMIT = 60.0
"""Seconds; what a client does not commit itself is committed here, as the service bids its clients do."""
_SLOPE = 0.5
"""The service's threshold goes from -1 to 1 around 0.2, ours is a probability around the server's own."""


@dataclass(frozen=True, slots=True)
class Turning:
    threshold: float = THRESHOLD
    silence_ms: float = SILENCE_MS
    padding_ms: float = PADDING_MS


@dataclass(frozen=True, slots=True)
class Settings:
    model: str = ""
    form: str = "pcm"
    rate: int = RATE
    transcription: wire.Transcription | None = None
    turning: Turning | None = Turning()

    @property
    def language(self) -> str | None:
        return self.transcription.language if self.transcription else None

    @property
    def corpus(self) -> str:
        told = self.transcription.corpus if self.transcription else None
        return (told.text if told else None) or ""


def merge(before: Settings, patch: wire.SessionPatch) -> Settings:
    """Raises BadRequest, naming the field."""
    nested = (patch.audio.input.format if patch.audio and patch.audio.input else None) or wire.FormatPatch()
    form = patch.input_audio_format or nested.type
    rate = patch.sample_rate or nested.sample_rate
    if form is not None and form not in FORMATS:
        raise _invalid("session.input_audio_format", form, "pcm, opus")
    if rate is not None and not 4_000 <= rate <= 768_000:
        raise _invalid("session.sample_rate", rate, "16000, 8000")
    settings = replace(before, form=form or before.form, rate=rate or before.rate)
    if patch.input_audio_transcription is not UNSET:
        settings = replace(settings, transcription=_transcription(before, patch.input_audio_transcription))
    if patch.turn_detection is not UNSET:
        settings = replace(settings, turning=_turning(before, patch.turn_detection))
    return settings


def session_options(settings: Settings, defaults: Options) -> Options:
    language = language_code(settings.language) if settings.language else None
    return replace(
        defaults,
        model=settings.model or defaults.model,
        language=language or defaults.language,
        prompt=settings.corpus or defaults.prompt,
        hotwords=find_hotwords(settings.corpus) or defaults.hotwords,
        turns=_turns(settings.turning, defaults.turns),
    )


def show(settings: Settings, session_id: str) -> wire.Session:
    turning = settings.turning
    return wire.Session(
        session_id,
        settings.model,
        settings.form,
        settings.rate,
        settings.transcription,
        wire.TurnDetection(
            "server_vad", turning.threshold, round(turning.silence_ms), round(turning.padding_ms)
        )
        if turning
        else None,
    )


def _transcription(before: Settings, patch: wire.TranscriptionPatch | None) -> wire.Transcription | None:
    if patch is None:
        return None
    known = before.transcription or wire.Transcription()
    corpus, language = known.corpus, known.language
    if patch.corpus is not UNSET:
        corpus = patch.corpus
    if patch.corpus_text is not UNSET:
        corpus = wire.Corpus(patch.corpus_text) if patch.corpus_text else None
    if patch.language is not UNSET:
        language = patch.language or None
    if language and (language == "auto" or language_code(language) is None):
        if language != "auto":
            raise _invalid("session.input_audio_transcription.language", language, "zh, en, yue, ja, ...")
        language = None
    return wire.Transcription(patch.model or known.model, language, corpus)


def _turning(before: Settings, patch: wire.TurnPatch | None) -> Turning | None:
    if patch is None:
        return None
    if patch.type not in (None, "server_vad"):
        raise _invalid("session.turn_detection.type", patch.type, "server_vad")
    known = before.turning or Turning()
    turning = Turning(
        known.threshold if patch.threshold is None else patch.threshold,
        known.silence_ms if patch.silence_duration_ms is None else patch.silence_duration_ms,
        known.padding_ms if patch.prefix_padding_ms is None else patch.prefix_padding_ms,
    )
    if not -1 <= turning.threshold <= 1:
        raise _invalid("session.turn_detection.threshold", turning.threshold, "-1 to 1")
    if not 100 <= turning.silence_ms <= 10_000:
        raise _invalid("session.turn_detection.silence_duration_ms", turning.silence_ms, "200 to 6000")
    if not 0 <= turning.padding_ms <= 5_000:
        raise _invalid("session.turn_detection.prefix_padding_ms", turning.padding_ms, "0 to 5000")
    return turning


def _turns(turning: Turning | None, defaults: Turns) -> Turns:
    if turning is None:
        return replace(defaults, voice=False, longest=LONGEST_COMMIT)
    threshold = defaults.threshold + _SLOPE * (turning.threshold - THRESHOLD)
    return replace(
        defaults,
        voice=True,
        semantic=False,
        threshold=min(max(threshold, 0.05), 0.95),
        silence=turning.silence_ms / 1000,
        padding=turning.padding_ms / 1000,
    )


def _invalid(param: str, value: object, supported: str) -> BadRequest:
    message = f"Invalid value: {str(value)[:80]!r}. Supported values are: {supported}."
    return BadRequest(message, code="invalid_value", param=param)
