"""Whisper through faster-whisper (CTranslate2), as a recogniser of windows; no torch.

A model is a folder as ``ct2-transformers-converter`` writes it (model.bin, config.json, tokenizer.json,
vocabulary.json, preprocessor_config.json); the network is never asked for one. Decoding is greedy at
temperature 0 only: Whisper's own way out of a loop, sampling at higher temperatures, would give the same
audio other words each time; ``guards.py`` cuts loops instead. Words come with times from the cross-attention
(faster-whisper, transcribe.py, 1.2.1) and with probabilities.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from faster_whisper import WhisperModel
from faster_whisper.transcribe import Segment

from ..errors import EngineFailed
from ..types import Options, Word
from .base import EngineInfo
from .guards import is_no_speech
from .recognizer import Recognition, Window
from .windowed import Windowed

WINDOW = 28.0
"""Seconds: what the model sees is 30, and a pause at its end keeps it from going on by itself."""
FILES = ("model.bin", "config.json", "tokenizer.json")


class Whisper:
    """Raises EngineFailed for a folder that is not a model. ``device`` as CTranslate2 has it."""

    window = WINDOW
    follows = False
    invents = True

    def __init__(self, folder: Path, device: str = "auto", compute_type: str = "auto") -> None:
        missing = [name for name in FILES if not (folder / name).is_file()]
        if missing:
            raise EngineFailed(
                f"'{folder}' is no Whisper model: it has no {', '.join(missing)}; "
                "convert one with ct2-transformers-converter --copy_files tokenizer.json"
            )
        try:
            self._model: WhisperModel | None = WhisperModel(
                str(folder), device=device, compute_type=compute_type, local_files_only=True
            )
        except (RuntimeError, ValueError) as e:
            raise EngineFailed(f"the Whisper model in '{folder}' cannot be loaded: {e}") from e
        self._info = EngineInfo(
            folder.name,
            self._model.feature_extractor.sampling_rate,
            tuple(self._model.supported_languages),
            words=True,
            confidence=True,
            hotwords=True,
            translates=self._model.model.is_multilingual,
        )

    @property
    def info(self) -> EngineInfo:
        return self._info

    def recognize(self, windows: Sequence[Window]) -> Sequence[Recognition]:
        return [self._recognize(window) for window in windows]

    def close(self) -> None:
        self._model = None

    def _recognize(self, window: Window) -> Recognition:
        if self._model is None:
            raise EngineFailed("the Whisper model is closed")
        options = window.options
        try:
            segments, info = self._model.transcribe(
                window.samples,
                language=options.language,
                task="translate" if options.translate else "transcribe",
                beam_size=1,
                temperature=0.0,
                initial_prompt=write_prompt(options, window.before),
                hotwords=", ".join(options.hotwords) or None,
                condition_on_previous_text=False,
                word_timestamps=True,
                no_speech_threshold=None,
                log_prob_threshold=None,
                compression_ratio_threshold=None,
            )
            return gather(segments, info.language)
        except (RuntimeError, ValueError) as e:
            raise EngineFailed(f"Whisper failed a window of {len(window.samples)} samples: {e}") from e


def write_prompt(options: Options, before: str) -> str | None:
    """What the decoder is told was said before: the client's prompt, then the text itself."""
    return " ".join(part for part in (options.prompt.strip(), before.strip()) if part) or None


def gather(segments: Iterable[Segment], language: str) -> Recognition:
    """The segments in which somebody speaks as one recognition, as sure as they are on average."""
    spoken = [
        segment
        for segment in segments
        if not is_no_speech(Recognition((), None, segment.no_speech_prob, segment.avg_logprob))
    ]
    if not spoken:
        return Recognition(language=language)
    words = tuple(
        Word(word.word, float(word.start), float(word.end), min(1.0, float(word.probability)))
        for segment in spoken
        for word in segment.words or ()
    )
    likely = sum(segment.avg_logprob for segment in spoken) / len(spoken)
    return Recognition(words, language, min(segment.no_speech_prob for segment in spoken), likely)


def load(folder: Path) -> Windowed:
    """An engine of the model in a folder."""
    return Windowed(Whisper(folder))
