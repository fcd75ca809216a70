"""What a replay tells of speed and correctness, in the field's own measures. Pure arithmetic.

Times are seconds on the replay's clock, on which second t of the audio is sent at t: what is heard of
it can only be later. A final's latency holds the silence that the server waits for; whoever shows it
shows that setting beside it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from ..messages import Event, Final, Partial


@dataclass(frozen=True, slots=True)
class Heard:
    event: Event
    at: float
    """When the client received it."""


@dataclass(frozen=True, slots=True)
class Said:
    """What is truly in the audio, by its maker."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds; None or empty where there is nothing to measure."""

    first_partial: float | None
    """From the first sample sent to the first text."""
    first_partial_from_speech: float | None
    """From the true beginning of speech to the first text."""
    finals: tuple[float, ...]
    """From the true end of each utterance to its final."""
    after_stop: tuple[float, ...]
    """From each of the client's commits to the final it asked for."""
    partial_lag: float | None
    """95th percentile of how far a partial's last word is behind; None without times of words."""


def measure(heard: Sequence[Heard], said: Sequence[Said], stops: Sequence[float] = ()) -> Latency:
    """``stops``: when the client committed."""
    finals = [(x.event, x.at) for x in heard if isinstance(x.event, Final) and x.event.text]
    partials = [(x.event.hypothesis, x.at) for x in heard if isinstance(x.event, Partial)]
    first = next((at for hypothesis, at in partials if hypothesis.text), None)
    lags = [at - hypothesis.words[-1].end for hypothesis, at in partials if hypothesis.words]
    return Latency(
        first,
        first - said[0].start if first is not None and said else None,
        tuple(at - _nearest(final, said).end for final, at in finals) if said else (),
        tuple(min(after) for stop in stops if (after := [at - stop for _, at in finals if at >= stop])),
        percentile(lags, 95) if lags else None,
    )


def _nearest(final: Final, said: Sequence[Said]) -> Said:
    """The utterance that a final is most likely of: the one it shares most time with."""
    return max(said, key=lambda one: min(one.end, final.end) - max(one.start, final.start))


def percentile(values: Sequence[float], percent: float) -> float:
    """Linear between the nearest ranks, as numpy's. Raises ValueError for no values."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no values")
    place = (len(ordered) - 1) * percent / 100
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


@dataclass(frozen=True, slots=True)
class Stability:
    changed: int
    """Words of partials that the next partial, or the final, did not have in their place."""
    words: int
    """Of the finals."""

    def __add__(self, other: Stability) -> Stability:
        return Stability(self.changed + other.changed, self.words + other.words)

    @property
    def upwr(self) -> float:
        """Unstable partial word ratio (Shangguan et al. 2020, arXiv 2006.01416); 0 is best, 1 no bound."""
        return self.changed / self.words if self.words else float(self.changed > 0)


def measure_stability(heard: Sequence[Heard]) -> Stability:
    """How much of what was shown was taken back. A word counts anew each time that it is; what follows
    the first word of a text that changed is taken back with it, for it moves on the screen."""
    shown: dict[int, list[str]] = {}
    changed = words = 0
    for event in (one.event for one in heard):
        if isinstance(event, Partial):
            now = to_words(event.hypothesis.text)
        elif isinstance(event, Final):
            now = to_words(event.text)
            words += len(now)
        else:
            continue
        before = shown.get(event.utterance, [])
        kept = next((i for i, (a, b) in enumerate(zip(before, now, strict=False)) if a != b), len(now))
        changed += max(0, len(before) - kept)
        shown[event.utterance] = now
    return Stability(changed, words)


@dataclass(frozen=True, slots=True)
class Errors:
    wrong: int
    """Words to put in, take out or replace."""
    words: int
    """Of the reference."""

    @property
    def rate(self) -> float:
        return self.wrong / self.words if self.words else float(self.wrong > 0)


def count_errors(reference: str, heard: str) -> Errors:
    """Word errors, case and punctuation apart; a Chinese character counts as a word."""
    expected, found = to_words(reference), to_words(heard)
    return Errors(_distance(expected, found), len(expected))


_WORD = re.compile(r"[\u2e80-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff]|[^\W_]+(?:['\u2019][^\W_]+)*")


def to_words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text).lower())


def _distance(one: Sequence[str], other: Sequence[str]) -> int:
    """Levenshtein's."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        diagonal, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (a != b))
    return row[-1]
