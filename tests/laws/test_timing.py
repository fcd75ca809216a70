"""Laws 1 and 3 whoever runs first: at rest a client has been told what an unhurried session says.

The ingress's session is the real one, its workers are simulated: seats come late, messages and events wait on
their way, decoding lags behind, workers die. Chance says who makes the next step, so there is no clock, and a
seed that fails fails again.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from core.drive import Drive, loudness
from saywire import messages as m
from saywire.core.session import Session
from saywire.engines.fake import Conduct, FakeEngine
from saywire.runtime.hosted import Hosted
from saywire.runtime.link import Down, Drop, Open, Ping
from saywire.types import RATE, Hypothesis, Options, Samples, Turns

CONDUCTS = {
    "native": Conduct(),
    "adapting": Conduct(adapts=True),
    "doubting": Conduct(stability="agreement", tail=0.3, adapts=True),
    "unsure": Conduct(stability="none"),
}
SEEDS = 12
DEATH = 0.01
"""How often a step is the death of a worker, where workers die."""


class Place:
    """``hosted.Seat``: a worker of one session, which does a little at a time."""

    model = "fake"

    def __init__(self, world: World, hosted: Hosted) -> None:
        self._world = world
        self.hosted = hosted
        self._inbox: deque[Down] = deque()
        self._events: deque[m.Event] = deque()
        self._session: Session | None = None
        self._due = False
        """Whether the session has something to hear or to advance."""

    def send(self, message: Down) -> None:
        self._inbox.append(message)

    def leave(self) -> None:
        if self in self._world.places:
            self._world.places.remove(self)

    @property
    def steps(self) -> list[Callable[[], None]]:
        """All that could be done next."""
        session = self._session
        could: list[tuple[bool, Callable[[], None]]] = [
            (bool(self._inbox), self._take),
            (self._due, self._hear),
            (session is not None and session.ready, self._decode),
            (bool(self._events), self._tell),
        ]
        return [step for possible, step in could if possible]

    def _take(self) -> None:
        match self._inbox.popleft():
            case Open(options, resume):
                self._session = Session(self._world.engine, options, resume)
                self._events.append(m.Configured(options))
            case Drop() | Ping() as message:
                raise AssertionError(message)
            case command:
                assert self._session
                self._session.receive(command)
                self._due = True

    def _hear(self) -> None:
        assert self._session
        for _ in range(self._world.chance.choice([1, 4, 32])):
            frame = self._session.next_frame()
            if frame is None:
                self._due = False
                break
            self._session.hear(loudness(frame))
        self._advance()

    def _decode(self) -> None:
        assert self._session
        self._world.engine.decode([self._session.stream])
        self._advance()

    def _advance(self) -> None:
        assert self._session
        self._session.advance()
        self._events += self._session.events_to_send()

    def _tell(self) -> None:
        self.hosted.hear(self._events.popleft())


class World:
    """``hosted.Usher``, and who makes the next step."""

    def __init__(self, chance: random.Random, conduct: Conduct, death: float) -> None:
        self.chance = chance
        self.engine = FakeEngine(conduct)
        self.places: list[Place] = []
        self._waiting: list[Hosted] = []
        self._death = death

    def seat(self, hosted: Hosted, options: Options) -> None:
        self._waiting.append(hosted)

    def same_model(self, one: Options, other: Options) -> bool:
        return True

    def forget(self, hosted: Hosted) -> None:
        self._waiting = [one for one in self._waiting if one is not hosted]

    def step(self) -> bool:
        """False: all is at rest."""
        if self.places and self.chance.random() < self._death:
            self._kill(self.chance.choice(self.places))
            return True
        steps = [step for place in self.places for step in place.steps]
        if self._waiting:
            steps.append(self._seat_next)
        if steps:
            self.chance.choice(steps)()
        return bool(steps)

    def _seat_next(self) -> None:
        hosted = self._waiting.pop(0)
        self.places.append(Place(self, hosted))
        hosted.seated(self.places[-1])

    def _kill(self, place: Place) -> None:
        self.places.remove(place)
        place.hosted._deaths = 0  # nobody's audio is to blame
        place.hosted.lost(tried=False)


def burst(chance: random.Random) -> Samples:
    level = chance.choice([0.0, 0.0, 0.3, 0.6])
    noise = np.random.default_rng(chance.randrange(1 << 30))
    return noise.uniform(-level, level, chance.randrange(200, 24_000)).astype(np.float32)


def write_script(chance: random.Random) -> list[m.Command]:
    """Options once or several times, then audio and all that may lie in it."""
    options = Options(language="en", turns=Turns(silence=0.3, padding=0.2))
    script: list[m.Command] = [m.Configure(options)] * chance.randrange(1, 4)
    for number in range(chance.randrange(3, 25)):
        script.append(m.Audio(burst(chance)))
        match chance.randrange(12):
            case 0:
                script.append(m.Commit())
            case 1:
                script.append(m.Clear())
            case 2:
                options = replace(options, turns=replace(options.turns, silence=chance.choice([0.2, 0.6])))
                script.append(m.Configure(options))
            case 3:
                script.append(m.Audio(np.zeros(10 * RATE, np.float32)))
            case 4 | 5:
                script.append(m.Mark(number))
    return [*script, m.Finish()]


def outcome(events: Sequence[m.Event]) -> list[list[m.Event]]:
    """Hearing and decoding each keep their order; which of the two is ahead depends on the machine."""
    kinds = (m.SpeechStarted, m.SpeechStopped), (m.Final, m.Marked, m.Finished), (m.Configured,), (m.Cleared,)
    return [[event for event in events if isinstance(event, kind)] for kind in kinds]


def shown(events: Sequence[m.Event]) -> dict[int, Hypothesis]:
    """The newest text of what goes on."""
    newest: dict[int, Hypothesis] = {}
    for event in events:
        match event:
            case m.Partial(number, hypothesis):
                newest[number] = hypothesis
            case m.Final(utterance=number) | m.Cleared(int(number)):
                newest.pop(number, None)
            case _:
                pass
    return newest


def shown_at_marks(events: Sequence[m.Event]) -> list[dict[int, str]]:
    """What goes on when a mark is answered, but for what was thrown away: that may come earlier."""
    cleared = {event.utterance for event in events if isinstance(event, m.Cleared)}
    marks = [i for i, event in enumerate(events) if isinstance(event, m.Marked)]
    return [{n: h.text for n, h in shown(events[:i]).items() if n not in cleared} for i in marks]


class Client:
    """Gives a script in its own time to a hurried session and to an unhurried one."""

    def __init__(self, chance: random.Random, conduct: Conduct, death: float) -> None:
        self._chance = chance
        self._world = World(chance, conduct, death)
        self._session = Hosted(self._world, Options(), lambda: None, 6000.0)
        self._conduct = conduct
        self._options = Options()
        self._unhurried: Drive | None = None
        self._told: list[m.Event] = []
        self._expected: list[m.Event] = []

    def play(self, script: Sequence[m.Command]) -> None:
        pace = self._chance.choice([0, 1, 5, 40])
        for command in script:
            self._session.receive(command)
            self._expect(command)
            self._wait(self._chance.randrange(pace + 1))
            if self._chance.random() < 0.1:
                self.rest()
        self.rest()
        assert self._session.ended

    def rest(self) -> None:
        """Say nothing until there is nothing more to be heard."""
        self._wait(1 << 30)
        assert outcome(self._told) == outcome(self._expected)
        assert shown(self._told) == shown(self._expected)
        for told, expected in zip(shown_at_marks(self._told), shown_at_marks(self._expected), strict=True):
            assert all(told.get(n, "").startswith(text.rstrip("?")) for n, text in expected.items())

    def _wait(self, steps: int) -> None:
        while steps and self._world.step():
            steps -= 1
            self._told += self._session.events_to_send()

    def _expect(self, command: m.Command) -> None:
        match command:
            case m.Configure(options) if self._unhurried is None:
                self._expected.append(m.Configured(options))
                self._options = options
            case _:
                self._unhurried = self._unhurried or Drive(FakeEngine(self._conduct), self._options)
                self._expected += self._unhurried.give(command)


@pytest.mark.parametrize("death", [0.0, DEATH], ids=["alive", "dying"])
@pytest.mark.parametrize("conduct", CONDUCTS.values(), ids=CONDUCTS)
def test_whoever_runs_first_the_same_is_told(conduct: Conduct, death: float) -> None:
    for seed in range(SEEDS):
        chance = random.Random(seed)
        Client(chance, conduct, death).play(write_script(chance))
