"""Marks and capitals by a model of their own, behind any engine that writes neither.

Only what is final is punctuated: marks depend on what follows, so of such an engine nothing is stable before
the end. A text that has marks already is left as it is. Kinds: ``ct_transformer`` (FunASR's, Mandarin and
English) and ``cnn_bilstm`` (English, capitals too); ``layout.py`` checks the metadata over which sherpa-onnx
would end the process. Sources: its offline-ct-transformer-model.cc and online-cnn-bilstm-model.cc with the
implementations beside them, August 2026.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import sherpa_onnx

from ..errors import EngineFailed, OutOfOrder
from ..types import Hypothesis, Options, Samples
from .base import Engine, EngineInfo, Stream
from .layout import PUNCTUATION, recognise
from .retelling import retell

NARROW = {"，": ",", "。": ".", "？": "?", "、": ",", "！": "!"}
"""The marks of the Mandarin model, as they are written behind a word of a European language."""
TRIAL = "hello 你好"
_MARK = re.compile(r"[，。？！、；：]|[,.?!;:](?=\s|$)")

Punctuate = Callable[[str], str]


def load_punctuation(folder: Path) -> Punctuate:
    """What puts marks into a text. Raises EngineFailed for a folder that is no such model."""
    layout = recognise(folder)
    if layout.family != PUNCTUATION:
        raise EngineFailed(
            f"'{folder.name}' is of family '{layout.family}'; it cannot punctuate what others say"
        )
    files = {part: str(folder / name) for part, name in layout.files.items()}
    make = _make_mandarin if layout.kind == "ct_transformer" else _make_english
    try:
        punctuate = make(files)
        punctuate(TRIAL)
    except (RuntimeError, ValueError) as e:
        raise EngineFailed(f"the punctuation model '{folder.name}' cannot be loaded: {e}") from e
    return punctuate


def _make_mandarin(files: dict[str, str]) -> Punctuate:
    model = sherpa_onnx.OfflinePunctuationModelConfig(ct_transformer=files["model"], num_threads=1)
    handle = sherpa_onnx.OfflinePunctuation(sherpa_onnx.OfflinePunctuationConfig(model=model))
    return lambda text: put_marks(text, handle.add_punctuation(text))


def _make_english(files: dict[str, str]) -> Punctuate:
    model = sherpa_onnx.OnlinePunctuationModelConfig(
        cnn_bilstm=files["model"], bpe_vocab=files["vocabulary"], num_threads=1
    )
    handle = sherpa_onnx.OnlinePunctuation(sherpa_onnx.OnlinePunctuationConfig(model_config=model))
    return lambda text: handle.add_punctuation_with_case(text) if text.isascii() else text


def put_marks(text: str, marked: str) -> str:
    """The text with the marks that it has in ``marked``, but with its own spaces, which that model changes;
    the text itself where ``marked`` is not the same words."""
    line, rest = "", marked.replace(" ", "")
    for number, character in enumerate(text):
        if character == " ":
            line += "" if line[-1:] in NARROW else " "  # a wide mark has its own space
            continue
        line += character
        if not rest.startswith(character):
            return text
        rest = rest[1:]
        following = text[number + 1 :].lstrip(" ")[:1]
        while rest and rest[0] in NARROW and rest[0] != following:
            line += NARROW[rest[0]] if character.isascii() else rest[0]
            rest = rest[1:]
    return text if rest else line


def is_marked(text: str) -> bool:
    """Whether somebody has put marks into it already; a point inside a figure is none."""
    return bool(_MARK.search(text))


class PunctuatedStream:
    def __init__(self, inner: Stream) -> None:
        self.inner = inner
        self._finished = False
        self._final: Hypothesis | None = None

    @property
    def ready(self) -> bool:
        return self.inner.ready or self.waits

    @property
    def waits(self) -> bool:
        """Whether all is said and has no marks yet."""
        return (
            self._finished
            and self._final is None
            and not self.inner.ready
            and bool(self.inner.hypothesis.text)
        )

    @property
    def hypothesis(self) -> Hypothesis:
        if self._final is not None:
            return self._final
        return replace(self.inner.hypothesis, stable=0)

    @property
    def context(self) -> str:
        return self.inner.context

    def accept(self, samples: Samples) -> None:
        self.inner.accept(samples)

    def finish(self) -> None:
        self.inner.finish()
        self._finished = True

    def reset(self) -> None:
        self.inner.reset()
        self._finished = False
        self._final = None

    def settle(self, punctuate: Punctuate) -> None:
        """Put marks into what is final."""
        said = self.inner.hypothesis
        text = said.text if is_marked(said.text) else punctuate(said.text)
        words = retell(said.words, text) if text != said.text else said.words
        self._final = replace(said, text=text, stable=len(text), words=words)


class Punctuated:
    """``engine`` with marks. Closes it."""

    def __init__(self, engine: Engine, punctuate: Punctuate) -> None:
        self._engine = engine
        self._punctuate = punctuate
        self._info = replace(engine.info, stability="none", long_steps=True)

    @property
    def info(self) -> EngineInfo:
        return self._info

    def open(self, options: Options, context: str = "") -> Stream:
        return PunctuatedStream(self._engine.open(options, context))

    def decode(self, streams: Sequence[Stream]) -> None:
        batch = [stream for stream in streams if isinstance(stream, PunctuatedStream) and stream.ready]
        most = self._info.max_batch
        if len(batch) != len(streams) or not 1 <= len(batch) <= most:
            raise OutOfOrder(
                f"{len(streams)} streams, {len(batch)} ready; decode takes 1 to {most}, all ready"
            )
        if inner := [stream.inner for stream in batch if stream.inner.ready]:
            self._engine.decode(inner)
        for stream in batch:
            if stream.waits:
                stream.settle(self._punctuate)

    def close(self) -> None:
        self._engine.close()


def punctuate(engine: Engine, folder: Path) -> Engine:
    """The engine with the marks of the model in a folder. Raises EngineFailed, and closes it then."""
    try:
        return Punctuated(engine, load_punctuation(folder))
    except EngineFailed:
        engine.close()
        raise
