"""What comes in from a connection, and what a place in the session is called there. Pure.

A session counts its samples at the house rate, and only the commands that it was given. Its connection knows
neither: it counts the samples that it gave, and all its commands. ``complete`` translates.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from .. import messages as m
from ..audio.inlet import Inlet
from ..audio.resample import clean
from ..types import Samples


class Intake:
    def __init__(self) -> None:
        self._inlet = Inlet()
        self._start = 0
        self._came = 0
        self._given: deque[int] = deque()  # the numbers here of those that the session counts next
        self._counted = 0  # that have settled, as the session counts
        self._settled = 0  # and as they came

    @property
    def heard(self) -> bool:
        """Whether there was any audio, be it so little that nothing has come of it yet."""
        return self._inlet.heard > self._start

    def take(self, command: m.Command) -> None:
        """A command has come."""
        self._came += _counts(command)

    def give(self, command: m.Command) -> None:
        """The command that came last goes to the session."""
        if _counts(command):
            self._given.append(self._came)

    def answer(self) -> None:
        """The oldest of the commands that never get to the session was answered before there was audio."""
        self._settled += 1

    def feed(self, audio: m.Audio) -> Samples:
        """At the house rate, as far as it is complete. Raises BadRequest for a rate beyond the limits."""
        return self._inlet.feed(clean(audio.samples), audio.rate)

    def flush(self) -> Samples:
        """The rest belongs before whatever comes now."""
        return self._inlet.flush()

    def resume(self, settled: m.Settled) -> None:
        """Before any audio: it goes on from here."""
        self._inlet = Inlet(settled.reentry, settled.position)
        self._start = self._inlet.heard

    def complete(self, settled: m.Settled, model: str) -> m.Settled:
        """For the connection; each at most once, in order."""
        while self._given and self._counted < settled.commands:
            self._counted += 1
            self._settled = self._given.popleft()
        reentry = self._inlet.find(settled.position)
        return replace(settled, commands=self._settled, model=model, reentry=reentry)


def _counts(command: m.Command) -> bool:
    return not isinstance(command, m.Audio | m.Finish | m.Mark)
