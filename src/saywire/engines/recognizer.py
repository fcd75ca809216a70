"""What a recogniser of whole recordings is; ``windowed.py`` makes a streaming engine of one.

A newcomer with an offline model writes one class with these members and a loader that returns
``Windowed(his_class(...))``. A recogniser keeps nothing between calls, and the same window must always give
the same answer: no sampling, whatever the batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ..types import Options, Samples, Word
from .base import EngineInfo


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """One piece of audio to recognise, and what is known about it."""

    samples: Samples
    """Shape (n,), n > 0, at the recogniser's rate; at most ``window`` seconds and the tail."""
    options: Options
    """Of the session; ``language`` is the one that was detected, once text in it is settled."""
    before: str = ""
    """The end of what was said before the window, for models that take such a prompt."""
    prefix: str = ""
    """How the window's own text begins, for recognisers that ``follow``; else for information."""
    detected: bool = False
    """Whether ``options.language`` is not what was asked for but what was detected."""


@dataclass(frozen=True, slots=True)
class Recognition:
    """What was heard in a window."""

    words: tuple[Word, ...] = ()
    """As they stand in the line: ``text`` begins with a space where the line has one before the word, the
    first too. Times count from the window's first sample; all 0 where there are none."""
    language: str | None = None
    """ISO 639-1 code, where it is detected."""
    no_speech: float | None = None
    """Probability in [0, 1] that nobody speaks, where the model has one."""
    log_probability: float | None = None
    """Average of the tokens' natural log-probabilities, where the model has them."""
    timed: bool = True
    """Whether words have times, of a recogniser whose ``info.words`` says that they do."""

    @property
    def text(self) -> str:
        return "".join(word.text for word in self.words).strip()


class Recognizer(Protocol):
    @property
    def info(self) -> EngineInfo:
        """Of the engine it becomes; ``stability``, ``partials`` and ``long_steps`` are the wrapper's."""

    @property
    def window(self) -> float:
        """Seconds of audio it takes at a time, at least 5; what is longer comes in pieces."""

    @property
    def follows(self) -> bool:
        """Whether it begins its text with ``Window.prefix`` and only goes on from there."""

    @property
    def invents(self) -> bool:
        """Whether it may say what nobody said, as decoders that are language models do: ``guards.py``
        then looks at its words. CTC and transducers only mishear."""

    def recognize(self, windows: Sequence[Window]) -> Sequence[Recognition]:
        """One for each of 1..info.max_batch windows, in their order. Raises EngineFailed."""

    def close(self) -> None:
        """Free what it holds; idempotent."""
