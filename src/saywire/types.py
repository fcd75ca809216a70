"""Words shared by every room: audio, time and text. Imports nothing of ours.

Units: audio time is seconds from the first sample of the session, as float; a sample count is an
int at the rate named beside it. The house rate is ``RATE``; wires and engines of another rate are
converted at the session's door and at the engine's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
"""Samples a second inside the house."""

Samples = NDArray[np.float32]
"""Mono audio in [-1, 1], shape ``(n,)``, dtype float32."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word (a character or a word in Mandarin) with its place in the audio."""

    text: str
    start: float
    end: float
    confidence: float | None = None
    """Probability in [0, 1]; None where the engine has none."""


def mean_confidence(words: Iterable[Word]) -> float | None:
    """Of the words whose confidence is known; None where none is."""
    known = [word.confidence for word in words if word.confidence is not None]
    return round(sum(known) / len(known), 4) if known else None


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a transcript: one utterance, as subtitles and JSON show it."""

    text: str
    start: float
    end: float
    words: tuple[Word, ...] = ()
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """An engine's present belief about the open utterance."""

    text: str = ""
    stable: int = 0
    """Leading characters of ``text`` that will not change any more; 0 <= stable <= len(text)."""
    words: tuple[Word, ...] = ()
    language: str | None = None
    """ISO 639-1 code, where the engine detects it."""


@dataclass(frozen=True, slots=True)
class Turns:
    """How utterances are cut out of a session's audio. Seconds, except ``threshold``."""

    voice: bool = True
    """True: voice activity opens and ends utterances; False: only Commit and Finish end them."""
    threshold: float = 0.5
    """Voice probability in (0, 1) above which a frame is voiced."""
    padding: float = 0.3
    """Audio before the first voiced frame that belongs to the utterance too."""
    shortest: float = 0.1
    """Less voice than this opens no utterance."""
    silence: float = 0.5
    """Silence that ends an utterance."""
    semantic: bool = False
    """Whether in each pause a turn model, where there is one, is asked if somebody has finished; instead of
    ``silence``, which is only for want of an answer."""
    certainty: float = 0.5
    """The probability of that, in (0, 1), from which on the utterance ends."""
    patience: float = 4.0
    """Silence that ends the utterance of somebody who has not finished, as the turn model finds."""
    longest: float = 30.0
    """An utterance is ended here at the latest; from two thirds of it a short pause is enough."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a client may ask of a session. ``None`` or empty leaves the server's choice."""

    model: str | None = None
    """Name of an engine or model; fixed when the session opens."""
    language: str | None = None
    """ISO 639-1 code; the engine answers only in it."""
    prompt: str = ""
    """Free text that describes or precedes the audio; engines that cannot use it ignore it."""
    hotwords: tuple[str, ...] = ()
    """Words or phrases to prefer, where the engine can."""
    grammar: str = ""
    """A JSGF grammar that all speech is to match, where the engine can."""
    vocabulary: tuple[str, ...] = ()
    """The only words that may be recognised, where the engine can; exclusive with ``grammar``."""
    translate: bool = False
    """Write English whatever language is spoken, where the engine can."""
    turns: Turns = field(default_factory=Turns)
