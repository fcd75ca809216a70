"""A whole server with a turn model that the real library runs, asked by sessions of the OpenAI wire."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection, connect

from engines.recordings import read
from engines.turn_nets import FILE, make_turn_model, whistle
from saywire.config import Config, EngineConfig, ModelsConfig, ServerConfig
from saywire.runtime.models import Store
from saywire.runtime.pool import Pool
from saywire.runtime.probe import probe
from saywire.server.run import Server
from saywire.types import RATE, Samples

pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: make test-turns")

STOP, DIGITS = read("computer-stop"), read("three-one-eight")
PATIENCE = {"low": 8.0, "medium": 4.0, "auto": 4.0, "high": 2.0}
SILENCE = {"low": 1.2, "medium": 0.8, "auto": 0.8, "high": 0.4}


def finished(speech: Samples) -> Samples:
    """With the whistle that the turn model waits for."""
    return speech + np.pad(whistle(0.5), (len(speech) - RATE // 2, 0))


def quiet(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), np.float32)


@dataclass
class Turn:
    text: str
    seconds: float
    """From its beginning to where its end was found."""
    end: float


@dataclass
class House:
    address: str
    store: Store
    pool: Pool

    async def hear(
        self, *audio: Samples, size: int = 1600, kill_at: float | None = None, **turn_detection: str
    ) -> list[Turn]:
        """The turns that end by themselves in the audio. ``kill_at``: the workers die when so many seconds
        were sent and the first turn has begun."""
        async with connect(f"ws://{self.address}/v1/realtime?intent=transcription") as ws:

            async def send(kind: str, **fields: object) -> None:
                await ws.send(json.dumps({"type": kind, **fields}))

            turns = {"type": "semantic_vad", **turn_detection}
            wish = {"format": {"type": "audio/pcm", "rate": RATE}, "turn_detection": turns}
            await send("session.update", session={"type": "transcription", "audio": {"input": wish}})
            pcm = (np.concatenate(audio) * 32767).astype("<i2").tobytes()
            events = []
            for start in range(0, len(pcm), 2 * size):
                if kill_at is not None and start >= kill_at * RATE * 2:
                    while not events or events[-1]["type"] != "input_audio_buffer.speech_started":
                        events.append(json.loads(await ws.recv()))
                    self.kill_workers()
                    kill_at = None
                piece = base64.b64encode(pcm[start : start + 2 * size]).decode()
                await send("input_audio_buffer.append", audio=piece)
            await send("input_audio_buffer.commit")
            return await self._collect(events, ws)

    def kill_workers(self) -> None:
        for pid in self.pool.processes:
            os.kill(pid, signal.SIGKILL)

    async def _collect(self, events: list[dict[str, Any]], ws: ClientConnection) -> list[Turn]:
        begun: dict[str, float] = {}
        ended: dict[str, float] = {}
        turns = []
        while True:
            event = events.pop(0) if events else json.loads(await ws.recv())
            match event["type"]:
                case "input_audio_buffer.speech_started":
                    begun[event["item_id"]] = event["audio_start_ms"] / 1000
                case "input_audio_buffer.speech_stopped":
                    ended[event["item_id"]] = event["audio_end_ms"] / 1000
                case "conversation.item.input_audio_transcription.completed":
                    item = event["item_id"]
                    if item not in ended:  # what the commit ended
                        return turns
                    turns.append(Turn(event["transcript"], ended[item] - begun[item], ended[item]))
                case "error":
                    raise AssertionError(event)


@asynccontextmanager
async def open_house(folder: Path, model: Path | None) -> AsyncIterator[House]:
    store = Store(folder)
    if model:
        store.add(model, "turns", (), probe)
    config = Config(
        ServerConfig(port=0),
        EngineConfig(model="tiny", language="en", workers=1),
        models=ModelsConfig(folder=str(folder)),
    )
    async with Pool(config) as pool:
        port = asyncio.get_running_loop().create_future()
        server = Server(config, pool, lambda _, number: port.set_result(number))
        serving = asyncio.create_task(server.serve())
        yield House(f"127.0.0.1:{await port}", store, pool)
        server.stop()
        await serving


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def house(runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    context = open_house(folder / "models", make_turn_model(folder / "smart"))
    yield runner.run(context.__aenter__())
    runner.run(context.__aexit__(None, None, None))


def after(turn: Turn, *audio: Samples) -> float:
    """Seconds from the end of some audio to where the end of the turn was found."""
    return turn.end - sum(map(len, audio)) / RATE


@pytest.mark.parametrize("eagerness", PATIENCE)
def test_who_has_finished_is_not_waited_for(runner: asyncio.Runner, house: House, eagerness: str) -> None:
    first, second = [quiet(0.5), finished(STOP)], [quiet(1.5), finished(DIGITS)]
    turns = runner.run(house.hear(*first, *second, quiet(1.0), eagerness=eagerness))
    assert [turn.text for turn in turns] == ["computer stop", "three one eight"]
    assert after(turns[0], *first) < 0.5 and after(turns[1], *first, *second) < 0.5


@pytest.mark.parametrize("eagerness", PATIENCE)
def test_who_has_not_is_waited_for(runner: asyncio.Runner, house: House, eagerness: str) -> None:
    """A pause that without a model would end the turn is only a pause."""
    wait = PATIENCE[eagerness]
    spoken = [quiet(0.5), STOP, quiet(1.5), DIGITS]
    (turn,) = runner.run(house.hear(*spoken, quiet(wait + 0.5), eagerness=eagerness))
    assert turn.text == "computer stop three one eight"
    assert after(turn, *spoken) == pytest.approx(wait, abs=0.5)


def test_turns_do_not_depend_on_how_audio_is_cut(runner: asyncio.Runner, house: House) -> None:
    audio = [quiet(0.3), STOP, quiet(0.7), finished(DIGITS), quiet(0.6), finished(STOP), quiet(1)]
    whole, *others = [runner.run(house.hear(*audio, size=size)) for size in (1 << 20, 160, 999)]
    assert [turn.text for turn in whole] == ["computer stop three one eight", "computer stop"]
    assert others == [whole, whole]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
@pytest.mark.parametrize("kill_at", [1.5, 2.2, 3.3])
def test_turns_are_the_same_when_workers_die(runner: asyncio.Runner, house: House, kill_at: float) -> None:
    audio = [quiet(0.3), STOP, quiet(0.7), finished(DIGITS), quiet(0.6), finished(STOP), quiet(1)]
    whole = runner.run(house.hear(*audio))
    assert runner.run(house.hear(*audio, kill_at=kill_at)) == whole


def test_voice_activity_alone_is_there_for_who_asks_for_it(runner: asyncio.Runner, house: House) -> None:
    turns = runner.run(house.hear(quiet(0.5), STOP, quiet(1.5), DIGITS, quiet(1.5), type="server_vad"))
    assert [turn.text for turn in turns] == ["computer stop", "three one eight"]


@pytest.mark.parametrize("eagerness", SILENCE)
def test_without_a_model_eagerness_is_a_silence(
    runner: asyncio.Runner, tmp_path: Path, eagerness: str
) -> None:
    async def main() -> list[Turn]:
        async with open_house(tmp_path, None) as house:
            return await house.hear(*spoken, quiet(1.5), eagerness=eagerness)

    spoken = [quiet(0.5), finished(STOP)]
    (turn,) = runner.run(main())
    assert after(turn, *spoken) == pytest.approx(SILENCE[eagerness], abs=0.2)


def test_a_model_that_is_broken_later_leaves_a_server_that_works(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def main() -> list[list[Turn]]:
        async with open_house(tmp_path / "models", make_turn_model(tmp_path / "m")) as house:
            path = house.store.folder / "turns" / FILE
            path.write_bytes(path.read_bytes().replace(b"ReduceSum", b"ReduceSam"))
            return [await house.hear(quiet(0.5), STOP, quiet(1.5), DIGITS, quiet(1.5)) for _ in range(2)]

    for turns in runner.run(main()):
        assert [turn.text for turn in turns] == ["computer stop", "three one eight"]
