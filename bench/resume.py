"""Streams that are interrupted, and go on elsewhere: ``python -m bench.resume [CUTS] [SEED] [MODEL]``.

Two servers in processes of their own. A stream is given to one of them, faster than real time, and at a
random place its connection is cut, or its server is killed (-9) with all its processes, or asked to stop
(SIGTERM). Our own client then goes on by itself: with the other server, or after a cut connection, which the
server may not have noticed yet, with the same. What is said must be what is said of the same audio without
interruption, in all words and times, each exactly once. Exit 1 where it is not. Linux only.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from tempfile import TemporaryDirectory

import numpy as np

from saywire import messages as m
from saywire.client.measure import percentile
from saywire.client.realtime import RealtimeSession, connect
from saywire.client.samples import find_sample
from saywire.server.run import listen, run
from saywire.types import RATE, Options, Samples

from .processes import find_tree
from .running import environment, read_address

RATES = (16_000, 24_000, 8_000)
"""Of the audio on the wire."""
CHUNK = RATE // 10
PACE = 20
"""Times real time."""
CUT, KILL, STOP = "connection cut", "server killed", "server stopped"
SAME = (m.SpeechStarted, m.SpeechStopped, m.Final, m.Failed, m.Finished)

Outcome = list[list[m.Event]]


class Place:
    """Where a server is: always at the same port, whoever serves there."""

    def __init__(self, model: str) -> None:
        with listen("127.0.0.1", 0) as free:
            port = free.getsockname()[1]
        self.address = f"ws://127.0.0.1:{port}/v1/realtime"
        self._arguments = ["-m", "saywire", "serve", "--port", str(port), "--model", model]
        self._home = TemporaryDirectory()
        self._process: subprocess.Popen[str] | None = None
        self._stopping = False

    def serve(self) -> None:
        """Until it accepts connections; without effect where it does. Raises RuntimeError when it cannot."""
        if self._stopping:
            self.close()
        if self._process:
            return
        self._process = subprocess.Popen(
            [sys.executable, *self._arguments],
            cwd=self._home.name,
            env=environment(self._home.name),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        if read_address(self._process) is None:
            raise RuntimeError(f"no server came of {' '.join(self._arguments)}")

    def kill(self) -> None:
        assert self._process
        for pid in list(find_tree(self._process.pid)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.close()

    def stop(self) -> None:
        """Ask it to; it may take its time."""
        assert self._process
        self._process.terminate()
        self._stopping = True

    def close(self) -> None:
        """Idempotent."""
        process, self._process, self._stopping = self._process, None, False
        if process:
            process.terminate()
            process.communicate()


@dataclass(slots=True)
class Report:
    same: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    outages: list[float] = field(default_factory=list)
    """Seconds from an interruption until the client is there again."""
    connections: int = 0


@dataclass(frozen=True, slots=True)
class Cut:
    """An interruption: how, and after how many samples."""

    way: str
    at: int


async def play(
    places: Sequence[Place], rate: int, audio: Samples, report: Report, cut: Cut | None = None
) -> Outcome:
    """What is said of the audio; the first place is called first."""
    async with connect([place.address for place in places], rate=rate) as session:
        speaking = asyncio.create_task(speak(session, places[0], audio, report, cut))
        events = [event async for event in session]
        await speaking
        report.connections += session.connections
        return [[event for event in events if isinstance(event, kind)] for kind in SAME]


async def speak(
    session: RealtimeSession, place: Place, audio: Samples, report: Report, cut: Cut | None
) -> None:
    loop = asyncio.get_running_loop()
    began, interrupted = loop.time(), 0.0
    await session.send(m.Configure(Options(language="en")))
    for at in range(0, len(audio), CHUNK):
        await asyncio.sleep(began + at / RATE / PACE - loop.time())
        if cut and at <= cut.at < at + CHUNK:
            interrupted = loop.time()
            interrupt(session, place, cut.way)
        await session.send(m.Audio(audio[at : at + CHUNK]))
        if interrupted and session.connections > 1:
            report.outages.append(loop.time() - interrupted)
            interrupted = 0.0
    await session.send(m.Finish())


def interrupt(session: RealtimeSession, place: Place, way: str) -> None:
    match way:
        case "connection cut":
            session.drop()
        case "server killed":
            place.kill()
        case _:
            place.stop()


async def bench(places: Sequence[Place], cuts: int, dice: random.Random) -> Report:
    audio = np.concatenate([find_sample("commands").read(), find_sample("dictation").read()])
    report = Report()
    expected = {rate: await play(places[:1], rate, audio, report) for rate in RATES}
    report.connections = 0
    for number in range(cuts):
        for place in places:
            await asyncio.to_thread(place.serve)
        cut = Cut(dice.choice((CUT, KILL, STOP)), dice.randrange(len(audio)))
        rate, order = dice.choice(RATES), places if dice.random() < 0.5 else places[::-1]
        if cut.way == CUT and dice.random() < 0.5:
            order = order[:1]
        said = await play(order, rate, audio, report, cut)
        if said == expected[rate]:
            report.same[cut.way] += 1
        else:
            report.wrong.append(f"{number}: {cut.way} after sample {cut.at}, at {rate} Hz")
    return report


def show(report: Report, cuts: int) -> None:
    print(f"the same {report.same.total()} of {cuts}: ", end="")
    print(", ".join(f"{way} {report.same[way]}" for way in (CUT, KILL, STOP)))
    outages = ", ".join(f"{percentile(report.outages, p) * 1000:.0f}" for p in (50, 95, 100))
    print(f"until the client was there again, p50/p95/max: {outages} ms; connections {report.connections}")
    print("\n".join(report.wrong), end="\n" * bool(report.wrong))


async def main(cuts: int, seed: int, model: str) -> int:
    places = (Place(model), Place(model))
    try:
        for place in places:
            place.serve()
        report = await bench(places, cuts, random.Random(seed))
    finally:
        for place in places:
            place.close()
    show(report, cuts)
    return bool(report.wrong)


if __name__ == "__main__":
    cuts, seed, model = [*sys.argv[1:], *("100", "1", "tiny")[len(sys.argv) - 1 :]][:3]
    sys.exit(run(main(int(cuts), int(seed), model)))
