"""Streaming Paraformer of FunASR, in PyTorch: the folder as it is downloaded, without the network.

Two modes. ``streaming``: each chunk is heard in the light of those before it, through FunASR's cache.
``sliced``: each chunk is a recording of its own, so that nothing depends on what is long past; words on the
seam of two slices suffer. Chunks are of a fixed size and one stream is decoded at a time, so the text is a
function of the audio. The decoder never goes back over its tokens: text only grows, but for a single letter
at its end, which may turn out to be the first of an abbreviation. FunASR gives no word times and no
probabilities, and ignores hot words here.

FunASR's ``inference`` is called below ``AutoModel.generate``: that joins the tokens of each chunk to a text,
from which nobody can tell whether the word goes on in the next chunk. What it does with a rest under 60 ms at
the end, it does here: it decodes what the encoder looked ahead at. A stream's state is all in its cache; the
weights are mapped from the file, so that workers share them. Source: FunASR 1.4.16,
paraformer_streaming/model.py, November 2026.
"""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..config import ModelConfig
from ..errors import EngineFailed, OutOfOrder
from ..types import RATE, Hypothesis, Options, Samples
from .base import EngineInfo, Stream
from .demands import check_demands
from .funasr_folder import FRAME, FunasrFolder, read_folder
from .manifest import MANIFEST, read_manifest
from .quiet import quietly
from .spelling import is_letter, join_letters, join_words, list_words

with quietly():
    import torch
    from funasr import AutoModel

SHORTEST = RATE * FRAME // 1000
"""Samples; of less there is no frame."""
NEEDED = ("encoder.", "decoder.", "predictor.")
"""Of the weights, those that are used; what serves training alone, a file may lack."""
TRAINING = ("decoder.embed.",)
OUTPUTS = "decoder.output_layer.weight"
FAILURES = (RuntimeError, ArithmeticError, ValueError, TypeError, LookupError, AttributeError, AssertionError)
"""What FunASR and torch raise."""


@dataclass(slots=True)
class Heard:
    """FunASR's tokenizer for one step: keeps the tokens, which the library would join to a text."""

    table: Sequence[str]
    tokens: list[str] = field(default_factory=list)

    def ids2tokens(self, ids: Iterable[int]) -> list[str]:
        found = [self.table[index] for index in ids]
        self.tokens += found
        return found


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
    """An engine over one folder. Raises EngineFailed when it is not a whole streaming Paraformer, or for a
    device that is not here."""

    def __init__(self, folder: Path, settings: ModelConfig) -> None:
        if settings.device != "cpu" and not torch.cuda.is_available():
            raise EngineFailed(
                f"model.{folder.name}.device is '{settings.device}', but torch finds no GPU here; leave it"
                " out, or install a torch for this machine's GPU"
            )
        read = read_folder(folder)
        manifest = read_manifest(folder) if (folder / MANIFEST).is_file() else None
        self._settings = settings
        self._tokens = read.tokens
        self._parts = read.parts
        self._model, self._frontend = build(read, settings.device)
        self._info = EngineInfo(
            manifest.name if manifest else folder.name,
            RATE,
            manifest.languages if manifest else (),
            stability="native",
            long_steps=True,
        )

    @property
    def info(self) -> EngineInfo:
        return self._info

    def open(self, options: Options, context: str = "") -> Stream:
        check_demands(self._info, options)
        languages = self._info.languages
        language = languages[0] if len(languages) == 1 else options.language
        stride = self._settings.chunk_size[1] * SHORTEST
        return FunasrStream(stride, self._settings.mode == "sliced", language)

    def decode(self, streams: Sequence[Stream]) -> None:
        batch = [stream for stream in streams if isinstance(stream, FunasrStream) and stream.ready]
        if len(batch) != len(streams) or len(batch) != 1:
            raise OutOfOrder(f"{len(streams)} streams, {len(batch)} ready; decode takes 1, ready")
        batch[0].hear(self._decode(batch[0].take()))

    def close(self) -> None:
        self._model = None

    def _decode(self, piece: Piece) -> list[str]:
        if self._model is None:
            raise EngineFailed(f"model '{self._info.name}' is closed")
        if torch.get_num_threads() != self._settings.threads:
            torch.set_num_threads(self._settings.threads)  # here: threads are not inherited by a fork
        heard = Heard(self._tokens)
        try:
            with torch.inference_mode():
                self._model.inference(
                    [piece.samples],
                    key=["-"],
                    tokenizer=heard,
                    frontend=self._frontend,
                    cache=piece.cache,
                    is_final=piece.last,
                    chunk_size=list(self._settings.chunk_size),
                    encoder_chunk_look_back=self._settings.encoder_chunk_look_back,
                    decoder_chunk_look_back=self._settings.decoder_chunk_look_back,
                    encoder_conf=self._parts["encoder_conf"],
                    frontend_conf={"n_mels": self._frontend.n_mels, "lfr_m": self._frontend.lfr_m},
                    device=self._settings.device,
                )
        except FAILURES as e:
            seconds = len(piece.samples) / RATE
            raise EngineFailed(f"FunASR failed a step of {seconds:.2f} s: {type(e).__name__}: {e}") from e
        return heard.tokens


def build(read: FunasrFolder, device: str) -> tuple[Any, Any]:
    """The network with its weights, and its front end. Raises EngineFailed."""
    try:
        with quietly():
            model, made = AutoModel.build_model(**read.parts, device="cpu", ncpu=1)
    except FAILURES as e:
        raise EngineFailed(
            f"config.yaml of '{read.weights.parent.name}' describes no network that FunASR can build:"
            f" {type(e).__name__}: {e}; download it again"
        ) from e
    weights = read_weights(read.weights)
    check_weights(model.state_dict(), weights, read)
    known = {name: weights[name] for name in model.state_dict() if name in weights}
    model.load_state_dict(known, strict=False, assign=True)  # assign: they stay mapped from the file
    return model.float().to(device), made["frontend"]


def read_weights(path: Path) -> dict[str, torch.Tensor]:
    """By name, mapped from the file where its format allows; runs no code of it. Raises EngineFailed."""
    try:
        found = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
        for wrapping in ("state_dict", "model_state_dict", "model"):
            found = found.get(wrapping, found)
        return {name: value for name, value in found.items() if isinstance(value, torch.Tensor)}
    except (*FAILURES, OSError, EOFError, pickle.UnpicklingError) as e:
        first = str(e).strip().partition("\n")[0]
        raise EngineFailed(
            f"model.pt of '{path.parent.name}' is no file of weights: {first}; download it again"
        ) from e


def check_weights(
    wanted: dict[str, torch.Tensor], found: dict[str, torch.Tensor], read: FunasrFolder
) -> None:
    """Raises EngineFailed unless all that is used is there in its shape: FunASR would go on with noise."""
    folder, outputs = read.weights.parent.name, found.get(OUTPUTS)
    if outputs is not None and len(outputs) != len(read.tokens):
        raise EngineFailed(
            f"tokens.json of '{folder}' has {len(read.tokens)} tokens, but the network has {len(outputs)}"
            " outputs; take tokens.json and model.pt from the same model"
        )
    used = [name for name in wanted if name.startswith(NEEDED) and not name.startswith(TRAINING)]
    wrong = [name for name in used if name not in found or found[name].shape != wanted[name].shape]
    if wrong:
        raise EngineFailed(
            f"model.pt of '{folder}' does not fit its config.yaml: {len(wrong)} of {len(used)} weights are"
            f" missing or of another shape, as {wrong[0]}; take both from the same model"
        )


def write(tokens: Sequence[str], ended: bool) -> tuple[str, int]:
    """The text of tokens, and how many characters of it stay as they are when more tokens come."""
    words, goes_on = list_words(tokens)
    whole = words[:-1] if goes_on else words
    spoken = join_letters(whole)
    text = join_words(spoken + words[len(whole) :])
    may_join = not ended and not goes_on and bool(spoken) and is_letter(spoken[-1])
    return text, len(text) - may_join


def load(folder: Path, settings: ModelConfig | None = None) -> FunasrEngine:
    return FunasrEngine(folder, settings or ModelConfig(folder.name))
