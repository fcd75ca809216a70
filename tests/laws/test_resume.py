"""Law 1 for a client that is cut off: where it goes on, everything goes on the same.

Cut at random places, seeded: by one message or one answer more or less, with some of each on their way.
"""

from __future__ import annotations

import asyncio
import json
import random
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from laws.line import House, Line
from protocols.adapters import surroundings
from saywire import messages as m
from saywire.audio.pcm import to_alaw, to_mulaw, to_pcm16
from saywire.client.realtime import connect
from saywire.client.samples import find_sample
from saywire.client.wire import RealtimeWire
from saywire.config import Config, EngineConfig, ServerConfig
from saywire.engines import ENGINES, Entry
from saywire.engines.fake import Conduct, FakeEngine
from saywire.runtime.pool import Pool
from saywire.server.run import Server
from saywire.types import RATE, Options, Samples, Turns

WORLD = surroundings()
"""Of all servers: no id is given twice."""
CUTS = 6
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
def test_a_session_cut_at_random_says_the_same(rate: int, conduct: Conduct) -> None:
    dice = random.Random(rate)
    for _ in range(2):
        script = write_script(dice)
        houses = [House(FakeEngine(conduct)) for _ in range(2)]
        whole = Client(houses, rate, dice).play(script)
        assert len(outcome(whole)[1]) > 2
        for _ in range(3):
            client = Client(houses, rate, dice)
            events = client.play(script, dice.sample(range(1, len(script)), CUTS))
            assert client.connections == 1 + CUTS
            assert outcome(events) == outcome(whole)
            check_partials(events)


# A client that is not ours, after docs/resume.md, in every format.


@dataclass(frozen=True, slots=True)
class Format:
    type: str
    rate: int
    encode: Callable[[Samples], bytes]
    width: int = 2

    @property
    def shown(self) -> dict[str, object]:
        rate: dict[str, object] = {"rate": self.rate} if self.width == 2 else {}
        return {"type": self.type} | rate


FORMATS = (
    Format("audio/pcm", 24_000, to_pcm16),
    Format("audio/pcm", 8_000, to_pcm16),
    Format("audio/pcm", 11_025, to_pcm16),
    Format("audio/pcmu", 8_000, to_mulaw, 1),
    Format("audio/pcma", 8_000, to_alaw, 1),
)
CHUNK = 1_600


class Stranger:
    """Sends a recording, 1,600 samples at a time, and begins again where it was told when it is cut off."""

    def __init__(self, houses: Sequence[House], form: Format, samples: Samples) -> None:
        self.items: list[dict[str, Any]] = []
        self.previous: dict[str, str | None] = {}
        self._houses = houses
        self._form = form
        self._audio = form.encode(samples)
        self._place: dict[str, Any] = {}
        self._connections = 0

    def play(self, cuts: Sequence[int] = ()) -> list[dict[str, Any]]:
        """What was said of each item; it is cut off after so many samples, counted as they were sent."""
        for cut in (*cuts, None):
            self._talk(cut)
        return self.items

    def _talk(self, cut: int | None) -> None:
        line = Line(self._houses[self._connections % len(self._houses)], WORLD)
        self._connections += 1
        audio = {"input": {"format": self._form.shown}}
        update = {"type": "transcription", "audio": audio, "resume": self._place}
        self._say(line, {"type": "session.update", "event_id": "c1", "session": update})
        at = self._place.get("audio_start", 0)
        end = len(self._audio) // self._form.width
        while at < (end if cut is None else min(cut, end)):
            chunk = self._audio[at * self._form.width : (at + CHUNK) * self._form.width]
            self._say(line, {"type": "input_audio_buffer.append", "audio": b64encode(chunk).decode()})
            at += CHUNK
        if cut is None:
            self._say(line, {"type": "session.close"})

    def _say(self, line: Line, event: dict[str, Any]) -> None:
        line.say(json.dumps(event))
        while line.frames:
            self._hear(json.loads(line.frames.popleft()))

    def _hear(self, event: dict[str, Any]) -> None:
        assert event["type"] != "error", event
        match event["type"].rpartition(".")[2]:
            case "committed":
                self.previous[event["item_id"]] = event["previous_item_id"]
            case "completed":
                assert event["seq"] == len(self.items) + 1
                before = self.items[-1]["item_id"] if self.items else None
                assert self.previous[event["item_id"]] == before
                self.items.append(event)
            case "updated" if not self._place:
                self._place = event["session"]["resume"]
        if "resume" in event:
            self._place = event["resume"]


def said(items: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without what names a connection's own."""
    return [{k: v for k, v in item.items() if k not in ("event_id", "item_id", "resume")} for item in items]


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: f"{form.type[6:]}-{form.rate}")
def test_every_format_goes_on_to_the_last_bit(form: Format) -> None:
    dice = random.Random(form.rate)
    samples = np.concatenate([burst(dice) for _ in range(40)])
    houses = [House(FakeEngine(ADAPTING)) for _ in range(2)]
    whole = said(Stranger(houses, form, samples).play())
    assert len(whole) > 3 and whole[0]["words"] and whole[0]["end_sample"] > whole[0]["start_sample"]
    for _ in range(4):
        cuts = sorted(dice.sample(range(len(samples)), CUTS))
        assert said(Stranger(houses, form, samples).play(cuts)) == whole


# Real servers, real engines, real sockets.


ENTRIES = (
    *(entry for entry in ENGINES if entry.name == "tiny"),
    Entry("fake", "fake:load_single", (), "", (), "exact", shares=True),
)


@asynccontextmanager
async def serving(model: str) -> AsyncIterator[str]:
    """The address of a server's realtime wire."""
    config = Config(server=ServerConfig(port=0), engine=EngineConfig(model=model, workers=1))
    started: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    async with Pool(config, ENTRIES) as pool:
        server = Server(config, pool, lambda _, port: started.set_result(port))
        running = asyncio.create_task(server.serve())
        try:
            yield f"ws://127.0.0.1:{await started}/v1/realtime"
        finally:
            server.stop()
            await running


async def converse(
    addresses: Sequence[str], audio: Samples, cuts: Sequence[int], dice: random.Random
) -> list[m.Event]:
    """All that is said of the audio, by whoever is there, when the connection is cut at some samples."""
    async with connect(addresses) as session:

        async def speak() -> None:
            await session.send(m.Configure(Options(language="en")))
            for at in range(0, len(audio), CHUNK):
                await session.send(m.Audio(audio[at : at + CHUNK]))
                if any(at <= cut < at + CHUNK for cut in cuts):
                    for _ in range(dice.randrange(50)):
                        await asyncio.sleep(0)
                    session.drop()
            await session.send(m.Finish())

        speaking = asyncio.create_task(speak())
        events = [event async for event in session]
        await speaking
        assert session.connections > bool(cuts)
        return events


@pytest.mark.parametrize("model", ["tiny", "fake"])
def test_connections_that_are_cut_change_nothing(model: str) -> None:
    audio = find_sample("commands").read()
    dice = random.Random(6)

    async def compare() -> None:
        async with asyncio.timeout(300), serving(model) as first, serving(model) as second:
            whole = outcome(await converse([first], audio, (), dice))
            assert len(whole[1]) > 3
            for _ in range(8):
                cuts = dice.sample(range(len(audio)), dice.randrange(1, 4))
                events = await converse([first, second], audio, cuts, dice)
                assert outcome(events) == whole
                check_partials(events)

    asyncio.run(compare())
