"""A session that hears audio at the pace of real time, without anybody waiting for it.

Contract: chunks of 100 ms come when their last sample has been spoken, on a clock of the session's own, and
work takes the CPU time it took. So an engine that lags behind shows it, a machine that is busy with something
else does not, and an hour is over when its work is done. Voice, session and engine take turns on one core.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from saywire.audio.vad import VoiceDetector
from saywire.client.measure import Heard
from saywire.core.session import Session
from saywire.engines.base import Engine
from saywire.messages import Audio, Command, Finish
from saywire.types import RATE, Options, Samples

from .turned import cut


@dataclass(slots=True)
class Costs:
    """CPU seconds."""

    voice: float = 0.0
    session: float = 0.0
    engine: float = 0.0


class Player:
    """One session; ``heard`` is what it said and when, ``costs`` what that took."""

    def __init__(self, engine: Engine, detector: VoiceDetector, options: Options) -> None:
        self.heard: list[Heard] = []
        self.costs = Costs()
        self._engine = engine
        self._detector = detector
        self._session = Session(engine, options)
        self._now = 0.0

    def play(self, samples: Samples, *commands: Command) -> list[Heard]:
        """All of the audio, and at its end the commands, and Finish."""
        seconds = len(samples) / RATE
        waiting: deque[tuple[float, Command]] = deque()
        at = 0.0
        for chunk in cut(samples):
            at += len(chunk) / RATE
            waiting.append((at, Audio(chunk)))
        waiting.extend((seconds, command) for command in (*commands, Finish()))
        while not self._session.finished:
            if not self._session.ready and waiting:
                self._now = max(self._now, waiting[0][0])
            while waiting and waiting[0][0] <= self._now:
                self._session.receive(waiting.popleft()[1])
            self._hear()
            self.costs.session += self._take(self._session.advance)
            if self._session.ready:
                stream = self._session.stream
                self.costs.engine += self._take(lambda: self._engine.decode([stream]))  # noqa: B023
                self.costs.session += self._take(self._session.advance)
        return self.heard

    def _hear(self) -> None:
        session = self._session
        while (frame := session.next_frame()) is not None:
            began = time.process_time()
            (probability,), (session.voice,) = self._detector.judge(frame[None], [session.voice])
            voice = time.process_time() - began
            self._now += voice
            self.costs.voice += voice
            self.costs.session += self._take(lambda: session.hear(float(probability)))  # noqa: B023

    def _take(self, work: Callable[[], None]) -> float:
        """Do some work, and note what it said; the CPU seconds it took."""
        began = time.process_time()
        work()
        spent = time.process_time() - began
        self._now += spent
        self.heard += (Heard(event, self._now) for event in self._session.events_to_send())
        return spent
