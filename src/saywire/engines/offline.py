"""sherpa-onnx's recognisers of whole recordings as recognisers of windows, and the shipped tiny model as one.

One window at a time: a batch is padded to its longest recording, which may change the words of the others.
A model whose language is fixed when it is made is made once for each language that is asked for. A stream
with a language uses, of the tiny model, a network in which no other language's tokens can win.

sherpa-onnx ends the process on misuse, so what it gets was checked before. Its results: tokens with the times
of their starts, for the families that know them; text alone from the others.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import sherpa_onnx

from ..errors import EngineFailed
from ..types import Samples
from .agreement import split_words
from .base import EngineInfo
from .folder import Metadata, read_metadata, restrict
from .manifest import MANIFEST, read_manifest
from .offline_models import KINDS, Kind, OfflineModel, find_model
from .recognizer import Recognition, Window
from .sherpa import TINY
from .spelling import Spelling, list_beginnings, set_apart, spell
from .windowed import Windowed

RATE = 16_000
WINDOW = 28.0
"""Seconds: Whisper sees 30 with its padding, Moonshine and SenseVoice were trained on no more."""
TAIL = 0.4
"""Seconds of silence behind the last word; the tiny model's measure, enough for ten of its 40 ms steps."""
UNMEASURED = Spelling(lead=0.0, trail=0.1, language=None)
"""Where words begin and end around their tokens, in families of which it was not measured."""

Make = Callable[[str | None], Any]
"""A recogniser of sherpa-onnx for a language; None: any."""


class SherpaOffline:
    """Raises EngineFailed where the recogniser cannot be made."""

    window = WINDOW
    follows = False

    def __init__(
        self,
        info: EngineInfo,
        make: Make,
        kind: Kind,
        *,
        by_language: bool,
        spelling: Spelling = UNMEASURED,
    ) -> None:
        self.invents = kind.invents
        self._by_language = by_language
        self._info = info
        self._make = make
        self._spelling = spelling
        self._made: dict[str | None, Any] = {None: make(None)}

    @property
    def info(self) -> EngineInfo:
        return self._info

    def recognize(self, windows: Sequence[Window]) -> Sequence[Recognition]:
        return [self._recognize(window) for window in windows]

    def close(self) -> None:
        self._made.clear()

    def _recognize(self, window: Window) -> Recognition:
        language = window.options.language
        key = language if self._by_language else None
        if key not in self._made:
            self._made[key] = self._make(key)
        handle = self._made[key]
        stream = handle.create_stream()
        stream.accept_waveform(self._info.sample_rate, window.samples.tolist())
        try:
            handle.decode_stream(stream)
        except RuntimeError as e:
            seconds = len(window.samples) / self._info.sample_rate
            raise EngineFailed(f"sherpa-onnx failed a window of {seconds:.1f} s: {e}") from e
        return self._read(stream.result, window.samples, language)

    def _read(self, result: Any, samples: Samples, language: str | None) -> Recognition:
        told = re.sub(r"[^a-z]", "", result.lang) or None
        if not self._info.words or len(result.timestamps) != len(result.tokens):
            return Recognition(split_words(result.text), told or language)
        seconds = len(samples) / self._info.sample_rate
        spelling = replace(self._spelling, language=language)
        scores = getattr(result, "ys_log_probs", ())
        _, words, found = spell(result.tokens, result.timestamps, scores, seconds, True, spelling)
        return Recognition(tuple(set_apart(words)), told or found)


def load(folder: Path) -> Windowed:
    """An engine of the model in a folder, of any family of ``offline_models.py``."""
    manifest = read_manifest(folder) if (folder / MANIFEST).is_file() else None
    model = find_model(folder, manifest.kind if manifest else None)
    kind = KINDS[model.kind]
    languages = (manifest.languages if manifest else ()) or kind.languages
    info = EngineInfo(folder.name, RATE, languages, words=kind.times, tail=TAIL)
    by_language = bool(kind.language)
    return Windowed(
        SherpaOffline(info, lambda language: make_recognizer(model, language), kind, by_language=by_language)
    )


def make_recognizer(model: OfflineModel, language: str | None) -> Any:
    kind = KINDS[model.kind]
    arguments = {argument: str(model.files[part]) for part, argument in kind.parts.items()}
    if kind.language:
        arguments[kind.language] = language or ""
    make = getattr(sherpa_onnx.OfflineRecognizer, kind.constructor)
    try:
        return make(num_threads=1, **arguments, **kind.extra)
    except (RuntimeError, ValueError, AssertionError) as e:
        raise EngineFailed(f"the {model.kind} model cannot be loaded: {e}; download it again") from e


def load_tiny() -> Windowed:
    """The model that ships with the product, over whole windows."""
    return Windowed(make_tiny())


def make_tiny(folder: Path = TINY) -> SherpaOffline:
    metadata = read_metadata(folder)
    info = EngineInfo(
        "tiny-offline", metadata.sample_rate, metadata.languages, words=True, tail=metadata.tail_padding
    )
    words = [word for words in metadata.vocabulary.values() for word in words if word.isascii()]
    return SherpaOffline(
        info,
        lambda language: _make_tiny_recognizer(folder, metadata, language),
        KINDS["zipformer2_ctc"],
        by_language=True,
        spelling=Spelling(metadata.word_lead, metadata.word_trail, None, list_beginnings(words)),
    )


def _make_tiny_recognizer(folder: Path, metadata: Metadata, language: str | None) -> Any:
    form = metadata.forms.offline_ctc
    if form is None:
        raise EngineFailed(f"model '{metadata.name}' has no offline form; its metadata names none")
    data = (folder / form.model).read_bytes()
    if language:
        data = restrict(data, form.output_bias, frozenset({0, *metadata.language_tokens[language]}))
    with tempfile.TemporaryDirectory(prefix="saywire-") as scratch:
        path = Path(scratch) / form.model
        path.write_bytes(data)  # needed only while it is loaded
        files = {"model": path, "tokens": folder / metadata.tokens}
        return make_recognizer(OfflineModel("zipformer2_ctc", files), language)
