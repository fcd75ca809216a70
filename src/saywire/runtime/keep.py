"""What of a session its next worker would have to hear: everything since it settled. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .. import messages as m
from ..types import Options, Samples

CRUMB = 1600
"""Samples; kept audio shorter than this grows by what comes next: each piece costs memory of its own."""


@dataclass(slots=True)
class Kept:
    command: m.Command
    end: int
    """Where the audio stands after it."""
    number: int
    """Of commands other than Audio, Mark and Finish, this one included, since the session's start."""
    answer: m.Event | None = None


class Keep:
    """Commands in order; ``note`` takes what the session says of them, and forgets what it can."""

    def __init__(self, options: Options) -> None:
        self.options = options
        """Those in force at ``settled``."""
        self.settled = m.Settled(0, 0, 0)
        self.position = 0
        """Samples of all audio ever added."""
        self.waiting = 0
        """Commands other than audio that are kept."""
        self._kept: deque[Kept] = deque()
        self._number = 0

    def begin(self, settled: m.Settled) -> None:
        """Before any audio: where it begins."""
        self.settled = settled
        self.position = settled.position

    def __len__(self) -> int:
        return len(self._kept)

    def add(self, command: m.Command) -> None:
        match command:
            case m.Audio(samples):
                self.position += len(samples)
                command = self._join(samples)
            case m.Mark() | m.Finish():
                self.waiting += 1
            case _:
                self.waiting += 1
                self._number += 1
        self._kept.append(Kept(command, self.position, self._number))

    def commands(self) -> Iterator[m.Command]:
        return (kept.command for kept in self._kept)

    def answered(self, kind: type[m.Configure] | type[m.Clear]) -> int:
        """How many of a kind have their answer already, and would get it again."""
        return sum(isinstance(kept.command, kind) and kept.answer is not None for kept in self._kept)

    def note(self, event: m.Event) -> None:
        match event:
            case m.Configured() | m.Failed(None):
                self._answer(m.Configure, event)
            case m.Cleared():
                self._answer(m.Clear, event)
            case m.Marked(id):
                self._forget_mark(m.Mark(id))
            case m.Settled():
                self._settle(event)
            case _:
                pass

    def _join(self, samples: Samples) -> m.Audio:
        """With the audio just before it, where that is but a crumb."""
        match self._kept:
            case [*_, Kept(m.Audio(crumb))] if len(crumb) < CRUMB:
                self._kept.pop()
                return m.Audio(np.concatenate([crumb, samples]))
            case _:
                return m.Audio(samples)

    def _forget_mark(self, mark: m.Mark) -> None:
        for i, kept in enumerate(self._kept):
            if kept.command == mark:
                del self._kept[i]
                self.waiting -= 1
                return

    def _answer(self, kind: type[m.Configure] | type[m.Clear], event: m.Event) -> None:
        for kept in self._kept:
            if isinstance(kept.command, kind) and kept.answer is None:
                kept.answer = event
                return

    def _settle(self, event: m.Settled) -> None:
        self.settled = event
        for kept in self._kept:
            if kept.number <= event.commands and isinstance(kept.answer, m.Configured):
                self.options = kept.answer.options
        self._kept = deque(rest for kept in self._kept if (rest := what_is_left(kept, event)))
        self.waiting = sum(not isinstance(kept.command, m.Audio) for kept in self._kept)


def what_is_left(kept: Kept, settled: m.Settled) -> Kept | None:
    """Of one kept command once the session settled; None: nothing. Pure."""
    match kept.command:
        case m.Audio(samples):
            fresh = min(kept.end - settled.position, len(samples))
            if fresh <= 0:
                return None
            return Kept(m.Audio(samples[len(samples) - fresh :]), kept.end, kept.number)
        case m.Mark() | m.Finish():
            return kept
        case _:
            return kept if kept.number > settled.commands else None
