"""Which of a worker's events are echoes of what its predecessor said already? Pure.

Utterances are recognised by their numbers. Answers have none, so they are counted: a replay repeats those
that were given. Partials of a replay are held back until it has caught up, so that text never runs
backwards; a mark after the replay tells when, or one in it that a client still waits for.
"""

from __future__ import annotations

from .. import messages as m


class Echo:
    mark = m.Mark(-1)
    """Ends a replay; clients' marks are not negative."""

    def __init__(self) -> None:
        self.catching_up = False
        self._begun = False
        self._started = self._stopped = -1
        self._said: m.Partial | None = None
        self._held: m.Partial | None = None
        self._ended: set[int] = set()
        self._configured = self._cleared = 0

    def begin(self, configured: int, cleared: int) -> None:
        """A worker begins; it will repeat so many answers."""
        self.catching_up = self._begun
        self._begun = True
        self._held = None
        self._configured, self._cleared = configured, cleared

    def sift(self, event: m.Event) -> list[m.Event]:
        """What is news of it, behind what was held back until it came."""
        match event:
            case m.Partial() if self.catching_up:
                self._held = event
                return []
            case m.Marked():
                return [news for news in (self._catch_up(), event) if news and self._is_new(news)]
            case m.Failed(error=error) if error.fatal:
                return [event]
        return [event] if self._is_new(event) else []

    def _catch_up(self) -> m.Partial | None:
        """At any mark: one that is replayed had no answer, so what lies behind it was never told."""
        held, self._held = self._held, None
        self.catching_up = False
        return held

    def _is_new(self, event: m.Event) -> bool:
        match event:
            case m.SpeechStarted(utterance):
                new, self._started = utterance > self._started, max(utterance, self._started)
                return new
            case m.SpeechStopped(utterance):
                new, self._stopped = utterance > self._stopped, max(utterance, self._stopped)
                return new
            case m.Partial(utterance):
                new, self._said = utterance not in self._ended and event != self._said, event
                return new
            case m.Marked(id):
                return id != self.mark.id
            case m.Final(utterance=number) | m.Failed(utterance=int() as number):
                return self._end(number)
            case m.Cleared(number):
                return self._is_new_cleared(number)
            case m.Configured() | m.Failed():
                self._configured -= 1
                return self._configured < 0
            case m.Settled():
                self._ended = {number for number in self._ended if number >= event.utterance}
                return True
            case m.Finished():
                return True

    def _is_new_cleared(self, number: int | None) -> bool:
        self._cleared -= 1
        if number is not None:
            self._end(number)
        return self._cleared < 0

    def _end(self, number: int) -> bool:
        new = number not in self._ended
        self._ended.add(number)
        if self._held and self._held.utterance == number:
            self._held = None
        return new
