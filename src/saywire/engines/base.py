"""What a speech engine is. ``tests/engines/contract.py`` proves each one.

An engine hears samples at its own rate, cut in any way, and must not let the cut change its words:
it gathers what it needs for a step itself. It lives in one worker process; nothing here awaits,
blocks on anything but its own arithmetic, or reads a clock. Legal order on a stream::

    open (accept | decode while ready)* finish (decode while ready)* reset ...
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from ..types import RATE, Hypothesis, Options, Samples

Stability = Literal["native", "agreement", "none"]
"""How an engine knows its stable text: its decoder never revises what it said; successive
hypotheses agreed on it; or it does not know before the final."""

TurnModel = Callable[[Samples], float]
"""How probable it is, in [0, 1], that who says this, at the house rate and with the pause behind it, has
finished. Takes some ms; raises EngineFailed."""


@dataclass(frozen=True, slots=True)
class EngineInfo:
    name: str
    sample_rate: int = RATE
    languages: tuple[str, ...] = ()
    """ISO 639-1 codes; empty: any."""
    stability: Stability = "none"
    partials: bool = True
    words: bool = False
    """Whether finals carry word times."""
    confidence: bool = False
    """Whether words carry probabilities."""
    hotwords: bool = False
    grammar: bool = False
    """Whether Options.grammar and Options.vocabulary are obeyed."""
    translates: bool = False
    """Whether Options.translate is obeyed."""
    max_batch: int = 1
    """Streams one ``decode`` may advance."""
    max_streams: int | None = None
    """Streams one worker process can hold at a time; None: any number."""
    adapts: bool = False
    """Whether audio before ``reset`` may change what is heard after it (see Stream.context)."""
    long_steps: bool = False
    """Whether a step may take longer than a frame of audio (20 ms): it then gets its own thread."""
    tail: float = 0.0
    """Seconds of silence the engine itself adds at ``finish`` so that the last word is whole; measured."""


class Stream(Protocol):
    """The decoding state of one session. Never shared."""

    @property
    def ready(self) -> bool:
        """Whether ``Engine.decode`` would make progress on this stream."""

    @property
    def hypothesis(self) -> Hypothesis:
        """Of the utterance since ``reset``; word times count from its first sample."""

    @property
    def context(self) -> str:
        """What ``Engine.open`` needs to go on as this stream would after ``reset``; at most 4 kB."""

    def accept(self, samples: Samples) -> None:
        """Take audio at the engine's rate, any length, empty too; cheap, never decodes."""

    def finish(self) -> None:
        """No more audio before ``reset``; ``ready`` stays true until all is decoded."""

    def reset(self) -> None:
        """Begin the next utterance with an empty hypothesis; what was not decoded is forgotten."""


class Engine(Protocol):
    @property
    def info(self) -> EngineInfo: ...

    def open(self, options: Options, context: str = "") -> Stream:
        """Begin a stream. Raises Unsupported for a language, grammar, ... it does not have, and BadRequest,
        if it adapts, for what is no context of its own: it comes from clients, and may be anything.

        With long_steps this and all of Stream may be called while ``decode`` runs on other streams.
        """

    def decode(self, streams: Sequence[Stream]) -> None:
        """Advance each of 1..max_batch ready streams of its own by one step. Raises EngineFailed; for a
        single stream PartialLost, where it has gone past a step that only a partial would have come of."""

    def close(self) -> None:
        """Free what it holds; idempotent."""
