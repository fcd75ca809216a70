"""When does an utterance begin and end? Voice probabilities in, turns out; pure arithmetic.

Positions are samples at the house rate from the session's start. A detector is born at an ``origin``
and hears one probability for each ``FRAME`` samples from there on; what it says depends on nothing
else. The session makes a new one at every boundary, so what follows a boundary never depends on
what came before it: this is what makes a replay and a resumed session exact.

Where the rules are semantic and a turn model is there, a pause is a question: Paused, and then ``answer``
before anything else is heard. So a turn depends on the audio and on what the model makes of it, never on how
long that takes.

Hysteresis after Silero's VADIterator (github.com/snakers4/silero-vad, utils_vad.py, 2026-07): voice
starts at ``threshold`` and stops 0.15 below it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from ..audio.vad import FRAME
from ..errors import BadRequest
from ..messages import Cause
from ..types import RATE, Turns

HYSTERESIS = 0.15
GAP = 2
"""Unvoiced frames inside which a beginning is still one beginning (a plosive, a stutter)."""
SHORT_PAUSE = 0.1
"""Seconds of silence that end an utterance longer than two thirds of the longest."""
PAUSE = 0.2
"""Seconds of silence after which a turn model is asked: those of Smart Turn are trained on turns with as much
behind them (docs/data_generation_contribution_guide.md there)."""
MANUAL_THRESHOLD = 0.2
"""Who presses a button means to speak: much less certainty opens an utterance then."""
MANUAL_LONGEST = 300.0
"""Seconds; without it a forgotten microphone would keep its audio for ever."""
PROBABILITIES = ("threshold", "certainty")
MOST_PADDING = 60.0
"""Seconds; a session keeps so much silence."""


def check_turns(turns: Turns) -> None:
    """Raises BadRequest for rules that no arithmetic can follow."""
    for param in ("threshold", "padding", "shortest", "silence", "certainty", "patience", "longest"):
        value: float = getattr(turns, param)
        if not isfinite(value) or value < 0:
            raise BadRequest(f"{param} is {value}; it must be 0 or more, and finite", param=param)
        if param in PROBABILITIES and value > 1:
            raise BadRequest(f"{param} is {value:g}; it is a probability, from 0 to 1", param=param)
    if turns.padding > MOST_PADDING:
        most = f"{MOST_PADDING:g} s"
        raise BadRequest(f"padding is {turns.padding:g} s; at most {most} is kept", param="padding")


@dataclass(frozen=True, slots=True)
class Began:
    start: int
    """First sample of the utterance's audio, padding included."""
    voice: int
    """First voiced sample."""


@dataclass(frozen=True, slots=True)
class Ended:
    voice: int
    """End of the last voiced frame."""
    cause: Cause


@dataclass(frozen=True, slots=True)
class Paused:
    """Has who speaks finished? To be answered before the next frame."""


@dataclass(slots=True)
class TurnDetector:
    rules: Turns
    origin: int
    judged: bool = False
    """Whether there is somebody who answers."""
    position: int = -1
    """End of the last frame heard."""
    voiced: bool = False
    began: Began | None = None
    _first: int = 0
    """Where the voice of a beginning not yet long enough starts."""
    _run: int = 0
    """Voiced frames of that beginning; 0: none."""
    _gap: int = 0
    _last: int = 0
    """End of the last voiced frame."""
    _asked: int = -1
    """The same when the last question was asked."""
    _limit: float = 0.0
    """Seconds of silence that end the utterance, as was answered."""

    def __post_init__(self) -> None:
        self.position = self.origin

    def hear(self, probability: float) -> Began | Paused | Ended | None:
        """Take the next frame's voice probability in [0, 1]."""
        self.position += FRAME
        threshold = self.rules.threshold if self.rules.voice else min(self.rules.threshold, MANUAL_THRESHOLD)
        self.voiced = probability >= (threshold - HYSTERESIS if self.voiced else threshold)
        if self.voiced:
            self._last = self.position
        return self._find_end() if self.began else self._find_beginning()

    def answer(self, probability: float | None) -> Ended | None:
        """How probable it is that who paused has finished; None: nobody can say."""
        if probability is not None and probability >= self.rules.certainty:
            return Ended(self._last, Cause.SILENCE)
        self._limit = self.rules.silence if probability is None else self.rules.patience
        return None

    def begin_anyway(self) -> Began | None:
        """Open with however little voice there was; None without any."""
        return self._begin() if self._run else None

    @property
    def last_voice(self) -> int:
        return self._last

    @property
    def idle(self) -> int:
        """Samples heard without any sign of a beginning; 0 when there is one."""
        return 0 if self.began or self._run else self.position - self.origin

    def _find_beginning(self) -> Began | None:
        if self.voiced:
            if not self._run:
                self._first = self.position - FRAME
            self._run += 1
            self._gap = 0
        elif self._run:
            self._gap += 1
            if self._gap > GAP:
                self._run = self._gap = 0
        long_enough = self._run * FRAME >= (self.rules.shortest * RATE if self.rules.voice else 1)
        return self._begin() if self._run and long_enough else None

    def _begin(self) -> Began:
        padding = round(self.rules.padding * RATE)
        self.began = Began(max(self.origin, self._first - padding), self._first)
        return self.began

    def _find_end(self) -> Paused | Ended | None:
        assert self.began is not None
        length = (self.position - self.began.start) / RATE
        if not self.rules.voice:
            return Ended(self._last, Cause.LENGTH) if length >= MANUAL_LONGEST else None
        silence, enough = (self.position - self._last) / RATE, self._enough
        short = length >= self.rules.longest * 2 / 3
        if silence >= (min(SHORT_PAUSE, enough) if short else enough):
            return Ended(self._last, Cause.LENGTH if silence < enough else Cause.SILENCE)
        if length >= self.rules.longest:
            return Ended(self._last, Cause.LENGTH)
        if self._asks and silence >= PAUSE and self._asked != self._last:
            self._asked = self._last
            return Paused()
        return None

    @property
    def _asks(self) -> bool:
        return self.judged and self.rules.semantic

    @property
    def _enough(self) -> float:
        """Seconds of silence that end the utterance."""
        if not self._asks:
            return self.rules.silence
        return self._limit if self._asked == self._last else self.rules.patience
