"""ENGINES, the only list of engines, and the only place that imports one.

An engine's file is imported, with whatever heavy library it needs, when it is loaded: in a worker
process, or, for one that may be shared by forking, in the process the workers are forked from.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ..config import ModelConfig, RemoteConfig
from ..errors import EngineFailed, UnknownModel
from .base import Engine, EngineInfo, Stability, Stream, TurnModel
from .layout import FUNASR_OFFLINE, PARAFORMER_STREAMING, PUNCTUATION, TURNS
from .offline_models import KINDS

__all__ = [
    "ENGINES",
    "FAMILIES",
    "TURN_INSTALL",
    "TURN_MODULES",
    "Choice",
    "Engine",
    "EngineInfo",
    "Entry",
    "Stability",
    "Stream",
    "TurnModel",
    "choose",
    "find",
    "find_missing",
    "is_run",
    "make_entry",
]


TURN_MODULES = ("onnxruntime",)
"""What a turn model needs."""
TURN_INSTALL = "pip install 'saywire[turns]'"


def find_missing(modules: Sequence[str]) -> tuple[str, ...]:
    """Those that are not installed."""
    return tuple(name for name in modules if importlib.util.find_spec(name) is None)


@dataclass(frozen=True, slots=True)
class Entry:
    """One engine that the product knows, whether or not it can run here."""

    name: str
    loader: str
    """``module:function`` inside this package; the function takes nothing, or what is given below, and
    returns an Engine."""
    requires: tuple[str, ...]
    """Modules that must be importable."""
    install: str
    """What to install when they are not."""
    languages: tuple[str, ...]
    summary: str
    rank: int = 0
    """Higher is better for a language both have; 0 is never chosen by ``auto``."""
    shares: bool = False
    """Whether it may be loaded before the workers are forked, so that they share its memory."""
    folder: Path | None = None
    """Of an installed model; the loader takes it then."""
    remote: RemoteConfig | None = None
    """Of a configured server; the loader takes it then."""
    parts: tuple[Entry, ...] = ()
    """Of a model made of others; the loader takes its name and them then."""
    redundant: bool = False
    """Whether one of its parts is enough."""
    takes: frozenset[str] = frozenset()
    """The fields of a ModelConfig that mean something to it."""
    settings: ModelConfig | None = None
    """How an installed model is to be run, where that is configured; the loader takes it after the folder."""
    problem: str = ""
    """Why it cannot be run whatever is installed, and what to do."""
    ruled: bool = False
    """Whether the loader takes ``rules``."""
    rules: tuple[Path, ...] = ()
    """Rule files that rewrite what it says, besides those beside an installed model."""
    punctuation: Path | None = None
    """The folder of the model that puts marks into what it says."""
    turns: Path | None = None
    """The folder of the model that finds out in a pause whether somebody has finished."""

    @property
    def missing(self) -> tuple[str, ...]:
        """Of the modules it requires, those that are not installed."""
        return find_missing(self.requires)

    @property
    def obstacle(self) -> str:
        """Why it cannot run here and what to do, as far as that is known without loading it; or empty."""
        if self.problem:
            return self.problem
        if self.missing:
            what = ", ".join(self.missing)
            return f"engine '{self.name}' needs {what}; install it with: {self.install}"
        obstacles = [part.obstacle for part in self.parts]
        stopped = all(obstacles) if self.redundant else any(obstacles)
        return next(filter(None, obstacles)) if stopped and obstacles else ""

    def load(self) -> Engine:
        """Raises EngineFailed when it cannot run here."""
        if self.obstacle:
            raise EngineFailed(self.obstacle)
        module, _, function = self.loader.partition(":")
        try:
            make: Callable[..., Engine] = _find(module, function)
            own = filter(None, [self.folder, self.remote, self.settings])
            given = [self.name, self.parts] if self.parts else list(own)
            engine = make(*given, rules=self.rules) if self.rules else make(*given)
            return _find("punctuation", "punctuate")(engine, self.punctuation) if self.punctuation else engine
        except (ImportError, OSError) as e:
            raise EngineFailed(f"engine '{self.name}' cannot be loaded: {e}; see `saywire doctor`") from e

    def load_turns(self) -> TurnModel:
        """Raises EngineFailed."""
        if missing := find_missing(TURN_MODULES):
            raise EngineFailed(f"turn models need {', '.join(missing)}; install it with: {TURN_INSTALL}")
        try:
            model: TurnModel = _find("turns", "load")(self.turns)
        except (ImportError, OSError) as e:
            raise EngineFailed(f"the turn model cannot be loaded: {e}") from e
        return model


def _find(module: str, function: str) -> Any:
    return getattr(importlib.import_module(f"{__name__}.{module}"), function)


_TINY = Entry(
    "tiny",
    "sherpa:load_tiny",
    ("sherpa_onnx",),
    "pip install saywire",
    ("zh", "en"),
    "digits and command words, Mandarin and English, by sherpa-onnx; under 1 MB",
    rank=1,
    ruled=True,
)
_TINY_OFFLINE = Entry(
    "tiny-offline",
    "offline:load_tiny",
    ("sherpa_onnx",),
    "pip install saywire",
    ("zh", "en"),
    "the tiny model over whole windows: partials every second, finals once all is heard",
    ruled=True,
)

ENGINES: tuple[Entry, ...] = (
    Entry(
        "sphinx",
        "sphinx:load",
        ("pocketsphinx",),
        "pip install saywire",
        ("en",),
        "CMU PocketSphinx, US English dictation and grammars; small and weak",
        rank=2,
        shares=True,
    ),
    _TINY,
    _TINY_OFFLINE,
    Entry(
        "tiny-2pass",
        "two_pass:load",
        (),
        "pip install saywire",
        ("zh", "en"),
        "the tiny model twice: streaming for partials, over whole utterances for finals",
        parts=(_TINY, _TINY_OFFLINE),
    ),
    Entry(
        "fake",
        "fake:load",
        (),
        "pip install saywire",
        (),
        "numbers the loud stretches; exact, for tests",
    ),
)


@dataclass(frozen=True, slots=True)
class Family:
    """Models that one engine loads from their folders."""

    loader: str
    """``module:function``; the function takes the folder and returns an Engine."""
    requires: tuple[str, ...]
    install: str
    shares: bool = False
    ruled: bool = False
    kinds: frozenset[str] | None = None
    """What of the family it runs; None: all."""
    takes: frozenset[str] = frozenset()
    """As ``Entry.takes``; the loader's second argument is then a ModelConfig, which may be left out."""


FAMILIES: Mapping[str, Family] = {
    "sherpa": Family("online:load", ("sherpa_onnx",), "pip install saywire", ruled=True),
    "saywire": Family("sherpa:load_folder", ("sherpa_onnx",), "pip install saywire", ruled=True),
    "sherpa-offline": Family(
        "offline:load", ("sherpa_onnx",), "pip install saywire", ruled=True, kinds=frozenset(KINDS)
    ),
    "faster-whisper": Family("whisper:load", ("faster_whisper",), "pip install 'saywire[whisper]'"),
    "funasr": Family(
        "funasr:load",
        ("torch", "funasr", "kaldi_native_fbank"),
        "pip install 'saywire[funasr]'",
        shares=True,
        kinds=frozenset({PARAFORMER_STREAMING, *FUNASR_OFFLINE}),
        takes=frozenset(
            {
                "mode",
                "chunk_size",
                "encoder_chunk_look_back",
                "decoder_chunk_look_back",
                "threads",
                "device",
            }
        ),
    ),
}
"""The engines of installed models, by what ``layout.py`` calls their family."""

INSTALLED_RANK = 10
"""Who installs a model for a language wants it: it goes before all that ships with the product."""


def is_run(family: str, kind: str) -> bool:
    """Whether models of this kind are used here: by an engine, behind one, or before one."""
    known = FAMILIES.get(family)
    if family in (PUNCTUATION, TURNS):
        return True
    return known is not None and (known.kinds is None or kind in known.kinds)


def make_entry(
    folder: Path, name: str, family: str, kind: str, languages: tuple[str, ...], summary: str
) -> Entry | None:
    """How an installed model is run; None for one that no engine here runs."""
    if family not in FAMILIES or not is_run(family, kind):
        return None
    known = FAMILIES[family]
    return Entry(
        name,
        known.loader,
        known.requires,
        known.install,
        languages,
        summary,
        rank=INSTALLED_RANK,
        shares=known.shares,
        folder=folder,
        ruled=known.ruled,
        takes=known.takes,
    )


def find(name: str, entries: Sequence[Entry] = ENGINES) -> Entry:
    """The entry of that name. Raises UnknownModel, naming the nearest."""
    for entry in entries:
        if entry.name == name:
            return entry
    names = [entry.name for entry in entries]
    near = get_close_matches(name, names, 1)
    hint = f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(names)}"
    raise UnknownModel(f"no model '{name}'; {hint}", param="model")


@dataclass(frozen=True, slots=True)
class Choice:
    """What ``auto`` came to, and one line that says why and how to get a better one."""

    entry: Entry
    reason: str


def choose(language: str | None, entries: Sequence[Entry] = ENGINES) -> Choice:
    """The best engine that can run here for a language; without one, for English.

    Raises UnknownModel when none can.
    """
    wanted = language or "en"
    able = [e for e in entries if e.rank and wanted in e.languages]
    runnable = sorted((e for e in able if not e.obstacle), key=lambda e: -e.rank)
    if not runnable:
        have = sorted({code for e in entries if e.rank for code in e.languages})
        raise UnknownModel(f"no engine here knows language '{wanted}'; there are: {', '.join(have)}")
    best = runnable[0]
    asked = f"language '{wanted}'" if language else "no language asked, so English"
    return Choice(
        best, f"auto: {best.name} for {asked}: {best.summary}; `saywire models list` has better ones"
    )
