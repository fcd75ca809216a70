"""Streaming models of sherpa-onnx, and `tiny`, the one that ships with the product.

Contract: a model is a folder as ``folder.py`` describes it. Without hot words a stream decodes the CTC form
greedily: its text only grows, so all of it is stable. With hot words it searches the transducer form with a
beam: nothing is stable before the end, and words carry a confidence. A stream with a language uses a copy of
the network in which the output bias of every other token is so low that it cannot win.

sherpa-onnx ends the process on misuse (a wrong form for a decoding method, a step without enough audio, a
broken file), so everything is checked here before it is called. Sources: its Python API and C++ sources
(online-recognizer-*.h, features.cc), 2.0.1, November 2026.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import sherpa_onnx

from ..errors import EngineFailed, OutOfOrder
from ..types import Hypothesis, Options, Samples
from .base import EngineInfo, Stream
from .demands import check_demands
from .folder import Metadata, OutputBias, read_metadata, restrict
from .spelling import Spelling, list_beginnings, spell

TINY = Path(__file__).parent.parent / "models" / "tiny"
MAX_BATCH = 32  # larger batches gained nothing: 2.0 ms of CPU a stream-second at 32, 2.0 at 64
HOTWORD_SCORE = 2.0  # sherpa-onnx's default of 1.5 is for larger vocabularies; 0.1 had no effect

_HOP = 160  # samples between feature frames (10 ms)
_WINDOW_END = 280  # frame i of Kaldi's fbank, edges not snipped, ends at sample 160 i + 280


@dataclass(frozen=True, slots=True)
class Recognizer:
    """One network in memory and how it decodes. ``native``: whether its text only grows."""

    handle: Any
    native: bool


class Loader:
    """Makes recognisers of one model, each once, when first asked for."""

    def __init__(self, folder: Path, metadata: Metadata) -> None:
        self._folder = folder
        self._metadata = metadata
        self._made: dict[tuple[str | None, bool], Recognizer] = {}

    def load(self, language: str | None, hotwords: bool) -> Recognizer:
        """The recogniser for a language (None: all) by beam search with hot words or greedily without."""
        key = language, hotwords
        if key not in self._made:
            with tempfile.TemporaryDirectory(prefix="saywire-") as scratch:
                make = self._make_beam if hotwords else self._make_greedy
                self._made[key] = Recognizer(make(language, Path(scratch)), not hotwords)
        return self._made[key]

    def clear(self) -> None:
        self._made.clear()

    def _make_greedy(self, language: str | None, scratch: Path) -> Any:
        form = self._metadata.forms.ctc
        return sherpa_onnx.OnlineRecognizer.from_zipformer2_ctc(
            tokens=str(self._folder / self._metadata.tokens),
            model=self._place(form.model, form.output_bias, language, scratch),
            num_threads=1,
        )

    def _make_beam(self, language: str | None, scratch: Path) -> Any:
        form = self._metadata.forms.transducer
        return sherpa_onnx.OnlineRecognizer.from_transducer(
            tokens=str(self._folder / self._metadata.tokens),
            encoder=self._place(form.encoder, form.output_bias, language, scratch),
            decoder=str(self._folder / form.decoder),
            joiner=str(self._folder / form.joiner),
            num_threads=1,
            decoding_method="modified_beam_search",
            modeling_unit=self._metadata.modeling_unit,
            bpe_vocab=str(self._folder / self._metadata.bpe_vocab),
            hotwords_score=HOTWORD_SCORE,
        )

    def _place(self, name: str, bias: OutputBias, language: str | None, scratch: Path) -> str:
        """The path of a network: its own, or that of a restricted copy, needed only while it is loaded."""
        if language is None:
            return str(self._folder / name)
        allowed = frozenset({0, *self._metadata.language_tokens[language]})
        copy = scratch / name
        copy.write_bytes(restrict((self._folder / name).read_bytes(), bias, allowed))
        return str(copy)


class SherpaStream:
    """One session's audio and decoding state. Feeds sherpa-onnx exactly what a step needs, step by step."""

    def __init__(self, recognizer: Recognizer, metadata: Metadata, spelling: Spelling, hotwords: str) -> None:
        self.recognizer = recognizer
        self._metadata = metadata
        self._spelling = spelling
        self._hotwords = hotwords
        self._step = round(metadata.chunk * metadata.sample_rate)
        self._begin()

    def _begin(self) -> None:
        handle = self.recognizer.handle
        self.native = handle.create_stream(self._hotwords) if self._hotwords else handle.create_stream()
        self._pending: list[Samples] = []
        self._heard = self._fed = self._steps = 0
        self._last_step: int | None = None
        self._hypothesis = Hypothesis(language=self._spelling.language)
        self._told = True  # whether the hypothesis is of the newest step
        self._tokens = 0
        self._closed = True  # whether the last word's end is known, not the audio's end

    @property
    def _needed(self) -> int:
        """Samples the next step wants: sherpa-onnx asks for one frame more than it decodes."""
        return (self._steps + 1) * self._step + _WINDOW_END

    @property
    def ready(self) -> bool:
        if self._last_step is not None:
            return self._steps < self._last_step
        return self._heard >= self._needed

    @property
    def context(self) -> str:
        return ""

    @property
    def hypothesis(self) -> Hypothesis:
        if not self._told:
            self._told = True
            self._tell()
        return self._hypothesis

    def _tell(self) -> None:
        result = self.recognizer.handle.get_result_all(self.native)
        seconds = self._heard / self._metadata.sample_rate
        ended = self._last_step is not None and not self.ready
        if self.recognizer.native and len(result.tokens) == self._tokens and self._closed and not ended:
            return  # most steps add no token
        text, words, language = spell(
            result.tokens, result.timestamps, result.ys_probs, seconds, ended, self._spelling
        )
        self._tokens = len(result.tokens)
        self._closed = not words or result.timestamps[-1] + self._metadata.word_trail <= seconds
        settled = self.recognizer.native or ended
        self._hypothesis = Hypothesis(text, len(text) if settled else 0, words, language)

    def accept(self, samples: Samples) -> None:
        if self._last_step is not None:
            raise OutOfOrder("audio after finish; reset the stream first")
        if len(samples):
            self._pending.append(samples)
            self._heard += len(samples)

    def finish(self) -> None:
        if self._last_step is not None:
            raise OutOfOrder("a stream is finished once; reset it first")
        padding = self._metadata.tail_padding * self._metadata.sample_rate
        self._last_step = math.ceil((self._heard + padding) / self._step) if self._heard else 0
        self._last_step = max(self._last_step, self._steps)
        missing = self._last_step * self._step + _WINDOW_END - self._heard
        self._pending.append(np.zeros(max(0, missing), np.float32))

    def reset(self) -> None:
        self._begin()

    def feed(self) -> None:
        """Give sherpa-onnx the samples of the next step, as a list: its binding converts arrays slower."""
        audio = np.concatenate(self._pending)
        count = self._needed - self._fed
        self.native.accept_waveform(self._metadata.sample_rate, audio[:count].tolist())
        self._pending = [audio[count:]]
        self._fed += count

    def advance(self) -> None:
        """Note that a step was decoded."""
        self._steps += 1
        self._told = False


class SherpaEngine:
    """An engine over one model folder. Raises EngineFailed when the folder is not a whole model."""

    def __init__(self, folder: Path = TINY) -> None:
        self._metadata = read_metadata(folder)
        self._loader = Loader(folder, self._metadata)
        words = [word for words in self._metadata.vocabulary.values() for word in words if word.isascii()]
        self._beginnings = list_beginnings(words)
        for language in (None, *self._metadata.languages):  # so that no session waits for it
            self._loader.load(language, hotwords=False)

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            self._metadata.name,
            self._metadata.sample_rate,
            self._metadata.languages,
            stability="native",
            words=True,
            hotwords=True,
            max_batch=MAX_BATCH,
            tail=self._metadata.tail_padding,
        )

    def open(self, options: Options, context: str = "") -> Stream:
        check_demands(self.info, options)
        language = options.language
        hotwords = self._choose_hotwords(options.hotwords, language)
        recognizer = self._loader.load(language, bool(hotwords))
        spelling = Spelling(self._metadata.word_lead, self._metadata.word_trail, language, self._beginnings)
        return SherpaStream(recognizer, self._metadata, spelling, hotwords)

    def decode(self, streams: Sequence[Stream]) -> None:
        batch = [stream for stream in streams if isinstance(stream, SherpaStream) and stream.ready]
        if len(batch) != len(streams) or not 1 <= len(batch) <= MAX_BATCH:
            raise OutOfOrder(
                f"{len(streams)} streams, {len(batch)} ready; decode takes 1 to {MAX_BATCH}, all ready"
            )
        groups: dict[int, list[SherpaStream]] = {}
        for stream in batch:
            stream.feed()
            groups.setdefault(id(stream.recognizer), []).append(stream)
        for group in groups.values():
            self._decode_group(group)

    def close(self) -> None:
        self._loader.clear()

    def _decode_group(self, group: list[SherpaStream]) -> None:
        handle = group[0].recognizer.handle
        if not all(handle.is_ready(stream.native) for stream in group):
            raise EngineFailed("sherpa-onnx wants more audio for a step than its features need; report this")
        try:
            handle.decode_streams([stream.native for stream in group])
        except RuntimeError as e:
            raise EngineFailed(f"sherpa-onnx failed a step of {len(group)} streams: {e}") from e
        for stream in group:
            stream.advance()

    def _choose_hotwords(self, phrases: tuple[str, ...], language: str | None) -> str:
        """The phrases that the vocabulary can spell, in sherpa-onnx's notation; others are ignored."""
        languages = [language] if language else self._metadata.languages
        known = {word for name in languages for word in self._metadata.vocabulary[name]}
        usable = []
        for phrase in phrases:
            words = phrase.lower().split()
            if words and all(word in known for word in words):
                usable.append(" ".join(words))
        return "/".join(usable)


def load_tiny() -> SherpaEngine:
    """The model that ships with the product. Call it in the process that decodes: no fork after it."""
    return SherpaEngine(TINY)


def load_folder(folder: Path) -> SherpaEngine:
    """An installed model of the same make."""
    return SherpaEngine(folder)
