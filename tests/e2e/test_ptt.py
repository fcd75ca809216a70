"""A client of the push-to-talk services, on the real engine: it reads one answer to each message it sends."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from e2e.house import House, at_home, open_house, talk
from saywire.audio.pcm import to_pcm16


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with open_house() as house:
        yield house


async def tell(socket: ClientConnection, **message: object) -> None:
    await socket.send(json.dumps(message | {"timestamp": 1698756432000}))


async def hear(socket: ClientConnection) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(await socket.recv())
    return answer


async def press(socket: ClientConnection, data: bytes) -> list[dict[str, Any]]:
    """Hold, speak, let go; the results, the last of which is final."""
    await tell(socket, type="control", command="start")
    assert (await hear(socket))["message"] == "开始录音"
    for at in range(0, len(data), 6400):
        await tell(socket, type="audio", data=base64.b64encode(data[at : at + 6400]).decode())
    await tell(socket, type="control", command="stop")
    results = []
    while (answer := await hear(socket))["type"] == "result":
        results.append(answer)
    assert answer["message"] == "停止录音"
    assert all(result["mode"] == "partial" for result in results)
    return [*results, await hear(socket)]


@at_home
async def test_two_presses(house: House) -> None:
    async with connect(f"ws://{house.at}/ws/asr") as socket:
        assert (await hear(socket))["message"] == "连接成功，FunASR已就绪"
        for name in ("please-play-five", "computer-stop"):
            *_, final = await press(socket, to_pcm16(talk(name)))
            assert (final["mode"], final["text"]) == ("final", name.replace("-", " "))
            assert final["timestamp"] == 1698756432000 and final["processing_time_ms"] >= 0


@at_home
async def test_partials_while_somebody_speaks(house: House) -> None:
    async with connect(f"ws://{house.at}/ws/asr") as socket:
        await hear(socket)
        await tell(socket, type="control", command="start")
        await hear(socket)
        data = to_pcm16(talk("please-play-five"))
        await tell(socket, type="audio", data=base64.b64encode(data).decode())
        partial = await asyncio.wait_for(hear(socket), 30)
        assert (partial["mode"], partial["text"]) == ("partial", "please play five"), "not all of the message"


@at_home
async def test_a_client_that_reads_one_frame_for_each_of_its_own(house: House) -> None:
    """As the test client of such a service does: one answer to a control, at most one to a second of audio,
    and what it reads after ``stop`` must have a ``message``."""
    async with connect(f"ws://{house.at}/ws/asr") as socket:
        await hear(socket)
        await tell(socket, type="control", command="start")
        assert (await hear(socket))["message"] == "开始录音"
        told = []
        for name in ("please-play-five", "computer-stop"):
            data = base64.b64encode(to_pcm16(talk(name))).decode()
            await tell(socket, type="audio", data=data)
            told.append((await hear(socket))["text"])
        await tell(socket, type="control", command="stop")
        assert (await hear(socket))["message"] == "停止录音"
        assert told == ["please play five", "please play five computer stop"]
        assert (await hear(socket))["text"] == told[-1]
        for message, answer in [
            ({"type": "control", "command": "reset"}, "重置成功"),
            ({"type": "invalid_type"}, "未知消息类型: invalid_type"),
            ({"type": "control", "command": "invalid_command"}, "未知控制指令: invalid_command"),
        ]:
            await tell(socket, **message)
            assert (await hear(socket))["message"] == answer


@at_home
async def test_reset_forgets(house: House) -> None:
    async with connect(f"ws://{house.at}/ws/asr") as socket:
        await hear(socket)
        await tell(socket, type="control", command="start")
        await tell(
            socket, type="audio", data=base64.b64encode(to_pcm16(talk("three-one-eight")[:16_000])).decode()
        )
        await tell(socket, type="control", command="reset")
        while (await hear(socket)).get("message") != "重置成功":
            pass
        *_, final = await press(socket, to_pcm16(talk("computer-stop")))
        assert final["text"] == "computer stop"


def test_mandarin() -> None:
    """The wire does not name a language: it is the server's."""
    with open_house("zh") as house:
        hear_mandarin(house=house)


@at_home
async def hear_mandarin(house: House) -> None:
    async with connect(f"ws://{house.at}/ws/asr") as socket:
        await hear(socket)
        for name, text in [("da-kai-deng", "打开灯"), ("san-qi-ling", "三七零")]:
            *_, final = await press(socket, to_pcm16(talk(name)))
            assert (final["mode"], final["text"]) == ("final", text)
