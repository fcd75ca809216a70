"""One speaker and fifty who read along, one of whom never reads; a speaker who is cut off and goes on."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from e2e.house import House, at_home, open_house, talk
from saywire.audio.pcm import to_pcm16
from saywire.types import RATE, Samples
from server.viewers import KEY, Viewer, see, share, watching

SPOKEN = "please play five", "computer stop", "three one eight"
TALK = talk(*(text.replace(" ", "-") for text in SPOKEN))
CROWD = 50
SESSION = {
    "type": "transcription",
    "audio": {"input": {"format": {"type": "audio/pcm", "rate": RATE}, "transcription": {"model": "tiny"}}},
}


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with open_house(max_viewers=CROWD) as opened:
        yield opened


def speak(house: House) -> connect:
    return connect(f"ws://{house.at}/v1/realtime?share={KEY}&share_start=0")


async def say(ws: ClientConnection, **event: Any) -> None:
    await ws.send(json.dumps(event))


async def play(ws: ClientConnection, samples: Samples) -> None:
    for at in range(0, len(samples), RATE):
        audio = base64.b64encode(to_pcm16(samples[at : at + RATE])).decode()
        await say(ws, type="input_audio_buffer.append", audio=audio)


async def hear(ws: ClientConnection, *kinds: str) -> dict[str, Any]:
    async for frame in ws:
        event: dict[str, Any] = json.loads(frame)
        assert event["type"] != "error", event
        if event["type"].endswith(kinds):
            return event
    raise AssertionError("the connection ended before")


async def read_along(client: httpx.AsyncClient, token: str) -> Viewer:
    async with watching(client, token) as (viewer, events):
        await see(events, *SPOKEN)
        return viewer


async def stall(house: House, token: str) -> asyncio.StreamWriter:
    """A viewer that asks and never reads."""
    _, writer = await asyncio.open_connection(*house.at.split(":"), limit=1)
    writer.write(f"GET /v1/captions/{token} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    await writer.drain()
    return writer


@at_home
async def test_fifty_viewers_see_what_the_speaker_sees(house: House) -> None:
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=f"http://{house.at}", timeout=None, limits=limits) as client:
        token = await share(client)
        stalled = await stall(house, token)
        crowd = [asyncio.create_task(read_along(client, token)) for _ in range(CROWD - 1)]
        async with speak(house) as ws:
            await say(ws, type="session.update", session=SESSION)
            await play(ws, TALK)
            finals = [await hear(ws, "completed") for _ in SPOKEN]
        for viewer in await asyncio.gather(*crowd):
            lines = [line for _, line in sorted(viewer.lines.items())]
            assert [(line["text"], line["start"], line["end"]) for line in lines] == [
                (final["transcript"], final["start"], final["end"]) for final in finals
            ]
        stalled.transport.abort()
        assert (await client.delete("/v1/captions", params={"share": KEY})).status_code == 204


@at_home
async def test_viewers_keep_when_the_speaker_is_cut_off_and_goes_on(house: House) -> None:
    async with httpx.AsyncClient(base_url=f"http://{house.at}", timeout=None) as client:
        token = await share(client)
        reading = asyncio.create_task(read_along(client, token))
        async with speak(house) as ws:
            await say(ws, type="session.update", session=SESSION | {"resume": {}})
            await play(ws, TALK[: len(TALK) * 5 // 9])
            told = [await hear(ws, "speech_started", "completed") for _ in range(3)]
            point = next(event["resume"] for event in told if event["type"].endswith("completed"))
            ws.transport.abort()
        async with speak(house) as ws:
            await say(ws, type="session.update", session=SESSION | {"resume": point})
            await hear(ws, "session.updated")
            await play(ws, TALK[point["audio_start"] :])
            await hear(ws, "completed")
            await hear(ws, "completed")
        await reading
