"""How long after the speaker the viewers of a share see the same: fifty of them, and one that never reads.

    python -m bench.viewers [--viewers N] [--rounds N]             half a minute

A server in a process of its own, the speaker and all viewers in this one. The sample of ``tiny`` is played in
real time over the OpenAI wire, its captions are read over server-sent events. A delay is the time from when
the speaker was told a text, partial or final, to when a viewer was told the same. A viewer may pass over
partials that are out of date, never finals.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from secrets import token_urlsafe

import httpx
from websockets.asyncio.client import ClientConnection, connect

from saywire.audio.pcm import to_pcm16
from saywire.client.measure import percentile
from saywire.client.samples import find_sample
from saywire.types import RATE

from .running import Running, serve, serving

CHUNK = RATE // 25
LIMIT = 0.2
"""Seconds that viewers may see it later."""
PREFIX = "conversation.item.input_audio_transcription."
SESSION = {
    "type": "transcription",
    "audio": {"input": {"format": {"type": "audio/pcm", "rate": RATE}, "transcription": {"model": "tiny"}}},
    "include": ["item.input_audio_transcription.unstable"],
}

Told = dict[tuple[int, str, bool], float]
"""When something was told: the number of the line, its text, whether it is final."""


async def play(ws: ClientConnection, rounds: int) -> None:
    samples = find_sample("commands").read()
    began = time.monotonic()
    for number, at in enumerate(range(0, rounds * len(samples), CHUNK)):
        await asyncio.sleep(began + number * CHUNK / RATE - time.monotonic())
        place = at % len(samples)
        audio = base64.b64encode(to_pcm16(samples[place : place + CHUNK])).decode()
        await ws.send(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))
    await ws.send(json.dumps({"type": "session.close"}))


async def listen(ws: ClientConnection) -> Told:
    """What the speaker is told, until its session is closed."""
    told: Told = {}
    lines: dict[str, tuple[int, str]] = {}
    async for frame in ws:
        now, event = time.monotonic(), json.loads(frame)
        if event["type"] == "error":
            raise RuntimeError(event["error"]["message"])
        if event["type"] == f"{PREFIX}delta":
            number, text = lines.get(event["item_id"], (len(lines), ""))
            lines[event["item_id"]] = number, text + event["delta"]
            told.setdefault((number, text + event["delta"] + event.get("unstable", ""), False), now)
        if event["type"] == f"{PREFIX}completed" and event["transcript"]:
            number, _ = lines.setdefault(event["item_id"], (len(lines), ""))
            told[number, event["transcript"], True] = now
    return told


async def read_along(server: Running, token: str) -> Told:
    told: Told = {}
    reader, writer = await ask(server, token)
    async for line in reader:
        if line.startswith(b"event: over"):
            break
        if line.startswith(b"data: {"):
            now = time.monotonic()
            for one in json.loads(line[6:])["lines"]:
                told.setdefault((one["id"] - 1, one["text"] + one["unstable"], one["final"]), now)
    writer.close()
    return told


async def ask(server: Running, token: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection(*server.address.split(":"))
    writer.write(f"GET /v1/captions/{token} HTTP/1.1\r\nHost: {server.address}\r\n\r\n".encode())
    return reader, writer


async def measure(server: Running, viewers: int, rounds: int) -> None:
    key = token_urlsafe(32)
    async with httpx.AsyncClient(base_url=f"http://{server.address}") as http:
        token = (await http.post("/v1/captions", json={"share": key})).json()["token"]
        _, stalled = await ask(server, token)
        stalled.transport.pause_reading()  # type: ignore[attr-defined]
        crowd = [asyncio.create_task(read_along(server, token)) for _ in range(viewers)]
        async with connect(f"{server.realtime}?share={key}", compression=None) as ws:
            await ws.send(json.dumps({"type": "session.update", "session": SESSION}))
            playing = asyncio.create_task(play(ws, rounds))
            spoken = await listen(ws)
            await playing
        await http.delete("/v1/captions", params={"share": key})
        show(spoken, await asyncio.gather(*crowd))
        stalled.transport.abort()


def show(spoken: Told, crowd: Sequence[Told]) -> None:
    for what, final in (("partials", False), ("finals", True)):
        wanted = {one: at for one, at in spoken.items() if one[2] is final}
        delays = [told[one] - at for told in crowd for one, at in wanted.items() if one in told]
        share = len(delays) / max(1, len(wanted) * len(crowd))
        figures = [f"{percentile(delays, percent) * 1000:7.1f}" for percent in (50, 95, 100)]
        print(f"  {what:10} {len(wanted):4} spoken, seen {share:6.1%}   p50/p95/max {'/'.join(figures)} ms")
        if final and (share < 1 or max(delays) > LIMIT):
            print(f"  MISSED: every final within {LIMIT * 1000:.0f} ms at every viewer")
    load = os.getloadavg()[0]
    print(f"  {len(crowd)} viewers; load average of the last minute: {load:.1f} on {os.cpu_count()} cores")


def main(arguments: Sequence[str]) -> None:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--viewers", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args(arguments)
    with serving(serve("--model", "tiny")) as server, suppress(KeyboardInterrupt):
        asyncio.run(measure(server, chosen.viewers, chosen.rounds))


if __name__ == "__main__":
    main(sys.argv[1:])
