"""Streaming Paraformer of FunASR, in PyTorch: the folder as it is downloaded, without the network.

Two modes. ``streaming``: each chunk is heard in the light of those before it, through FunASR's cache.
``sliced``: each chunk is a recording of its own, so that nothing depends on what is long past; words on the
seam of two slices suffer. Chunks are of a fixed size and one stream is decoded at a time, so the text is a
function of the audio. The decoder never goes back over its tokens: text only grows, but for a single letter
at its end, which may turn out to be the first of an abbreviation. FunASR gives no word times and no
probabilities, and ignores hot words here.

FunASR's ``inference`` is called below ``AutoModel.generate``: that joins the tokens of each chunk to a text,
from which nobody can tell whether the word goes on in the next chunk. A stream's state is all in its cache.
Of the last chunk a rest under 60 ms is not decoded, as FunASR has it. Source: FunASR 1.4.16,
paraformer_streaming/model.py, November 2026.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..config import ModelConfig
from ..errors import OutOfOrder
from ..types import RATE, Hypothesis, Options, Samples
from .base import Engine, EngineInfo, Stream
from .demands import check_demands
from .funasr_folder import FRAME
from .funasr_model import FunasrModel
from .funasr_offline import load as load_offline
from .layout import FUNASR_OFFLINE, PARAFORMER_STREAMING, recognise
from .spelling import gather_pieces, is_letter, join_letters, join_words

SHORTEST = RATE * FRAME // 1000
"""Samples; of less there is no frame."""


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """What a step decodes."""

    samples: Samples
    last: bool
    """Whether the decoder is to end with it."""
    cache: dict[str, Any]
    """What FunASR remembers of the pieces before; it is changed in place."""


class FunasrStream:
    """One session's audio and decoding state. ``stride``: samples of a chunk."""

    def __init__(self, stride: int, sliced: bool, language: str | None) -> None:
        self._stride = stride
        self._sliced = sliced
        self._language = language
        self._begin()

    def _begin(self) -> None:
        self._pending = np.zeros(0, np.float32)
        self._cache: dict[str, Any] = {}
        self._tokens: list[str] = []
        self._finished = False
        self._ended = False
        """Whether the last piece was taken."""
        self._hypothesis = Hypothesis(language=self._language)
        self._told = True

    @property
    def ready(self) -> bool:
        if len(self._pending) >= self._stride:
            return True
        return self._finished and not self._ended and (len(self._pending) >= SHORTEST or bool(self._cache))

    @property
    def context(self) -> str:
        return ""

    @property
    def hypothesis(self) -> Hypothesis:
        if not self._told:
            self._told = True
            text, stable = write(self._tokens, self._finished and not self.ready)
            self._hypothesis = Hypothesis(text, stable, language=self._language)
        return self._hypothesis

    def accept(self, samples: Samples) -> None:
        if self._finished:
            raise OutOfOrder("audio after finish; reset the stream first")
        if len(samples):
            self._pending = np.concatenate((self._pending, samples))

    def finish(self) -> None:
        if self._finished:
            raise OutOfOrder("a stream is finished once; reset it first")
        self._finished = True
        self._told = False

    def reset(self) -> None:
        self._begin()

    def take(self) -> Piece:
        """The audio of the next step, which is given out once."""
        whole = len(self._pending) >= self._stride
        samples, self._pending = self._pending[: self._stride], self._pending[self._stride :]
        self._ended = not whole
        return Piece(samples, self._sliced or not whole, {} if self._sliced else self._cache)

    def hear(self, tokens: Sequence[str]) -> None:
        self._tokens += tokens
        self._told = False


class FunasrEngine:
    """An engine over one folder. Raises EngineFailed when it is not a whole streaming Paraformer."""

    def __init__(self, folder: Path, settings: ModelConfig) -> None:
        self.model = FunasrModel(folder, (PARAFORMER_STREAMING,), settings)
        self._stride = settings.chunk_size[1] * SHORTEST
        self._sliced = settings.mode == "sliced"
        self._arguments = {
            "chunk_size": list(settings.chunk_size),
            "encoder_chunk_look_back": settings.encoder_chunk_look_back,
            "decoder_chunk_look_back": settings.decoder_chunk_look_back,
            "encoder_conf": self.model.folder.parts["encoder_conf"],
            "frontend_conf": self.model.folder.parts["frontend_conf"],
        }
        self._info = EngineInfo(
            self.model.name, RATE, self.model.languages, stability="native", long_steps=True
        )

    @property
    def info(self) -> EngineInfo:
        return self._info

    def open(self, options: Options, context: str = "") -> Stream:
        check_demands(self._info, options)
        languages = self._info.languages
        language = languages[0] if len(languages) == 1 else options.language
        return FunasrStream(self._stride, self._sliced, language)

    def decode(self, streams: Sequence[Stream]) -> None:
        batch = [stream for stream in streams if isinstance(stream, FunasrStream) and stream.ready]
        if len(batch) != len(streams) or len(batch) != 1:
            raise OutOfOrder(f"{len(streams)} streams, {len(batch)} ready; decode takes 1, ready")
        piece = batch[0].take()
        arguments = {**self._arguments, "cache": piece.cache, "is_final": piece.last}
        tokens, _ = self.model.infer(piece.samples, arguments)
        batch[0].hear(tokens)

    def close(self) -> None:
        self.model.close()


def write(tokens: Sequence[str], ended: bool) -> tuple[str, int]:
    """The text of tokens, and how many characters of it stay as they are when more tokens come."""
    words, goes_on = gather_pieces(tokens)
    whole = words[:-1] if goes_on else words
    spoken = [word.text for word in join_letters(whole)]
    text = join_words(spoken + [word.text for word in words[len(whole) :]])
    may_join = not ended and not goes_on and bool(spoken) and is_letter(spoken[-1])
    return text, len(text) - may_join


def load(folder: Path, settings: ModelConfig | None = None) -> Engine:
    """An engine of the model in a folder, of whichever kind."""
    settings = settings or ModelConfig(folder.name)
    if recognise(folder).kind in FUNASR_OFFLINE:
        return load_offline(folder, settings)
    return FunasrEngine(folder, settings)
