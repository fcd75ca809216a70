"""Law 1 for a client that is cut off: where it goes on, everything goes on the same.

Cut at random places, seeded: by one message or one answer more or less, with some of each on their way.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from laws.line import House, Line
from protocols.adapters import surroundings
from saywire import messages as m
from saywire.client.wire import RealtimeWire
from saywire.engines.fake import Conduct, FakeEngine
from saywire.types import RATE, Options, Samples, Turns

WORLD = surroundings()
"""Of all servers: no id is given twice."""
ADAPTING = Conduct(adapts=True)
DOUBTING = Conduct(adapts=True, stability="agreement", tail=0.3)


def burst(dice: random.Random) -> Samples:
    """Something loud or something quiet, often for long."""
    level = dice.choice([0.0, 0.0, 0.3, 0.6])
    noise = np.random.default_rng(dice.randrange(1 << 30)).uniform(-level, level, dice.randrange(200, 24_000))
    return noise.astype(np.float32)


def write_script(dice: random.Random) -> list[m.Command]:
    """Audio, and all that may lie in it."""
    turns = Turns(silence=0.3, padding=0.2)
    script: list[m.Command] = [m.Configure(Options(language="en", turns=turns))]
    for _ in range(40):
        script.append(m.Audio(burst(dice)))
        match dice.randrange(12):
            case 0:
                script.append(m.Commit())
            case 1:
                script.append(m.Clear())
            case 2:
                turns = replace(turns, silence=dice.choice([0.2, 0.3, 0.6]))
                script.append(m.Configure(Options(language="en", turns=turns)))
            case 3:
                script.append(m.Audio(np.zeros(10 * RATE, np.float32)))
            case 4:
                turns = replace(turns, voice=not turns.voice)
                script.append(m.Configure(Options(language="en", turns=turns)))
    return [*script, m.Finish()]


class Client:
    """Gives a script to servers in turn, and is cut off from each after so many messages."""

    def __init__(self, houses: Sequence[House], rate: int, dice: random.Random) -> None:
        self.wire = RealtimeWire(rate)
        self.events: list[m.Event] = []
        self.connections = 1
        self._houses = houses
        self._dice = dice
        self._line = Line(houses[0], WORLD)

    def play(self, script: Sequence[m.Command], cuts: Sequence[int] = ()) -> list[m.Event]:
        for number, command in enumerate(script):
            self.wire.send(command)
            self.talk(self._dice.randrange(1, 4))
            if number in cuts:
                self.cut()
        while not self.wire.finished:
            self.talk(1 << 30)
        return self.events

    def talk(self, most: int) -> None:
        """Some messages go out, some come in."""
        for _ in range(most):
            frame = self.wire.next_frame()
            if frame is not None:
                self._line.say(frame)
            heard = bool(self._line.frames)
            for _ in range(self._dice.randrange(1, 9)):
                if self._line.frames:
                    self.events += self.wire.receive(self._line.frames.popleft())
            if frame is None and not heard:
                return

    def cut(self) -> None:
        assert self.wire.resumable
        if self._dice.random() < 0.5:
            self._line.cut()
        self._line = Line(self._houses[self.connections % len(self._houses)], WORLD)
        self.connections += 1
        self.wire.reconnect()


def outcome(events: Sequence[m.Event]) -> list[list[object]]:
    """Hearing and decoding each keep their order; which of the two is ahead depends on the machine."""
    heard = (m.SpeechStarted, m.SpeechStopped), (m.Final, m.Failed, m.Finished), (m.Configured,), (m.Cleared,)
    return [[comparable(event) for event in events if isinstance(event, kinds)] for kinds in heard]


def comparable(event: m.Event) -> object:
    """An error is equal to itself only."""
    return (event.utterance, event.error.message) if isinstance(event, m.Failed) else event


def check_partials(events: Sequence[m.Event]) -> None:
    """Law 4 holds across connections, and nothing is said of an utterance that has ended."""
    stable: dict[int, str] = {}
    ended: set[int | None] = set()
    for event in events:
        match event:
            case m.Partial(number, hypothesis):
                assert number not in ended
                told = hypothesis.text[: hypothesis.stable]
                assert told.startswith(stable.get(number, ""))
                stable[number] = told
            case m.Final(utterance=number, text=text):
                assert text.startswith(stable.get(number, ""))
                ended.add(number)
            case m.Cleared(number):
                ended.add(number)
            case _:
                pass


@pytest.mark.parametrize("rate", [16_000, 24_000, 8_000, 44_100])
@pytest.mark.parametrize("conduct", [ADAPTING, DOUBTING], ids=["stable", "doubting"])
@pytest.mark.parametrize("seed", range(4))
def test_a_session_cut_at_random_says_the_same(rate: int, conduct: Conduct, seed: int) -> None:
    dice = random.Random(seed)
    script = write_script(dice)
    houses = [House(FakeEngine(conduct)) for _ in range(2)]
    whole = Client(houses, rate, random.Random(seed)).play(script)
    assert len(outcome(whole)[1]) > 5
    for _ in range(5):
        cuts = dice.sample(range(1, len(script)), 6)
        client = Client(houses, rate, dice)
        events = client.play(script, cuts)
        assert client.connections == 7
        assert outcome(events) == outcome(whole)
        check_partials(events)
