"""What sherpa-onnx's recognisers found, streaming ones and those of whole recordings, as text and words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ..types import Word
from .letters import write_out
from .spelling import Spelling, spell
from .token_table import Script


class Result(Protocol):
    """Of either kind of recogniser."""

    @property
    def text(self) -> str: ...
    @property
    def tokens(self) -> Sequence[str]: ...
    @property
    def timestamps(self) -> Sequence[float]:
        """Seconds of each token; empty where they are not known."""


@dataclass(frozen=True, slots=True)
class Told:
    text: str
    words: tuple[Word, ...]
    """Empty where there are no times: none are made up."""
    language: str | None


def read(
    result: Result,
    scores: Sequence[float],
    seconds: float,
    over: bool,
    script: Script,
    spelling: Spelling,
) -> Told:
    """``scores``: log-probabilities of the tokens, or empty; ``over``: no token will follow; ``seconds``: the
    length of the audio."""
    letters = write_out(result.tokens, script)
    texts = [text.lower() if script.capitals else text for text, _ in letters]
    timed = len(result.timestamps) == len(result.tokens)
    times = [result.timestamps[number] if timed else 0.0 for _, number in letters]
    known = len(scores) == len(result.tokens)
    sure = [scores[number] for _, number in letters] if known else []
    text, words, language = spell(texts, times, sure, seconds, over, spelling)
    return Told(text, words if timed else (), language)


def read_text(result: Result, script: Script) -> str:
    """As it is without a look at the tokens; rule files change nothing else."""
    text = result.text.strip()
    return text.lower() if script.capitals else text
