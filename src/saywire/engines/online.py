"""Any streaming model of sherpa-onnx, from a folder as ``layout.py`` recognises it.

Contract: audio goes to the library in blocks of a fixed size, so text does not depend on how it was cut. The
decoders are greedy: their text only grows, so all of it is stable, except in models that write bytes, whose
last character may still change. Words have times where the library tells when each token was said.

sherpa-onnx ends the process on misuse; the folder was checked before, no step is asked for that is not ready
and no text of a client goes in. Sources: its Python API and C++ sources (online-recognizer-*.h), August 2026.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import sherpa_onnx

from ..errors import EngineFailed, OutOfOrder
from ..types import RATE, Hypothesis, Options, Samples, Word
from .base import EngineInfo, Stream
from .demands import check_demands
from .layout import STREAMING, Layout, recognise
from .manifest import read_manifest
from .spelling import Spelling, join_pieces, spell
from .token_table import read_tokens

BLOCK = RATE // 10
"""Samples given to the library at a time."""
MAX_BATCH = 16
MARGIN = 0.3
"""Seconds of silence behind the last word, besides what a step and its look-ahead take."""
WORD_LEAD, WORD_TRAIL = 0.1, 0.16
"""Seconds from a word's start to its first token and from its last token to its end, roughly: greedy
transducers emit late in a token, and nothing in a model says how late."""

Make = Callable[..., Any]
MAKERS: Mapping[str, tuple[Make, tuple[str, ...]]] = {
    "transducer": (sherpa_onnx.OnlineRecognizer.from_transducer, ("encoder", "decoder", "joiner")),
    "nemo_transducer": (sherpa_onnx.OnlineRecognizer.from_transducer, ("encoder", "decoder", "joiner")),
    "zipformer2_ctc": (sherpa_onnx.OnlineRecognizer.from_zipformer2_ctc, ("model",)),
    "nemo_ctc": (sherpa_onnx.OnlineRecognizer.from_nemo_ctc, ("model",)),
    "paraformer": (sherpa_onnx.OnlineRecognizer.from_paraformer, ("encoder", "decoder")),
}
"""How each kind is made, and of which parts."""


@dataclass(frozen=True, slots=True)
class Script:
    """How a model writes, told by its table of tokens."""

    bytes: bool
    """Whether tokens are pieces of characters (byte-level BPE, each byte as a letter up to U+01BF)."""
    capitals: bool
    """Whether it knows only capital letters, which nobody wants to read."""


def tell_script(tokens: Sequence[str]) -> Script:
    letters = "".join(token for token in tokens if not token.startswith("<")).replace("▁", "")
    highest = ord(max(letters, default="a"))
    lower = any("a" <= letter <= "z" for letter in letters)
    return Script(0x180 <= highest <= 0x1BF, not lower and any("A" <= letter <= "Z" for letter in letters))


class OnlineStream:
    """One session's audio and decoding state."""

    def __init__(
        self, handle: Any, script: Script, spelling: Spelling, tail: float, final_flag: bool
    ) -> None:
        self._handle = handle
        self._script = script
        self._spelling = spelling
        self._tail = round(tail * RATE)
        self._final_flag = final_flag
        self._begin()

    def _begin(self) -> None:
        self.native = self._handle.create_stream()
        self._pending = np.zeros(0, np.float32)
        self._heard = 0
        self._finished = False
        self._ended = False
        """Whether the library was told that there is no more audio."""
        self._hypothesis = Hypothesis()
        self._told = True

    @property
    def can_step(self) -> bool:
        """Whether the library can decode what it has."""
        return bool(self._handle.is_ready(self.native))

    @property
    def ready(self) -> bool:
        if not self._heard:
            return False
        return len(self._pending) >= BLOCK or (self._finished and not self._ended) or self.can_step

    @property
    def _over(self) -> bool:
        """Whether no token will follow."""
        return self._ended and not self.ready

    @property
    def context(self) -> str:
        return ""

    @property
    def hypothesis(self) -> Hypothesis:
        if not self._told:
            self._told = True
            self._tell()
        return self._hypothesis

    def accept(self, samples: Samples) -> None:
        if self._finished:
            raise OutOfOrder("audio after finish; reset the stream first")
        if len(samples):
            self._pending = np.concatenate((self._pending, samples))
            self._heard += len(samples)

    def finish(self) -> None:
        if self._finished:
            raise OutOfOrder("a stream is finished once; reset it first")
        self._finished = True
        self._pending = np.concatenate((self._pending, np.zeros(self._tail, np.float32)))

    def reset(self) -> None:
        self._begin()

    def feed(self) -> None:
        """Give blocks until a step is ready or there is no whole block."""
        while not self.can_step and len(self._pending) >= BLOCK:
            self._give(BLOCK)
        if self._finished and not self.can_step and not self._ended:
            self._give(len(self._pending))
            if self._final_flag:  # otherwise a step shorter than a chunk is never decoded
                self.native.set_option("is_final", "1")
            self.native.input_finished()
            self._ended = True
            self._told = False  # what may still change is known now

    def _give(self, count: int) -> None:
        if count:
            self.native.accept_waveform(RATE, self._pending[:count].tolist())
            self._pending = self._pending[count:]

    def advance(self) -> None:
        """Note that a step was decoded."""
        self._told = False

    def _tell(self) -> None:
        result = self._handle.get_result_all(self.native)
        lower = str.lower if self._script.capitals else str
        words: tuple[Word, ...] = ()
        language = self._spelling.language
        if self._script.bytes:
            text = lower(result.text.strip())
        elif len(result.tokens) != len(result.timestamps):  # Paraformer
            text = lower(join_pieces(result.tokens))
        else:
            tokens, times, scores = list(map(lower, result.tokens)), result.timestamps, result.ys_probs
            seconds = self._heard / RATE
            text, words, language = spell(tokens, times, scores, seconds, self._over, self._spelling)
        settled = not self._script.bytes or self._over
        self._hypothesis = Hypothesis(text, len(text) if settled else 0, words, language)


class OnlineEngine:
    """An engine over one folder. Raises EngineFailed when it is not a whole streaming model."""

    def __init__(self, folder: Path) -> None:
        manifest = read_manifest(folder)
        layout = recognise(folder)
        if layout.family != STREAMING:
            raise EngineFailed(f"model '{manifest.name}' is of family '{layout.family}', not streaming")
        self._layout = layout
        self._script = tell_script(tuple(read_tokens(folder / layout.files["tokens"]).values()))
        self._tail = layout.chunk + layout.lookahead + MARGIN
        self._handle: Any = make(folder, layout)
        self._info = EngineInfo(
            manifest.name,
            RATE,
            manifest.languages,
            stability="none" if self._script.bytes else "native",
            words=layout.kind != "paraformer" and not self._script.bytes,
            max_batch=MAX_BATCH,
            long_steps=True,
            tail=self._tail,
        )

    @property
    def info(self) -> EngineInfo:
        return self._info

    def open(self, options: Options, context: str = "") -> Stream:
        check_demands(self._info, options)
        languages = self._info.languages
        only = languages[0] if len(languages) == 1 else None
        spelling = Spelling(WORD_LEAD, WORD_TRAIL, only if only else options.language)
        final_flag = self._layout.kind == "paraformer"
        return OnlineStream(self._handle, self._script, spelling, self._tail, final_flag)

    def decode(self, streams: Sequence[Stream]) -> None:
        batch = [stream for stream in streams if isinstance(stream, OnlineStream) and stream.ready]
        if len(batch) != len(streams) or not 1 <= len(batch) <= MAX_BATCH:
            raise OutOfOrder(
                f"{len(streams)} streams, {len(batch)} ready; decode takes 1 to {MAX_BATCH}, all ready"
            )
        for stream in batch:
            stream.feed()
        able = [stream for stream in batch if stream.can_step]
        if not able:
            return
        try:
            self._handle.decode_streams([stream.native for stream in able])
        except RuntimeError as e:
            raise EngineFailed(f"sherpa-onnx failed a step of {len(able)} streams: {e}") from e
        for stream in able:
            stream.advance()

    def close(self) -> None:
        """The network goes with the last stream."""


def make(folder: Path, layout: Layout) -> Any:
    """The library's recogniser. A bad file may end the process: call it in one that may die."""
    maker, parts = MAKERS[layout.kind]
    files = {part: str(folder / layout.files[part]) for part in parts}
    try:
        return maker(tokens=str(folder / layout.files["tokens"]), num_threads=1, **files)
    except (RuntimeError, ValueError, AssertionError) as e:
        raise EngineFailed(f"sherpa-onnx cannot load '{folder.name}': {e}") from e


def load(folder: Path) -> OnlineEngine:
    return OnlineEngine(folder)
