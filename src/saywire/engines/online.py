"""Any streaming model of sherpa-onnx, from a folder as ``layout.py`` recognises it.

Contract: without hot words decoding is greedy; a transducer searches a beam for a session that has some. The
model is then loaded a second time, once a worker, since its search is fixed when it is made. Words have times
where the library tells when each token was said, and a confidence where it tells how likely it was.

The folder was checked before, since sherpa-onnx ends the process over a bad one.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import sherpa_onnx

from ..errors import EngineFailed
from ..types import RATE, Options
from .base import EngineInfo, Stream
from .demands import check_demands, say_unusable
from .hotwords import Speller, make_speller, write_aliases
from .layout import STREAMING, Layout, recognise
from .manifest import read_manifest
from .onnx_header import read_header
from .rules import find_rules, write_arguments
from .sherpa_stream import Conduct, Recognizer, SherpaStream, Steps, decode
from .spelling import Spelling
from .token_table import read_tokens, tell_script

MAX_BATCH = 16
MARGIN = 0.3
"""Seconds of silence behind the last word, besides what a step and its look-ahead take."""
WORD_LEAD, WORD_TRAIL = 0.1, 0.16
"""Seconds from a word's start to its first token and from its last token to its end, roughly: greedy
transducers emit late in a token, and nothing in a model says how late."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How the library makes a recogniser and what it tells."""

    make: Callable[..., Any]
    parts: tuple[str, ...]
    hotwords: bool = False
    times: bool = True
    confidence: bool = False
    frames: bool = True
    """Whether a step takes so many frames of features."""


_TRANSDUCER = ("encoder", "decoder", "joiner")
MAKERS: Mapping[str, Kind] = {
    "transducer": Kind(
        sherpa_onnx.OnlineRecognizer.from_transducer, _TRANSDUCER, hotwords=True, confidence=True
    ),
    "nemo_transducer": Kind(sherpa_onnx.OnlineRecognizer.from_transducer, _TRANSDUCER),
    "zipformer2_ctc": Kind(sherpa_onnx.OnlineRecognizer.from_zipformer2_ctc, ("model",)),
    "nemo_ctc": Kind(sherpa_onnx.OnlineRecognizer.from_nemo_ctc, ("model",)),
    "paraformer": Kind(
        sherpa_onnx.OnlineRecognizer.from_paraformer, ("encoder", "decoder"), times=False, frames=False
    ),
}


class Loader:
    """Makes the recognisers of one model, each once. A bad file may end the process."""

    def __init__(
        self, folder: Path, layout: Layout, speller: Speller | None, rules: Mapping[str, str]
    ) -> None:
        """``speller``: of a kind that takes hot words; ``rules``: arguments for rule files."""
        self._folder = folder
        self._layout = layout
        self._speller = speller
        self._rules = rules
        self._made: dict[bool, Recognizer] = {}

    def load(self, hotwords: bool) -> Recognizer:
        """Raises EngineFailed."""
        if hotwords not in self._made:
            tokens = self._folder / self._layout.files["tokens"]
            handle = self._make_beam(tokens) if hotwords else self._make(tokens, "greedy_search")
            self._made[hotwords] = Recognizer(handle, native=not hotwords)
        return self._made[hotwords]

    def clear(self) -> None:
        self._made.clear()

    def _make_beam(self, tokens: Path) -> Any:
        assert self._speller is not None
        with tempfile.TemporaryDirectory(prefix="saywire-") as scratch:  # needed only while it is loaded
            copy = write_aliases(tokens, self._speller, Path(scratch) / tokens.name)
            return self._make(copy, "modified_beam_search")

    def _make(self, tokens: Path, method: str) -> Any:
        kind = MAKERS[self._layout.kind]
        files = {part: str(self._folder / self._layout.files[part]) for part in kind.parts}
        files |= self._rules
        try:
            return kind.make(tokens=str(tokens), num_threads=1, decoding_method=method, **files)
        except (RuntimeError, ValueError, AssertionError) as e:
            what = f"sherpa-onnx cannot load '{self._folder.name}': {e}"
            raise EngineFailed(f"{what}; is it whole? `saywire models verify` tells") from e


class OnlineEngine:
    """An engine over one folder. Raises EngineFailed when it is not a whole streaming model."""

    def __init__(self, folder: Path, rules: Sequence[Path] = ()) -> None:
        manifest = read_manifest(folder)
        self._layout = layout = recognise(folder)
        if layout.family != STREAMING:
            raise EngineFailed(f"model '{manifest.name}' is of family '{layout.family}', not streaming")
        kind = MAKERS[layout.kind]
        self._script = tell_script(tuple(read_tokens(folder / layout.files["tokens"]).values()))
        self._speller = make_speller(folder, layout.files["tokens"]) if kind.hotwords else None
        self._rules = write_arguments((*find_rules(folder), *rules))
        self._loader = Loader(folder, layout, self._speller, self._rules)
        self._loader.load(hotwords=False)
        self._prompted = "encoder" in layout.files and _takes_languages(folder / layout.files["encoder"])
        self._info = EngineInfo(
            manifest.name,
            RATE,
            manifest.languages,
            stability="none" if self._rules else "native",
            words=kind.times,
            confidence=kind.confidence,
            hotwords=kind.hotwords,
            max_batch=MAX_BATCH,
            long_steps=True,
            tail=layout.lookahead + MARGIN + (0.0 if kind.frames else layout.chunk),
        )

    @property
    def info(self) -> EngineInfo:
        return self._info

    def open(self, options: Options, context: str = "") -> Stream:
        check_demands(self._info, options)
        languages, layout = self._info.languages, self._layout
        frames = MAKERS[layout.kind].frames
        hotwords = self._write_hotwords(options.hotwords)
        return SherpaStream(
            Conduct(
                partial(self._loader.load, bool(hotwords)),
                Steps.of_frames(layout.chunk, layout.lookahead) if frames else Steps(),
                self._script,
                Spelling(WORD_LEAD, WORD_TRAIL, languages[0] if len(languages) == 1 else options.language),
                self._info.tail,
                hotwords,
                {"language": options.language} if self._prompted and options.language else {},
                {} if frames else {"is_final": "1"},  # or a step shorter than a chunk is lost
                bool(self._rules),
            )
        )

    def decode(self, streams: Sequence[Stream]) -> None:
        decode(streams, MAX_BATCH)

    def close(self) -> None:
        self._loader.clear()

    def _write_hotwords(self, phrases: Sequence[str]) -> str:
        if self._speller is None:
            return ""
        written, unusable = self._speller.write(phrases)
        say_unusable(self._info.name, unusable, len(phrases))
        return written


def _takes_languages(encoder: Path) -> bool:
    """Whether each stream may say its language, as NVIDIA's multilingual transducers let it."""
    return "prompt_index" in read_header(encoder).inputs


def load(folder: Path, rules: Sequence[Path] = ()) -> OnlineEngine:
    return OnlineEngine(folder, rules)
