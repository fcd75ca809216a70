"""What a program was told already, so that a session which goes on elsewhere repeats nothing. Pure.

The server it goes on with says again what the one before said since the last point. Utterances are
recognised by their numbers. A partial that is only on its way to what was shown is held back, so that text
does not run backwards because a connection broke.
"""

from __future__ import annotations

from .. import messages as m
from ..types import Hypothesis


class Told:
    def __init__(self) -> None:
        self._started = self._stopped = -1
        self._ended: set[int] = set()
        self._shown: dict[int, Hypothesis] = {}
        self._behind: dict[int, Hypothesis] = {}

    def repeat(self, utterance: int) -> None:
        """All from this utterance on is said again."""
        self._ended = {number for number in self._ended if number >= utterance}
        self._behind = dict(self._shown)

    @property
    def next(self) -> int:
        """Behind all utterances that anything was told of."""
        return max(self._started, *self._ended, *self._shown, -1) + 1

    def abandon(self, utterance: int) -> list[int]:
        """Those from this one on that began and did not end: they count as ended."""
        begun = {*range(utterance, self._started + 1), *self._shown} - self._ended
        self._ended |= begun
        self._shown.clear()
        return sorted(begun)

    def is_new(self, event: m.Event) -> bool:
        match event:
            case m.SpeechStarted(number):
                new, self._started = number > self._started, max(number, self._started)
                return new
            case m.SpeechStopped(number):
                new, self._stopped = number > self._stopped, max(number, self._stopped)
                return new
            case m.Partial(number, hypothesis):
                return number not in self._ended and self._is_ahead(number, hypothesis)
            case m.Final(utterance=number) | m.Failed(utterance=int() as number) | m.Cleared(int() as number):
                new = number not in self._ended
                self._ended.add(number)
                self._shown.pop(number, None)
                return new
            case _:
                return True

    def _is_ahead(self, utterance: int, now: Hypothesis) -> bool:
        """Whether it is more, or something else, than was shown."""
        shown = self._behind.get(utterance)
        if shown and is_on_its_way(now, shown):
            return False
        self._behind.pop(utterance, None)
        self._shown[utterance] = now
        return True


def is_on_its_way(now: Hypothesis, shown: Hypothesis) -> bool:
    """Whether a hypothesis may yet become one that was shown. Pure."""
    if now.stable < shown.stable:
        return shown.text.startswith(now.text[: now.stable])
    return now.text != shown.text and shown.text.startswith(now.text)
