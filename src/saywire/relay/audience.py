"""Who is told what a relay hears, and how it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ..errors import SaywireError
from ..messages import Event, Final
from .journal import Gap, Journal


@dataclass(frozen=True, slots=True)
class State:
    connected: bool
    capturing: bool
    waiting: float
    """Seconds of audio that no server has heard."""
    lost: float
    """Seconds in all that nobody will hear."""


class Audience(Protocol):
    """Told at once; nothing of it may wait."""

    def hear(self, event: Event, captured: float) -> None:
        """``captured``: seconds of audio by now."""

    def lose(self, gap: Gap) -> None:
        """Audio is gone; a transcript should have a mark there."""

    def see(self, state: State) -> None:
        """At every change, and once for a second of audio."""

    def warn(self, message: str) -> None:
        """What a person should know."""

    def fail(self, error: SaywireError) -> None:
        """Capturing has failed."""


class Everybody:
    """Several, as one."""

    def __init__(self, audience: Sequence[Audience]) -> None:
        self._audience = audience

    def hear(self, event: Event, captured: float) -> None:
        for each in self._audience:
            each.hear(event, captured)

    def lose(self, gap: Gap) -> None:
        for each in self._audience:
            each.lose(gap)

    def see(self, state: State) -> None:
        for each in self._audience:
            each.see(state)

    def warn(self, message: str) -> None:
        for each in self._audience:
            each.warn(message)

    def fail(self, error: SaywireError) -> None:
        for each in self._audience:
            each.fail(error)


def recall(journal: Journal, audience: Audience) -> None:
    """Tell what was heard by those who were here before."""
    for line in journal.read():
        if line.final:
            audience.hear(line.final, line.final.end)
        if line.gap:
            audience.lose(line.gap)


def mark(gap: Gap) -> Final:
    """A gap as a line of a transcript."""
    return Final(-1, f"[{gap.end - gap.start:.1f} s of audio lost]", gap.start, gap.end)
