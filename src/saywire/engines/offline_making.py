"""The recognisers of one model of whole recordings: made when first wanted, the ones used last kept.

What is fixed when sherpa-onnx makes a recogniser (the language of some kinds, a search for hot words) takes
another one, with another copy of the network. What can be changed on one that is made is changed. What its
streams can be told, they are told.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sherpa_onnx

from ..errors import EngineFailed
from ..protocols.languages import NAMES
from .hotwords import Speller, write_aliases
from .layout import Layout
from .offline_models import KINDS, Kind

KEPT = 3
"""Recognisers of one model in memory."""
PROMPTED = 200
"""Characters of hot words before the audio: a prompt that is too long leaves no room for the audio."""
_SPECIAL = re.compile(r"<\|.*?\|>|[,\s]+")
"""What means something else in a prompt of Qwen3-ASR: its marks, and the comma between two words."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a recogniser is made for."""

    language: str | None = None
    """None: any."""
    searches: bool = False
    """Whether it searches for hot words."""


Make = Callable[[Wanted], Any]
"""Raises EngineFailed."""


class Shelf:
    """Recognisers by what they were made for. The one for anything is made at once."""

    def __init__(self, make: Make, most: int = KEPT) -> None:
        self._make = make
        self._most = most
        self._made: dict[Wanted, Any] = {Wanted(): make(Wanted())}  # the one used longest ago first

    def take(self, wanted: Wanted) -> Any:
        handle = self._made.pop(wanted, None)
        if handle is None:
            while len(self._made) >= self._most:
                del self._made[next(iter(self._made))]
            handle = self._make(wanted)
        self._made[wanted] = handle
        return handle

    def __len__(self) -> int:
        return len(self._made)

    def clear(self) -> None:
        self._made.clear()


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes the recognisers of a folder."""

    folder: Path
    layout: Layout
    speller: Speller | None
    """Of a kind that searches for hot words."""
    rules: dict[str, str]
    """Arguments for its rule files."""

    def make(self, wanted: Wanted) -> Any:
        if not wanted.searches:
            return self._make(self.folder, wanted)
        assert self.speller is not None
        with tempfile.TemporaryDirectory(prefix="saywire-") as scratch:  # needed only while it is loaded
            tokens = self.layout.files["tokens"]
            write_aliases(self.folder / tokens, self.speller, Path(scratch) / tokens)
            return self._make(Path(scratch), wanted)

    def _make(self, place: Path, wanted: Wanted) -> Any:
        """``place``: where its table of tokens is."""
        kind = KINDS[self.layout.kind]
        arguments: dict[str, str | bool] = {
            argument: str((place if part == "tokens" else self.folder) / self.layout.files[part])
            for part, argument in kind.parts.items()
        }
        arguments |= kind.extra
        arguments |= self.rules
        if kind.tongue == "made":
            arguments["language"] = wanted.language or ""
        if wanted.searches:
            arguments["decoding_method"] = "modified_beam_search"
        return make_recognizer(self.layout.kind, arguments)


def make_recognizer(kind: str, arguments: Mapping[str, str | bool]) -> Any:
    """Raises EngineFailed."""
    make = getattr(sherpa_onnx.OfflineRecognizer, KINDS[kind].constructor)
    try:
        return make(num_threads=1, **arguments)
    except (RuntimeError, ValueError, AssertionError) as e:
        raise EngineFailed(f"the {kind} model cannot be loaded: {e}; download it again") from e


def switch(handle: Any, kind: Kind, language: str | None, translate: bool) -> None:
    """Have a recogniser that is made hear a language, and write it or English; None: what it would hear."""
    settings = handle.config.model_config
    if kind.constructor == "from_whisper":
        named = settings.whisper
        wanted = {"language": language or "", "task": "translate" if translate else "transcribe"}
    else:
        named, spoken = settings.canary, language or kind.languages[0]
        wanted = {"src_lang": spoken, "tgt_lang": "en" if translate else spoken}
    if any(getattr(named, name) != value for name, value in wanted.items()):
        for name, value in wanted.items():
            setattr(named, name, value)
        handle.recognizer.set_config(handle.config)


def ask(stream: Any, language: str | None, hotwords: str) -> None:
    """Tell a stream of Qwen3-ASR what it is about to hear."""
    name = {**NAMES, "fil": "filipino"}.get(language or "")
    if name:
        stream.set_option("language", name.title())
    if hotwords:
        stream.set_option("hotwords", hotwords)


def write_prompted(phrases: Sequence[str]) -> tuple[str, int]:
    """Hot words as a stream is asked for them, and how many are left out for want of room."""
    kept: list[str] = []
    for phrase in phrases:
        bare = _SPECIAL.sub(" ", phrase).strip()
        if bare and len(",".join((*kept, bare))) <= PROMPTED:
            kept.append(bare)
    return ",".join(kept), len(phrases) - len(kept)
