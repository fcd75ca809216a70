"""Drives a session as a worker does, with loudness for a voice detector: exact, and without a clock."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from saywire import messages as m
from saywire.core.session import START, Session
from saywire.engines.base import Engine
from saywire.engines.fake import FakeEngine
from saywire.types import RATE, Options, Samples

FRAME_SECONDS = 512 / RATE


def tone(seconds: float, level: float = 0.5) -> Samples:
    return np.full(round(seconds * RATE), level, np.float32)


def quiet(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), np.float32)


def loudness(frame: Samples) -> float:
    return float(np.abs(frame).max(initial=0) > 0.1)


class Drive:
    """``give`` commands; everything is heard and decoded at once. ``lag`` decodes only when told."""

    def __init__(
        self,
        engine: Engine | None = None,
        options: Options | None = None,
        resume: m.Settled = START,
        judge: Callable[[Samples], float] = loudness,
        lag: bool = False,
        turn_model: Callable[[Samples], float | None] | None = None,
    ) -> None:
        self.engine = engine or FakeEngine()
        self.session = Session(self.engine, options or Options(), resume, judged=turn_model is not None)
        self.events: list[m.Event] = []
        self._judge = judge
        self._turn_model = turn_model
        self._lag = lag

    def give(self, *commands: m.Command | Samples) -> list[m.Event]:
        """The events it brought."""
        before = len(self.events)
        for command in commands:
            self.session.receive(m.Audio(command) if isinstance(command, np.ndarray) else command)
            self.hear()
            if not self._lag:
                self.decode()
        return self.events[before:]

    def hear(self) -> None:
        while (frame := self.session.next_frame()) is not None:
            self.session.hear(self._judge(frame))
            if (question := self.session.take_question()) is not None:
                assert self._turn_model and self.session.next_frame() is None
                self.session.answer(self._turn_model(question))
        self.events += self.session.events_to_send()

    def decode(self, steps: int = 1 << 30) -> None:
        self.session.advance()
        while self.session.ready and steps:
            self.engine.decode([self.session.stream])
            self.session.advance()
            steps -= 1
        self.events += self.session.events_to_send()


class Late(Drive):
    """Hears, answers and decodes now and then, by chance."""

    def __init__(
        self, chance: random.Random, options: Options, turn_model: Callable[[Samples], float | None]
    ) -> None:
        super().__init__(options=options, turn_model=turn_model, lag=True)
        self._chance = chance
        self._question: Samples | None = None

    def hear(self) -> None:
        for _ in range(self._chance.randrange(80)):
            if self._question is not None:
                self._answer(self._question)
            elif (frame := self.session.next_frame()) is not None:
                self.session.hear(self._judge(frame))
                self._question = self.session.take_question()
        self.decode(self._chance.randrange(4))

    def _answer(self, question: Samples) -> None:
        assert self._turn_model
        if self._chance.random() < 0.1:
            self._question = None
            self.session.answer(self._turn_model(question))


def cut(samples: Samples, size: int) -> Iterable[Samples]:
    return (samples[i : i + size] for i in range(0, len(samples), size))


def finals(events: Sequence[m.Event]) -> list[m.Final]:
    return [event for event in events if isinstance(event, m.Final)]


def kinds(events: Sequence[m.Event]) -> list[str]:
    return [type(event).__name__ for event in events if not isinstance(event, m.Partial | m.Settled)]
