"""Finals of several channels, each heard by a session of its own, in the order in which they are said.

A channel may be silent for long, so a final waits until no other channel can have an earlier one: each
tells by its Settled from where on its next may begin. That is at the latest after its eight seconds of
silence, and what waits is text.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass

from ..messages import Event, Final, Finished, Settled
from ..types import RATE


@dataclass(frozen=True, slots=True)
class Turn:
    channel: int
    """From 0."""
    final: Final


class Conversation:
    def __init__(self, channels: int) -> None:
        self._reached = [0.0] * channels
        """Seconds, for each channel, before which no final of it begins any more."""
        self._waiting: list[tuple[float, int, int, Final]] = []

    def take(self, channel: int, event: Event) -> list[Turn]:
        """The turns that an event completes, by their start; of two at once the lower channel's first."""
        match event:
            case Final(start=start):
                self._reached[channel] = max(self._reached[channel], start)
                heapq.heappush(self._waiting, (start, channel, event.utterance, event))
            case Settled(position=position):
                self._reached[channel] = max(self._reached[channel], position / RATE)
            case Finished():
                self._reached[channel] = math.inf
        turns = []
        while self._waiting and self._waiting[0][0] <= min(self._reached):
            _, number, _, final = heapq.heappop(self._waiting)
            turns.append(Turn(number, final))
        return turns
