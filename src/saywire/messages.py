"""Everything that crosses the session's door: commands in, events out.

Order, for every session (a test holds it)::

    Command = Configure | Audio | Commit | Clear | Finish | Mark      any order; nothing after Finish
    Event   = Configured                                              one for each Configure
            | [SpeechStarted] [Partial ...] SpeechStopped Final       an utterance
            | [SpeechStarted] [Partial ...] Cleared                   an utterance thrown away
            | Settled                                                 after each end, and in long silence
            | Marked                                                  one for each Mark
            | Finished                                                once, the last

SpeechStarted and SpeechStopped leave as soon as the audio that proves them was heard; an utterance's
Partials and its Final follow when they are decoded, so SpeechStarted of the next may overtake them.
A Failed takes the place of a Final. Utterances count from 0 and end in the order of their numbers,
each exactly once, in Final, Failed or Cleared (a Cleared one may overtake earlier ones that are still
being decoded).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .errors import SaywireError
from .types import RATE, Hypothesis, Options, Samples, Word


class Cause(StrEnum):
    """Why an utterance ended."""

    SILENCE = "silence"
    COMMIT = "commit"
    FINISH = "finish"
    LENGTH = "length"


@dataclass(frozen=True, slots=True)
class Reentry:
    """Where audio is to be given again, so that it goes on from a position as if it had never stopped."""

    heard: int = 0
    """Samples, as they came, from the session's first: those before need not come again."""
    rate: int = RATE
    """Of those, in Hz."""
    known: int = 0
    """The first samples at the house rate that are made of them lie before the position."""
    lead: int = 0
    """Of ``known``, those that lie before a second that the ingress resamples in one piece."""


@dataclass(frozen=True, slots=True)
class Settled:
    """Audio before ``position`` is never needed again: a session reopened here goes on the same."""

    position: int
    """Samples at the house rate from the session's start."""
    commands: int
    """Commands other than Audio that lie before ``position``, counted from the session's start."""
    utterance: int
    """The number the next utterance gets."""
    context: str = ""
    """What the engine wants to know again (speaker adaptation); opaque, at most 4 kB."""
    model: str = ""
    """Whose context it is. This and ``reentry`` the ingress adds: a session knows neither."""
    reentry: Reentry = Reentry()


@dataclass(frozen=True, slots=True)
class Configure:
    """Replace the options. Turns apply at once, the rest from the next utterance on."""

    options: Options
    resume: Settled | None = None
    """Begin where another session had settled; only before the first audio, which has to wait for the answer.
    Its ``commands`` are 0: they are counted anew."""


@dataclass(frozen=True, slots=True, eq=False)
class Audio:
    samples: Samples
    rate: int = RATE
    """Of ``samples``, in Hz; 4,000 to 768,000."""


@dataclass(frozen=True, slots=True)
class Commit:
    """End the open utterance now. Always ends one: without speech, an empty one. Not terminal."""


@dataclass(frozen=True, slots=True)
class Clear:
    """Forget the open utterance and all audio since the last end; no Final follows."""


@dataclass(frozen=True, slots=True)
class Finish:
    """No more audio: end the open utterance, then say Finished."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Ask for Marked once everything before it was heard and decoded."""

    id: int


Command = Configure | Audio | Commit | Clear | Finish | Mark


@dataclass(frozen=True, slots=True)
class Configured:
    options: Options


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    utterance: int
    at: float
    """Where the utterance's audio begins, padding included."""


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    utterance: int
    at: float
    """Where the utterance's audio ends, the silence that ended it included."""
    cause: Cause


@dataclass(frozen=True, slots=True)
class Partial:
    utterance: int
    hypothesis: Hypothesis


@dataclass(frozen=True, slots=True)
class Final:
    utterance: int
    text: str
    start: float
    """Where the voice begins, without padding."""
    end: float
    """Where the voice ends, without the silence after it."""
    words: tuple[Word, ...] = ()
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Cleared:
    utterance: int | None
    """None where none was open."""


@dataclass(frozen=True, slots=True)
class Failed:
    utterance: int | None
    error: SaywireError


@dataclass(frozen=True, slots=True)
class Marked:
    id: int


@dataclass(frozen=True, slots=True)
class Finished:
    seconds: float
    """Audio heard in the whole session."""


Event = (
    Configured
    | SpeechStarted
    | SpeechStopped
    | Partial
    | Final
    | Cleared
    | Failed
    | Settled
    | Marked
    | Finished
)
