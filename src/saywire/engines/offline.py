"""sherpa-onnx's recognisers of whole recordings as recognisers of windows, and the shipped tiny model as one.

One window at a time: a batch is padded to its longest recording, which may change the words of the others.
Languages and hot words are obeyed as each kind can (``offline_making.py``). A stream with a language uses, of
the tiny model, a network in which no other language's tokens can win.

sherpa-onnx ends the process on misuse, so what it gets was checked before. Its results: tokens with the times
of their starts, for the kinds that know them; text alone from the others.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..errors import EngineFailed
from ..types import RATE, Options
from .agreement import split_words
from .base import EngineInfo
from .demands import say_unusable
from .folder import Metadata, read_metadata, restrict
from .hotwords import Speller, make_speller
from .layout import OFFLINE, Layout, recognise
from .manifest import MANIFEST, read_manifest
from .offline_making import Make, Maker, Shelf, Wanted, ask, make_recognizer, switch, write_prompted
from .offline_models import KINDS, Kind
from .onnx_header import OnnxHeader, read_header
from .reading import read, read_text
from .recognizer import Recognition, Window
from .retelling import retell_spaced
from .rules import find_rules, write_arguments
from .sherpa import TINY
from .spelling import Spelling, list_beginnings, set_apart
from .token_table import Script, read_tokens, tell_script
from .windowed import Windowed

WINDOW = 28.0
"""Seconds: Whisper sees 30 with its padding, Moonshine and SenseVoice were trained on no more."""
TAIL = 0.4
"""Seconds of silence behind the last word; the tiny model's measure, enough for ten of its 40 ms steps."""
UNMEASURED = Spelling(lead=0.0, trail=0.1, language=None)
"""Where words begin and end around their tokens, in families of which it was not measured."""


class SherpaOffline:
    """Raises EngineFailed where the recogniser cannot be made."""

    window = WINDOW
    follows = False

    def __init__(
        self,
        info: EngineInfo,
        kind: Kind,
        make: Make,
        script: Script,
        *,
        spelling: Spelling = UNMEASURED,
        speller: Speller | None = None,
        ruled: bool = False,
    ) -> None:
        """``speller``: of one that searches for hot words; ``ruled``: whether it applies rule files."""
        self.invents = kind.invents
        self._info = info
        self._kind = kind
        self._script = script
        self._spelling = spelling
        self._speller = speller
        self._write = lru_cache(16)(speller.write if speller else write_prompted)
        self._ruled = ruled
        self._shelf = Shelf(make)

    @property
    def info(self) -> EngineInfo:
        return self._info

    def recognize(self, windows: Sequence[Window]) -> Sequence[Recognition]:
        return [self._recognize(window) for window in windows]

    def close(self) -> None:
        self._shelf.clear()

    def _recognize(self, window: Window) -> Recognition:
        language, hotwords = window.options.language, self._write_hotwords(window.options)
        searches = bool(hotwords and self._speller)
        made_for = language if self._kind.tongue == "made" and not window.detected else None
        handle = self._shelf.take(Wanted(made_for, searches))
        if self._kind.tongue == "switched":
            switch(handle, self._kind, language, window.options.translate)
        stream = handle.create_stream(hotwords) if searches else handle.create_stream()
        if self._kind.tongue == "asked":
            ask(stream, language, hotwords)
        stream.accept_waveform(RATE, window.samples.tolist())
        try:
            handle.decode_stream(stream)
        except RuntimeError as e:
            seconds = len(window.samples) / RATE
            raise EngineFailed(f"sherpa-onnx failed a window of {seconds:.1f} s: {e}") from e
        sure = self._kind.confidence and not (searches and self._kind.boosts)
        scores = stream.result.ys_log_probs if sure else ()
        return self._read(stream.result, scores, len(window.samples) / RATE, language)

    def _write_hotwords(self, options: Options) -> str:
        phrases = options.hotwords
        if not phrases or not self._kind.hotwords:
            return ""
        written, unusable = self._write(phrases)
        say_unusable(self._info.name, unusable, len(phrases))
        return written

    def _read(
        self, result: Any, scores: Sequence[float], seconds: float, language: str | None
    ) -> Recognition:
        told = re.sub(r"[^a-z]", "", result.lang)
        known = told if told in self._info.languages else None
        if not self._info.words or len(result.timestamps) != len(result.tokens):
            words = split_words(read_text(result, self._script))
            return Recognition(words, known or language, timed=False)
        spelling = replace(self._spelling, language=language)
        found = read(result, scores, seconds, True, self._script, spelling)
        words = tuple(set_apart(found.words))
        if self._ruled:
            words = retell_spaced(words, read_text(result, self._script))
        return Recognition(words, known or found.language)


def load(folder: Path, rules: Sequence[Path] = ()) -> Windowed:
    """An engine of the model in a folder, of any kind of ``offline_models.py``."""
    manifest = read_manifest(folder) if (folder / MANIFEST).is_file() else None
    layout = recognise(folder, manifest.kind if manifest else None)
    if layout.family != OFFLINE:
        raise EngineFailed(f"model '{folder.name}' is of family '{layout.family}', not of whole recordings")
    kind = KINDS[layout.kind]
    heads = {
        part: read_header(folder / name) for part, name in layout.files.items() if name.endswith(".onnx")
    }
    info = EngineInfo(
        manifest.name if manifest else folder.name,
        RATE,
        _list_languages(manifest.languages if manifest else (), kind, heads),
        words=kind.times and _tells_times(layout.kind, heads),
        confidence=kind.confidence,
        translates=kind.tongue == "switched" and _hears_several(heads["encoder"]),
        hotwords=bool(kind.hotwords),
        tail=TAIL,
    )
    speller = make_speller(folder, layout.files["tokens"]) if kind.hotwords == "searched" else None
    ruled = write_arguments((*find_rules(folder), *rules))
    if ruled and not kind.rules:
        raise EngineFailed(
            f"sherpa-onnx applies no rule files to models of kind '{layout.kind}'; remove them"
        )
    maker = Maker(folder, layout, speller, ruled)
    script = _tell_script(folder, layout)
    return Windowed(SherpaOffline(info, kind, maker.make, script, speller=speller, ruled=bool(ruled)))


def _list_languages(said: Sequence[str], kind: Kind, heads: Mapping[str, OnnxHeader]) -> tuple[str, ...]:
    """What the catalogue or the user said, but nothing that the network itself does not know: sherpa-onnx
    ends the process over a language that Whisper lacks."""
    known: tuple[str, ...] = ()
    if kind.constructor == "from_whisper":
        codes = heads["encoder"].metadata.get("all_language_codes", "en")
        known = tuple(codes.split(",")) if heads["encoder"].number("is_multilingual") else ("en",)
    elif kind.tongue in ("made", "switched"):
        known = kind.languages
    return tuple(code for code in said if not known or code in known) or known


def _hears_several(encoder: OnnxHeader) -> bool:
    """Whisper was also made for English alone."""
    return encoder.number("is_multilingual") != 0


def _tells_times(kind: str, heads: Mapping[str, OnnxHeader]) -> bool:
    """Paraformer was exported with and without them."""
    return kind != "paraformer" or "us_cif_peak" in heads["model"].outputs


def _tell_script(folder: Path, layout: Layout) -> Script:
    if "tokens" not in layout.files or layout.kind == "whisper":  # whose table is in base64
        return Script(False, False, False)
    return tell_script(tuple(read_tokens(folder / layout.files["tokens"]).values()))


def load_tiny(rules: Sequence[Path] = ()) -> Windowed:
    """The model that ships with the product, over whole windows."""
    return Windowed(make_tiny(rules=rules))


def make_tiny(folder: Path = TINY, rules: Sequence[Path] = ()) -> SherpaOffline:
    metadata = read_metadata(folder)
    info = EngineInfo("tiny-offline", RATE, metadata.languages, words=True, tail=metadata.tail_padding)
    words = [word for words in metadata.vocabulary.values() for word in words if word.isascii()]
    ruled = write_arguments(rules)
    return SherpaOffline(
        info,
        replace(KINDS["zipformer2_ctc"], tongue="made"),
        lambda wanted: _make_tiny_recognizer(folder, metadata, wanted.language, ruled),
        tell_script(()),
        spelling=Spelling(metadata.word_lead, metadata.word_trail, None, list_beginnings(words)),
        ruled=bool(ruled),
    )


def _make_tiny_recognizer(
    folder: Path, metadata: Metadata, language: str | None, ruled: Mapping[str, str]
) -> Any:
    form = metadata.forms.offline_ctc
    if form is None:
        raise EngineFailed(f"model '{metadata.name}' has no offline form; its metadata names none")
    data = (folder / form.model).read_bytes()
    if language:
        data = restrict(data, form.output_bias, frozenset({0, *metadata.language_tokens[language]}))
    with tempfile.TemporaryDirectory(prefix="saywire-") as scratch:
        path = Path(scratch) / form.model
        path.write_bytes(data)  # needed only while it is loaded
        files = {"model": str(path), "tokens": str(folder / metadata.tokens)}
        return make_recognizer("zipformer2_ctc", files | dict(ruled))
