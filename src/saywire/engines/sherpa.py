"""`tiny`, the streaming model that ships with the product, and others of its make.

Contract: a model is a folder as ``folder.py`` describes it. Without hot words a stream decodes the CTC form
greedily; with hot words it searches the transducer form with a beam, and words carry a confidence. A stream
with a language uses a copy of the network in which the output bias of every other token is so low that it
cannot win.

sherpa-onnx ends the process on misuse (a wrong form for a decoding method, a broken file), so everything is
checked here before it is called.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import sherpa_onnx

from ..errors import EngineFailed
from ..types import RATE, Options
from .base import EngineInfo, Stream
from .demands import check_demands, say_unusable
from .folder import Metadata, OutputBias, read_metadata, restrict
from .hotwords import Speller, make_speller, write_aliases
from .rules import find_rules, write_arguments
from .sherpa_stream import Conduct, Recognizer, SherpaStream, Steps, decode
from .spelling import Spelling, list_beginnings

TINY = Path(__file__).parent.parent / "models" / "tiny"
MAX_BATCH = 32  # larger batches gained nothing: 2.0 ms of CPU a stream-second at 32, 2.0 at 64
HOTWORD_SCORE = 2.0  # sherpa-onnx's default of 1.5 is for larger vocabularies; 0.1 had no effect


class Loader:
    """Makes recognisers of one model, each once, when first asked for."""

    def __init__(self, folder: Path, metadata: Metadata, speller: Speller, rules: Mapping[str, str]) -> None:
        """``rules``: arguments for rule files."""
        self._folder = folder
        self._metadata = metadata
        self._speller = speller
        self._rules = rules
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
            **self._rules,
        )

    def _make_beam(self, language: str | None, scratch: Path) -> Any:
        form = self._metadata.forms.transducer
        return sherpa_onnx.OnlineRecognizer.from_transducer(
            tokens=str(
                write_aliases(self._folder / self._metadata.tokens, self._speller, scratch / "tokens")
            ),
            encoder=self._place(form.encoder, form.output_bias, language, scratch),
            decoder=str(self._folder / form.decoder),
            joiner=str(self._folder / form.joiner),
            num_threads=1,
            decoding_method="modified_beam_search",
            hotwords_score=HOTWORD_SCORE,
            **self._rules,
        )

    def _place(self, name: str, bias: OutputBias, language: str | None, scratch: Path) -> str:
        """The path of a network: its own, or that of a restricted copy, needed only while it is loaded."""
        if language is None:
            return str(self._folder / name)
        allowed = frozenset({0, *self._metadata.language_tokens[language]})
        copy = scratch / name
        copy.write_bytes(restrict((self._folder / name).read_bytes(), bias, allowed))
        return str(copy)


class SherpaEngine:
    """An engine over one model folder. Raises EngineFailed when the folder is not a whole model."""

    def __init__(self, folder: Path = TINY, rules: Sequence[Path] = ()) -> None:
        self._metadata = metadata = read_metadata(folder)
        if metadata.sample_rate != RATE:
            raise EngineFailed(
                f"model '{metadata.name}' hears {metadata.sample_rate:,} Hz; this version runs its kind at"
                f" {RATE:,} Hz only"
            )
        self._speller = make_speller(folder, metadata.tokens)
        self._rules = write_arguments((*find_rules(folder), *rules))
        self._loader = Loader(folder, metadata, self._speller, self._rules)
        words = [word for words in metadata.vocabulary.values() for word in words if word.isascii()]
        self._beginnings = list_beginnings(words)
        for language in (None, *metadata.languages):  # so that no session waits for it
            self._loader.load(language, hotwords=False)

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            self._metadata.name,
            RATE,
            self._metadata.languages,
            stability="none" if self._rules else "native",
            words=True,
            hotwords=True,
            max_batch=MAX_BATCH,
            tail=self._metadata.tail_padding,
        )

    def open(self, options: Options, context: str = "") -> Stream:
        check_demands(self.info, options)
        metadata, language = self._metadata, options.language
        hotwords = self._write_hotwords(options.hotwords, language)
        conduct = Conduct(
            partial(self._loader.load, language, bool(hotwords)),
            Steps.of_frames(metadata.chunk, 0.0),
            self._speller.script,
            Spelling(metadata.word_lead, metadata.word_trail, language, self._beginnings),
            metadata.tail_padding,
            hotwords,
            rules=bool(self._rules),
        )
        return SherpaStream(conduct)

    def decode(self, streams: Sequence[Stream]) -> None:
        decode(streams, MAX_BATCH)

    def close(self) -> None:
        self._loader.clear()

    def _write_hotwords(self, phrases: tuple[str, ...], language: str | None) -> str:
        """Of the phrases those that are in its small vocabulary; others could only break its words."""
        languages = [language] if language else self._metadata.languages
        known = {word for name in languages for word in self._metadata.vocabulary[name]}
        usable = [phrase for phrase in phrases if known.issuperset(phrase.lower().split())]
        written, unwritten = self._speller.write(usable)
        say_unusable(self._metadata.name, len(phrases) - len(usable) + unwritten, len(phrases))
        return written


def load_tiny(rules: Sequence[Path] = ()) -> SherpaEngine:
    """The model that ships with the product. Call it in the process that decodes: no fork after it."""
    return SherpaEngine(TINY, rules)


def load_folder(folder: Path, rules: Sequence[Path] = ()) -> SherpaEngine:
    """An installed model of the same make."""
    return SherpaEngine(folder, rules)
