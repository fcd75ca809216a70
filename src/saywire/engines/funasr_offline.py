"""FunASR's Paraformers of whole recordings as recognisers of windows: SeACo-Paraformer, which it calls
paraformer-zh and which hears hot words, and BiCif-Paraformer.

Both tell when each token begins and ends. They are made to believe that each token is a character: FunASR
joins tokens to words in a way that loses some of their times.

Hot words are spelled here: FunASR would download what begins like an address, and read what ends like a file.
A phrase that the model's tokens cannot spell is left out. Source: FunASR 1.4.16, seaco_paraformer/model.py
and timestamp_tools.py, November 2026.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..config import ModelConfig
from ..errors import EngineFailed
from ..types import RATE, Word
from .base import EngineInfo
from .demands import say_unusable
from .funasr_model import FunasrModel
from .layout import FUNASR_OFFLINE, SEACO
from .recognizer import Recognition, Window
from .spelling import gather_pieces, join_letters, set_apart
from .windowed import Windowed

WINDOW = 28.0
"""Seconds; FunASR cuts recordings at 30 to 60 before it gives them to these."""
SHORTEST = RATE // 10
"""Samples that a window is filled up to with silence: there is no feature of less than 25 ms."""
TAKES = frozenset({"threads", "device"})


class FunasrOffline:
    """Raises EngineFailed for a folder that is not a whole model of these kinds."""

    window = WINDOW
    follows = False
    invents = False

    def __init__(self, folder: Path, settings: ModelConfig) -> None:
        if useless := sorted(settings.changed - TAKES):
            raise EngineFailed(
                f"model.{settings.name}.{useless[0]} is for streaming models of FunASR; leave it out"
            )
        self.model = FunasrModel(folder, FUNASR_OFFLINE, settings)
        seaco = self.model.folder.kind == SEACO
        self._ids = {token: index for index, token in enumerate(self.model.folder.tokens)}
        self._pieces = read_pieces(folder / "seg_dict") if seaco else {}
        self._sos: int = self.model.network.sos
        if seaco:
            self.model.network.generate_hotwords_list = lambda given, **_: given
        self._info = EngineInfo(self.model.name, RATE, self.model.languages, words=True, hotwords=seaco)

    @property
    def info(self) -> EngineInfo:
        return self._info

    def recognize(self, windows: Sequence[Window]) -> Sequence[Recognition]:
        return [self._recognize(window) for window in windows]

    def close(self) -> None:
        self.model.close()

    def _recognize(self, window: Window) -> Recognition:
        samples = np.pad(window.samples, (0, max(0, SHORTEST - len(window.samples))))
        tokens, answer = self.model.infer(samples, {"hotword": self._spell(window.options.hotwords)})
        results = answer[0] if answer else ()  # nothing at all where nothing was heard
        times = results[0].get("timestamp", ()) if results else ()
        words = place(tokens, times, len(window.samples) / RATE)
        languages = self._info.languages
        language = languages[0] if len(languages) == 1 else window.options.language
        return Recognition(tuple(set_apart(words)), language)

    def _spell(self, phrases: Sequence[str]) -> list[list[int]] | None:
        """The tokens of each phrase, and at last of none, as SeACo-Paraformer wants them."""
        spelled = [self._spell_phrase(phrase) for phrase in phrases] if self._info.hotwords else []
        usable = [ids for ids in spelled if ids]
        say_unusable(self._info.name, len(spelled) - len(usable), len(spelled))
        return [*usable, [self._sos]] if usable else None

    def _spell_phrase(self, phrase: str) -> list[int] | None:
        pieces: list[str] = []
        for word in phrase.lower().split():
            pieces += self._pieces.get(word) or ((word,) if word in self._ids else tuple(word))
        return [self._ids[piece] for piece in pieces] if all(piece in self._ids for piece in pieces) else None


def read_pieces(path: Path) -> dict[str, tuple[str, ...]]:
    """The pieces of each word; none where there is no such file. Raises EngineFailed."""
    if not path.is_file():
        return {}
    try:
        lines = (line.split() for line in path.read_text("utf-8").splitlines())
        return {line[0]: tuple(line[1:]) for line in lines if line}
    except (OSError, UnicodeDecodeError) as e:
        raise EngineFailed(f"seg_dict of '{path.parent.name}' cannot be read: {e}; download it again") from e


def place(tokens: Sequence[str], times: Sequence[Sequence[float]], seconds: float) -> list[Word]:
    """Words of tokens, ``times`` their starts and ends in milliseconds, inside ``seconds``, in order."""
    words: list[Word] = []
    before = 0.0
    for span in join_letters(gather_pieces(tokens)[0]):
        known = times[span.first : span.last + 1]  # none of what is beyond the end
        start = max(before, min(known[0][0] / 1000 if known else seconds, seconds))
        end = max(start, min(known[-1][1] / 1000 if known else seconds, seconds))
        words.append(Word(span.text, start, end))
        before = end
    return words


def load(folder: Path, settings: ModelConfig) -> Windowed:
    return Windowed(FunasrOffline(folder, settings))
