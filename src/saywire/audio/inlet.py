"""Audio of any rate in, audio of the house's rate out, in such a way that it can begin again elsewhere.

A resampler remembers, looks ahead, works in blocks and rounds differently at each place of a block: begun
in mid-stream it never again gives the same numbers, only nearly the same. So an Inlet cuts its output into
seconds, and each is made by a filter of its own, which begins ``LEAD`` early: a second is a function of the
input around it, whoever makes it and however the input was cut. To begin again at a position, an Inlet has to
be fed from ``LEAD`` before the second the position lies in, and throws away what comes out before it. This
takes 20 us for 100 ms at 24 kHz where one filter for all takes 14, and holds back no more than that.

Where the rates are equal nothing is resampled, and an Inlet may begin anywhere.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import ceil, gcd

import numpy as np

from ..errors import BadRequest
from ..messages import Reentry
from ..types import RATE, Samples
from .resample import Resampler, check_rate

SECOND = RATE
"""Samples of the output that one filter makes."""
LEAD = 0.05
"""Seconds, at least, that a filter hears before its own: after 10 ms it says the same as one that heard all
(8 kHz; from 24 kHz after 5 ms), but for the last bit."""
PIECE = 0.25
"""Seconds of input that a filter is fed at a time: how far it may run beyond its own second, in vain."""


def lead_of(rate: int) -> int:
    """Output samples by which a filter for an input rate begins early: a whole number of input, too."""
    step = RATE // gcd(RATE, rate)
    return ceil(LEAD * RATE / step) * step


class Inlet:
    """Positions count output samples from the session's first; ``heard`` counts input samples likewise."""

    def __init__(self, start: Reentry | None = None, position: int = 0) -> None:
        """``start``: where it goes on, and the position of the first sample that comes out then."""
        self._start = start or Reentry()
        self.heard = self._start.heard
        self.position = position
        self._filter: Seconds | None = None
        self._rate = 0
        self._stretches = deque([_Stretch(self.heard, position, 0, RATE)])

    def feed(self, samples: Samples, rate: int) -> Samples:
        """What is complete by now. Raises BadRequest, with nothing changed, for a rate beyond the limits."""
        check_rate(rate)
        if self._start.known and rate != self._start.rate:
            raise BadRequest(f"the audio goes on in mid-stream, at {self._start.rate} Hz, not at {rate}")
        before = np.empty(0, np.float32)
        if self._rate != rate:
            before = self.flush()
            self._rate = rate
        if not self._filter:
            self._begin(rate)
        assert self._filter
        self.heard += len(samples)
        fresh = self._filter.feed(samples)
        self.position += len(fresh)
        return np.concatenate([before, fresh]) if len(before) else fresh

    def flush(self) -> Samples:
        """The rest of what was fed: what comes now does not join it."""
        if not self._filter:
            return np.empty(0, np.float32)
        rest = self._filter.flush()
        self._filter = None
        self.position += len(rest)
        self._stretches.append(_Stretch(self.heard, self.position, 0, self._rate))
        return rest

    def find(self, position: int) -> Reentry:
        """Where to begin again to get what lies after a position that has come out; positions only rise."""
        while len(self._stretches) > 1 and self._stretches[1].position <= position:
            self._stretches.popleft()
        return self._stretches[0].find(position)

    def _begin(self, rate: int) -> None:
        start, self._start = self._start, Reentry()
        self._filter = Seconds(rate, start.lead, start.known)
        # In place of the one that began with the last flush, when the rate was not known.
        self._stretches[-1] = _Stretch(self.heard, self.position - start.known, start.lead, rate)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Input that was filtered in one go."""

    heard: int
    position: int
    """Of the first sample that its first filter gave, thrown away or not."""
    lead: int
    rate: int

    def find(self, position: int) -> Reentry:
        offset = position - self.position
        if self.rate == RATE:
            return Reentry(self.heard + offset, self.rate)
        second, known = divmod(offset - self.lead, SECOND)
        if second <= 0:
            return Reentry(self.heard, self.rate, offset, self.lead)
        lead = lead_of(self.rate)
        early = (self.lead + second * SECOND - lead) * self.rate // RATE
        return Reentry(self.heard + early, self.rate, lead + known, lead)


class Seconds:
    """One stream at another rate; each second of it by a filter of its own."""

    def __init__(self, rate: int, lead: int = 0, known: int = 0) -> None:
        """``lead``: of the first second; ``known``: output samples that are thrown away at the beginning."""
        self._rate = rate
        self._filter = Resampler(rate, RATE)
        self._lead = lead_of(rate)
        self._drop = known
        self._left = lead + SECOND
        """Output that this filter is still to make."""
        self._room = (lead + SECOND - self._lead) * rate // RATE
        """Input until that of the next filter begins."""
        self._next: list[Samples] = []
        """The input of the next filter so far."""

    def feed(self, samples: Samples) -> Samples:
        if self._rate == RATE:
            return samples
        piece = ceil(self._rate * PIECE)
        return _join([self._feed(samples[at : at + piece]) for at in range(0, len(samples), piece)])

    def flush(self) -> Samples:
        """The rest; nothing may be fed after it."""
        if self._rate == RATE:
            return np.empty(0, np.float32)
        made = [self._take(self._filter.flush())]
        while self._next and not self._left:
            made += [self._take(self._hear(self._turn())), self._take(self._filter.flush())]
        return _join(made)

    def _feed(self, samples: Samples) -> Samples:
        made = [self._take(self._hear(samples))]
        while not self._left:
            made.append(self._take(self._hear(self._turn())))
        return _join(made)

    def _hear(self, samples: Samples) -> Samples:
        if len(samples) > self._room:
            self._next.append(samples[self._room :])
        self._room = max(self._room - len(samples), 0)
        return self._filter.feed(samples)

    def _take(self, made: Samples) -> Samples:
        """Of what the filter made, what is its to make and is wanted."""
        made = made[: self._left]
        self._left -= len(made)
        wanted = made[self._drop :]
        self._drop -= len(made) - len(wanted)
        return wanted

    def _turn(self) -> Samples:
        """The next second begins: what its filter has to hear first."""
        heard, self._next = _join(self._next), []
        self._filter.reset()
        self._drop += self._lead
        self._left = self._lead + SECOND
        self._room = SECOND * self._rate // RATE
        return heard


def _join(parts: list[Samples]) -> Samples:
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.empty(0, np.float32)


def check_reentry(reentry: Reentry) -> None:
    """Raises BadRequest for a place that no Inlet would name."""
    check_rate(reentry.rate)
    lead, step = reentry.lead, RATE // gcd(RATE, reentry.rate)
    most = 0 if reentry.rate == RATE else lead + SECOND
    if reentry.heard < 0 or lead % step or not 0 <= lead <= SECOND or not lead <= reentry.known <= most:
        raise BadRequest("no audio can be given again from there")
