"""The whole life of a session and of an utterance, as two tables. Nothing else may change a state.

The session hears; its utterances are decoded behind it, so several may be ENDED at a time while the
next is OPEN already. ARCHITECTURE.md shows the same tables as a picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from typing import TypeVar

from ..errors import OutOfOrder


class Hearing(Enum):
    QUIET = auto()  # no utterance is open
    SPEAKING = auto()  # one is
    FINISHED = auto()  # no more audio will come


class Heard(Enum):
    VOICE = auto()  # the voice detector opened an utterance
    SILENCE = auto()  # or ended it
    LENGTH = auto()  # it became too long
    COMMIT = auto()
    CLEAR = auto()
    FINISH = auto()


HEARING: Mapping[Hearing, Mapping[Heard, Hearing]] = {
    Hearing.QUIET: {
        Heard.VOICE: Hearing.SPEAKING,
        Heard.COMMIT: Hearing.QUIET,
        Heard.CLEAR: Hearing.QUIET,
        Heard.FINISH: Hearing.FINISHED,
    },
    Hearing.SPEAKING: {
        Heard.SILENCE: Hearing.QUIET,
        Heard.LENGTH: Hearing.QUIET,
        Heard.COMMIT: Hearing.QUIET,
        Heard.CLEAR: Hearing.QUIET,
        Heard.FINISH: Hearing.FINISHED,
    },
    Hearing.FINISHED: {},
}


class Life(Enum):
    OPEN = auto()  # its audio is still coming
    ENDED = auto()  # all its audio is there; what is left is to decode it
    FINAL = auto()
    FAILED = auto()
    CLEARED = auto()


class Fate(Enum):
    END = auto()
    DECODED = auto()
    ERROR = auto()
    CLEAR = auto()


LIFE: Mapping[Life, Mapping[Fate, Life]] = {
    Life.OPEN: {Fate.END: Life.ENDED, Fate.CLEAR: Life.CLEARED},
    Life.ENDED: {Fate.DECODED: Life.FINAL, Fate.ERROR: Life.FAILED},
    Life.FINAL: {},
    Life.FAILED: {},
    Life.CLEARED: {},
}

S = TypeVar("S", bound=Enum)
T = TypeVar("T", bound=Enum)


def after(table: Mapping[S, Mapping[T, S]], state: S, trigger: T) -> S:
    """Raises OutOfOrder for a step the table does not have."""
    try:
        return table[state][trigger]
    except KeyError:
        raise OutOfOrder(f"{trigger.name} cannot happen while {state.name}") from None
