"""What WebRTC costs beside a websocket: to connect, in delay, with twenty at once. Needs ``saywire[webrtc]``.

    python -m bench.webrtc [--rounds N]                       one minute

A server in a process of its own, peers on loopback (``caller.py``: aiortc on both sides, whose Opus and
pacing are in the figures). The sample of ``tiny`` is played in real time, in frames of 20 ms.

    connect    from the making of the offer to the open data channel, one after the other
    delay      speech_started and speech_stopped over WebRTC later than over a websocket, for the same audio:
               medians over the rounds, each of which begins elsewhere in the frames of the voice detector
    twenty     callers at once: whose final is exact, and the audio that arrived
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import sys
import time
from collections.abc import AsyncIterator, Sequence

import httpx
import numpy as np
from websockets.asyncio.client import connect

from saywire.audio.pcm import to_pcm16
from saywire.audio.resample import Resampler
from saywire.client.measure import percentile
from saywire.client.samples import find_sample
from saywire.types import RATE, Samples

from .caller import FRAME, Event, calling
from .caller import RATE as WIRE_RATE
from .running import Running, serve, serving

CROWD = 20
SILENCE = np.zeros(RATE, np.float32)
PREFIX = "conversation.item.input_audio_transcription."
EVENTS = ("input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped", f"{PREFIX}completed")
Times = dict[str, float]
"""For an event, seconds since the first sample left."""


def read_speech() -> Samples:
    """The first words of the sample, then silence for the server to find their end."""
    said = find_sample("commands").said[0]
    return np.concatenate([find_sample("commands").read()[: round((said.end + 0.5) * RATE)], SILENCE])


def at_rate(samples: Samples, rate: int) -> Samples:
    door = Resampler(RATE, rate)
    return np.concatenate([door.feed(samples), door.flush()])


async def follow(events: AsyncIterator[Event], began: float) -> tuple[Times, str]:
    """Until the first final: when what came, and its text."""
    times: Times = {}
    async for event in events:
        if event["type"] == "error":
            raise RuntimeError(event["error"]["message"])
        if event["type"] in EVENTS:
            times[event["type"]] = time.monotonic() - began
        if event["type"] == EVENTS[-1]:
            return times, event["transcript"]
    raise RuntimeError("the connection ended before the final")


async def play_over_websocket(server: Running, samples: Samples) -> Times:
    frames = to_pcm16(at_rate(samples, 24_000))
    step = 2 * 24_000 * FRAME // WIRE_RATE
    async with connect(server.realtime, compression=None) as ws:
        began = time.monotonic()

        async def play() -> None:
            for number, place in enumerate(range(0, len(frames), step)):
                await asyncio.sleep(began + number * FRAME / WIRE_RATE - time.monotonic())
                audio = base64.b64encode(frames[place : place + step]).decode()
                await ws.send(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))

        async def events() -> AsyncIterator[Event]:
            async for frame in ws:
                yield json.loads(frame)

        playing = asyncio.create_task(play())
        try:
            return (await follow(events(), began))[0]
        finally:
            playing.cancel()


async def play_over_webrtc(http: httpx.AsyncClient, samples: Samples) -> tuple[float, Times, str]:
    """Also the seconds that it took to connect. The track begins to play when it is connected."""
    async with calling(at_rate(samples, WIRE_RATE)) as caller:
        asked = time.monotonic()
        answer = await caller.dial(http)
        answer.raise_for_status()
        connected = time.monotonic() - asked

        async def events() -> AsyncIterator[Event]:
            while True:
                yield await caller.events.get()

        times, text = await follow(events(), caller.microphone.began)
        return connected, times, text


async def compare(server: Running, http: httpx.AsyncClient, rounds: int) -> None:
    speech = read_speech()
    connects: list[float] = []
    delays: dict[str, list[float]] = {name: [] for name in EVENTS}
    for number in range(rounds):
        lead = np.zeros(8_000 + number * 512 // rounds, np.float32)
        samples = np.concatenate([lead, speech])
        direct = await play_over_websocket(server, samples)
        connected, times, _ = await play_over_webrtc(http, samples)
        connects.append(connected)
        for name in EVENTS:
            delays[name].append(times[name] - direct[name])
    print(f"connect      {tell(connects)}")
    for name in EVENTS:
        print(f"delay        {tell(delays[name])}  {name.rpartition('.')[2]}")


async def crowd(http: httpx.AsyncClient) -> None:
    speech = read_speech()
    ends = await asyncio.gather(*(play_over_webrtc(http, speech) for _ in range(CROWD)))
    expected = find_sample("commands").said[0].text
    exact = sum(text == expected for _, _, text in ends)
    connects = [connected for connected, _, _ in ends]
    print(f"twenty       {exact} of {CROWD} finals exact; connect {tell(connects)}")


def tell(seconds: Sequence[float]) -> str:
    low, high = percentile(seconds, 50), percentile(seconds, 95)
    return f"p50 {low * 1000:5.0f}  p95 {high * 1000:5.0f}  max {max(seconds) * 1000:5.0f} ms"


async def measure(server: Running, rounds: int) -> None:
    async with httpx.AsyncClient(base_url=f"http://{server.address}") as http:
        await play_over_webrtc(http, read_speech())  # warms up
        await compare(server, http, rounds)
        await crowd(http)


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=10)
    chosen = parser.parse_args(arguments)
    with serving(serve("--model", "tiny", "--set", "webrtc.addresses=127.0.0.1")) as server:
        asyncio.run(measure(server, chosen.rounds))


if __name__ == "__main__":
    main(sys.argv[1:])
