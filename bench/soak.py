"""Sessions that do everything at random while workers are killed: ``python -m bench.soak [SECONDS] [SEED]``.

Each session plays a script: speech of the samples, silence and noise, with commits, clears, configures and
marks at random places. The same script was played once before, whole and undisturbed; in the soak it is cut
at random, shares its worker with others, and the worker is killed (-9) under it every second or so. What the
session says must be the same. Afterwards nothing may be left: no session, process, socket or task, and the
memory of this process, the ingress, must be flat. Exit 1 when anything of this does not hold.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from saywire import messages as m
from saywire.client.samples import load_samples
from saywire.config import Config, EngineConfig
from saywire.engines import ENGINES, Entry
from saywire.runtime.pool import Pool
from saywire.server.run import run
from saywire.types import RATE, Options, Samples, Turns

SCRIPTS = 32
SESSIONS = 24
"""At a time."""
BETWEEN_KILLS = (0.3, 1.5)
AHEAD = 5
"""Marks a session may be ahead of their answers."""
FLAT = 1.1
"""Times the memory after the first third that may be used at the end."""
HAND = Turns(voice=False, threshold=1e-6)
NUMBERS = Entry("numbers", "fake:load", (), "", (), "exact")
ALONE = Entry("alone", "fake:load_single", (), "", (), "exact, adapts, one stream a process", shares=True)
ENTRIES = (NUMBERS, ALONE, *(entry for entry in ENGINES if entry.name == "tiny"))

Outcome = tuple[tuple[m.Event, ...], tuple[m.Event, ...]]


@dataclass(frozen=True, slots=True)
class Script:
    options: Options
    steps: tuple[m.Command, ...]
    """Without Finish."""

    @property
    def seconds(self) -> float:
        return sum(len(step.samples) for step in self.steps if isinstance(step, m.Audio)) / RATE


@dataclass(slots=True)
class Report:
    played: int = 0
    seconds: float = 0.0
    kills: int = 0
    wrong: list[str] = field(default_factory=list)
    ends: Counter[str] = field(default_factory=Counter)
    memory: list[int] = field(default_factory=list)
    pids: set[int] = field(default_factory=set)


def write_script(chance: random.Random, speech: Samples) -> Script:
    options = chance.choice(
        [
            Options(model="numbers", turns=HAND),
            Options(model="numbers"),
            Options(model="alone", turns=HAND),
            Options(model="tiny", language="en"),
            Options(model="tiny", language="en", turns=Turns(silence=0.2, padding=1.0)),
        ]
    )
    steps: list[m.Command] = [m.Configure(options)]
    for i in range(chance.randint(3, 12)):
        start = chance.randrange(len(speech) - RATE)
        audio = speech[start : start + chance.randint(100, 4 * RATE)]
        steps.append(m.Audio(chance.choice([audio, audio, audio, audio * 0, audio * 0.05])))
        other = Options(model=options.model, language=options.language, turns=Turns(silence=0.3))
        commands: list[m.Command] = [
            m.Commit(),
            m.Clear(),
            m.Mark(i),
            m.Configure(options),
            m.Configure(other),
        ]
        steps.append(chance.choice(commands))
    return Script(options, tuple(steps))


def cut(chance: random.Random, samples: Samples) -> list[Samples]:
    """In pieces of a few samples to half a second."""
    at, cuts = 0, [0]
    while at < len(samples):
        at += chance.choice([1, 160, 999, 1600, 8000])
        cuts.append(min(at, len(samples)))
    return [samples[a:b] for a, b in pairwise(cuts)]


class Player:
    """One session, its script, and what it said."""

    def __init__(self, pool: Pool, script: Script) -> None:
        self._script = script
        self._moved = asyncio.Event()
        self._session = pool.open(script.options, self._moved.set)
        self.events: list[m.Event] = []

    async def play(self, chance: random.Random | None = None) -> list[m.Event]:
        """With a source of chance: cut, and in jerks. Ends early where the session does."""
        for marks, step in enumerate(self._script.steps, 1):
            pieces = cut(chance, step.samples) if chance and isinstance(step, m.Audio) else None
            for command in [m.Audio(piece) for piece in pieces] if pieces else [step]:
                if self._over:
                    return self.events
                self._session.receive(command)
            self._session.receive(m.Mark(1000 + marks))
            await self._answered(marks - (AHEAD if chance else 0))
        if not self._over:
            self._session.receive(m.Finish())
        await self._answered(1 << 30)
        return self.events

    @property
    def _over(self) -> bool:
        self.events += self._session.events_to_send()
        return self._session.ended

    async def _answered(self, marks: int) -> None:
        while not self._over and sum(isinstance(e, m.Marked) and e.id >= 1000 for e in self.events) < marks:
            await self._moved.wait()
            self._moved.clear()


def summary(events: Sequence[m.Event]) -> Outcome:
    """What must be the same: the order of what is heard, and of what is decoded."""
    heard = m.SpeechStarted | m.SpeechStopped | m.Cleared | m.Configured
    decoded = m.Final | m.Failed | m.Marked | m.Finished
    return (
        tuple(event for event in events if isinstance(event, heard)),
        tuple(event for event in events if isinstance(event, decoded)),
    )


def find_fault(events: Sequence[m.Event], expected: Outcome) -> str | None:
    """Why this is not what an undisturbed session says."""
    ends = [
        e.utterance
        for e in events
        if isinstance(e, m.Final | m.Failed | m.Cleared) and e.utterance is not None
    ]
    if sorted(ends) != list(range(len(ends))):
        return f"utterances ended {Counter(ends)}"
    if not events or not isinstance(events[-1], m.Finished):
        return f"it ended with {events[-1] if events else None!r}"
    if summary(events) != expected:
        pairs = zip((*summary(events)[0], *summary(events)[1]), (*expected[0], *expected[1]), strict=False)
        return next(
            (f"{said!r} instead of {was!r}" for said, was in pairs if said != was), "fewer or more events"
        )
    return None


async def play_on(
    pool: Pool,
    scripts: Sequence[Script],
    expected: Sequence[Outcome],
    until: float,
    chance: random.Random,
    report: Report,
) -> None:
    """One session after the other."""
    while time.monotonic() < until:
        i = chance.randrange(len(scripts))
        events = await Player(pool, scripts[i]).play(chance)
        if fault := find_fault(events, expected[i]):
            report.wrong.append(f"script {i}: {fault}")
        report.played += 1
        report.seconds += scripts[i].seconds
        report.ends.update(type(e).__name__ for e in events if isinstance(e, m.Final | m.Failed | m.Cleared))


async def kill(pool: Pool, until: float, chance: random.Random, report: Report) -> None:
    """A worker now and then; notes memory meanwhile."""
    while time.monotonic() < until:
        await asyncio.sleep(chance.uniform(*BETWEEN_KILLS))
        report.pids.update(pool.processes)
        if pool.processes:
            with suppress(ProcessLookupError):
                os.kill(chance.choice(pool.processes), signal.SIGKILL)
                report.kills += 1
        gc.collect()
        report.memory.append(resident())


def resident() -> int:
    """Bytes of this process."""
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def handles() -> int:
    return len(os.listdir("/proc/self/fd"))


def alive(pids: set[int]) -> list[int]:
    return [pid for pid in pids if os.path.exists(f"/proc/{pid}")]


async def soak(pool: Pool, seconds: float, seed: int, report: Report) -> None:
    chance = random.Random(seed)
    speech = np.concatenate([sample.read() for sample in load_samples()])
    scripts = [write_script(chance, speech) for _ in range(SCRIPTS)]
    expected = [summary(await Player(pool, script).play()) for script in scripts]
    until = time.monotonic() + seconds
    async with asyncio.TaskGroup() as group:
        group.create_task(kill(pool, until, chance, report))
        for i in range(SESSIONS):
            group.create_task(play_on(pool, scripts, expected, until, random.Random(seed + i), report))
    if pool.sessions:
        report.wrong.append(f"{pool.sessions} sessions are left in the pool")
    if held := sum(crew.sessions for crew in pool.crews):
        report.wrong.append(f"{held} sessions are left in workers' links")
    report.pids.update(pool.processes)


def check_rest(report: Report, before: int) -> None:
    """What is left when the pool has stopped."""
    if pids := alive(report.pids):
        report.wrong.append(f"processes {pids} are left")
    if (left := handles()) > before:
        report.wrong.append(f"{left - before} handles are left")
    if tasks := asyncio.all_tasks() - {asyncio.current_task()}:
        report.wrong.append(f"{len(tasks)} tasks are left")
    third = len(report.memory) // 3
    if report.memory[third:] and max(report.memory[-3:]) > FLAT * max(report.memory[: third + 1]):
        report.wrong.append(f"memory grew: {[size >> 20 for size in report.memory]} MiB")


async def main(seconds: float, seed: int) -> int:
    logging.getLogger("saywire").setLevel(logging.ERROR)  # each killed worker is a warning
    config = Config(engine=EngineConfig(model="numbers", workers=2))
    async with Pool(config, ENTRIES):
        pass  # what libraries open once is open from here on
    before, report = handles(), Report()
    async with Pool(config, ENTRIES) as pool:
        await soak(pool, seconds, seed, report)
    check_rest(report, before)
    print(f"sessions {report.played}, audio {report.seconds:.0f} s, workers killed {report.kills}")
    print("utterances " + ", ".join(f"{kind} {count}" for kind, count in report.ends.items()))
    early, late = (report.memory[at] / 2**20 for at in (len(report.memory) // 3, -1))
    print(f"memory {early:.1f} MiB after a third, {late:.1f} at the end")
    print("\n".join(report.wrong) or "nothing wrong, nothing left")
    return bool(report.wrong)


if __name__ == "__main__":
    seconds, seed = [*sys.argv[1:], *("60", "1")[len(sys.argv) - 1 :]][:2]
    sys.exit(run(main(float(seconds), int(seed))))
