"""The recorder's client: frames of two seconds, an answer to each, over a port of the wire's own."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import pytest
from websockets.asyncio.client import connect

from audio.media import encode
from e2e.house import House, at_home, open_house, talk
from saywire.audio.pcm import to_pcm16
from saywire.types import RATE


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with open_house() as house:
        yield house


@at_home
async def test_every_frame_gets_its_text(house: House) -> None:
    spoken = talk("computer-stop")
    frames = [to_pcm16(spoken), encode(spoken, RATE, "wav", "pcm_s16le"), bytes(32_000)]
    async with connect(f"ws://{house.at}/ws/chunks") as ws:
        assert json.loads(await ws.recv())["message"] == "已连接到ASR服务器"
        texts = []
        for frame in frames:
            await ws.send(frame)
            texts.append(json.loads(await ws.recv())["text"])
        audio = base64.b64encode(to_pcm16(spoken)).decode()
        await ws.send(json.dumps({"type": "audio", "data": audio}))
        texts.append(json.loads(await ws.recv())["text"])
    assert texts == ["computer stop", "computer stop", "", "computer stop"]
