"""From what a run-task asks to what its session is to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ...audio.streaming import Decoder, make_decoder
from ...errors import BadAudio, BadRequest
from ...types import Options, Turns
from ..base import Vocabularies
from ..languages import language_code
from . import task_events as wire
from .corpus import find_hotwords

FORMATS = ("pcm", "wav", "mp3", "opus", "speex", "aac", "amr")
RATE = 16_000
_SLOPE = 0.4
"""speech_noise_threshold goes from -1 to 1 around 0, ours is a probability around the server's own."""
CERTAINTY, PATIENCE, SILENCE = 0.5, 4.0, 0.8
"""Of semantic sentences, which the service does not tell: those of OpenAI's eagerness "medium"; the third is
for want of a turn model, as long as the ``max_sentence_silence`` of the service's Paraformer."""
_FINALS_ONLY = "qwen-audio-3.1-asr-flash-message"


@dataclass(frozen=True, slots=True)
class Manner:
    """How a task's results are told."""

    intermediate: bool
    heartbeat: bool
    numbered: bool
    """Paraformer numbers no sentence."""
    gummy: bool


def read_manner(payload: wire.Payload) -> Manner:
    model, asked = payload.model or "", payload.parameters or wire.Parameters()
    intermediate = asked.intermediate_result_enabled
    return Manner(
        model != _FINALS_ONLY if intermediate is None else intermediate,
        bool(asked.heartbeat),
        not model.startswith("paraformer"),
        model.startswith("gummy"),
    )


def read_decoder(payload: wire.Payload) -> Decoder:
    """Raises BadRequest for a format or a rate that is none."""
    asked = payload.parameters or wire.Parameters()
    form, rate = asked.format or "pcm", asked.sample_rate or RATE
    if form not in FORMATS:
        raise BadRequest(f"format '{form[:40]}' is not supported; expected one of: {', '.join(FORMATS)}")
    if not 4_000 <= rate <= 768_000:
        raise BadRequest(f"sample_rate {rate} is not supported; expected 8000 or 16000, or the audio's own")
    try:
        return make_decoder("wav" if form == "pcm" else form, rate)
    except BadAudio as e:
        raise BadRequest(e.message) from e


def read_options(payload: wire.Payload, defaults: Options, vocabularies: Vocabularies) -> Options:
    """Raises BadRequest."""
    asked = payload.parameters or wire.Parameters()
    context = read_context(payload)
    hotwords = tuple(_hotwords(asked, payload.resources or (), vocabularies)) or find_hotwords(context)
    return replace(
        defaults,
        model=payload.model or defaults.model,
        language=_language(_hints(asked)) or defaults.language,
        prompt=context or defaults.prompt,
        hotwords=hotwords or defaults.hotwords,
        turns=_turns(asked, defaults.turns),
    )


def _turns(asked: wire.Parameters, usual: Turns) -> Turns:
    turns = usual
    if asked.semantic_punctuation_enabled and not usual.semantic:
        turns = replace(turns, certainty=CERTAINTY, patience=PATIENCE, silence=SILENCE)
    if asked.max_sentence_silence is not None:
        silence = min(max(asked.max_sentence_silence, 100), 10_000) / 1000
        turns = replace(turns, semantic=False, silence=silence)
    if asked.semantic_punctuation_enabled is not None:  # which there, too, goes before a silence
        turns = replace(turns, semantic=asked.semantic_punctuation_enabled)
    if asked.speech_noise_threshold is not None:
        threshold = turns.threshold + _SLOPE * asked.speech_noise_threshold
        turns = replace(turns, threshold=min(max(threshold, 0.05), 0.95))
    return turns


def read_context(payload: wire.Payload) -> str:
    """All text of the context, a line for each part."""
    lines: list[str] = []
    for said in payload.input.context if payload.input else ():
        if isinstance(said.content, str):
            lines.append(said.content)
        else:
            lines.extend(part.text for part in said.content if part.text)
    return "\n".join(line for line in lines if line)


def _hotwords(
    asked: wire.Parameters, resources: Iterable[wire.Resource], vocabularies: Vocabularies
) -> Iterable[str]:
    if asked.vocabulary:  # it goes before all ids, as at the service
        return asked.vocabulary
    ids = [asked.vocabulary_id, asked.phrase_id]
    ids += [resource.resource_id for resource in resources if resource.resource_type == "asr_phrase"]
    found: list[str] = []
    for name in dict.fromkeys(name for name in ids if name):
        words = vocabularies(name)
        if words is None:
            raise BadRequest(f"vocabulary '{name[:80]}' does not exist")
        found.extend(words)
    return dict.fromkeys(found)


def _hints(asked: wire.Parameters) -> Iterable[str]:
    return asked.language_hints or ([asked.source_language] if asked.source_language else [])


def _language(hints: Iterable[str]) -> str | None:
    """Only one hint is a language; several leave the choice to the engine."""
    codes = {code for hint in hints if (code := language_code(hint))}
    return codes.pop() if len(codes) == 1 else None
