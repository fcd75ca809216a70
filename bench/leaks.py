"""What clients leave behind who come, do their worst and go.

    python -m bench.leaks [--model MODEL] [--rounds N]

A server in a process of its own. Each round: ten sessions that append 15 MiB at once and stay for the answer;
500 that send a second of speech, or nothing, and drop their socket without a close; and sockets that stay
open without a pong, as of machines that were switched off, until the server has found out. After each round
the sessions, open files, threads and memory of all its processes. The first round warms it up. Linux only.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from websockets.asyncio.client import connect

from saywire.audio.pcm import to_pcm16
from saywire.client.samples import find_sample
from saywire.types import RATE

from .processes import find_tree, read_memory
from .running import Running, serve, serving

LARGEST = 15 * 2**20
LARGE = 10
CROWD = 500
AT_ONCE = 50
SILENT = 50
FOUND_OUT = 60.0
"""Seconds in which a server notices that nobody is there: it pings every 20 and waits 20 for the pong."""
CALM = 2.0
"""Seconds without work before memory is read."""
UPGRADE = (
    "GET /v1/realtime HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


def append(data: bytes) -> str:
    return json.dumps({"type": "input_audio_buffer.append", "audio": base64.b64encode(data).decode()})


async def send_much(server: Running, frame: str) -> None:
    """Stays until the session has said all it had to say."""
    async with connect(server.realtime, max_size=None, compression=None) as ws:
        await ws.send(frame)
        await ws.send('{"type":"session.close"}')
        async for _ in ws:
            pass


async def come_and_go(server: Running, frame: str, number: int) -> None:
    ws = await connect(server.realtime, compression=None)
    for _ in range(number % 3):
        await ws.send(frame)
    ws.transport.abort()
    await ws.wait_closed()


async def open_half(server: Running) -> asyncio.StreamWriter:
    """A websocket that nobody will ever read."""
    host, _, port = server.address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(UPGRADE.encode())
    assert b"101" in await reader.readline()
    return writer


def count_sessions(server: Running) -> int:
    with urllib.request.urlopen(f"http://{server.address}/health") as answer:
        return int(json.load(answer)["sessions"])


async def emptied(server: Running, seconds: float) -> int:
    """Sessions that are left after at most that long."""
    left = 0
    for _ in range(round(seconds)):
        left = await asyncio.to_thread(count_sessions, server)
        if not left:
            return 0
        await asyncio.sleep(1)
    return left


def tell(server: Running, what: str, left: int) -> None:
    tree = list(find_tree(server.pid))
    files = sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in tree)
    threads = sum(len(list(Path(f"/proc/{pid}/task").iterdir())) for pid in tree)
    memory = read_memory(server.pid)
    print(
        f"{what:28} sessions {left}, files {files}, threads {threads}, processes {memory.processes}, "
        f"PSS {memory.pss:.0f} MB",
        flush=True,
    )


async def play_round(server: Running, name: str) -> None:
    sample = to_pcm16(find_sample("dictation").read())
    large = append((sample * (LARGEST // len(sample) + 1))[:LARGEST])
    small = append(sample[: 2 * RATE])
    for _ in range(LARGE):
        await send_much(server, large)
    left = await emptied(server, FOUND_OUT)
    await asyncio.sleep(CALM)
    tell(server, f"{name}: {LARGE} x 15 MiB", left)
    for start in range(0, CROWD, AT_ONCE):
        await asyncio.gather(*(come_and_go(server, small, start + i) for i in range(AT_ONCE)))
    left = await emptied(server, FOUND_OUT)
    await asyncio.sleep(CALM)
    tell(server, f"{name}: {CROWD} dropped", left)
    silent = [await open_half(server) for _ in range(SILENT)]
    left = await emptied(server, FOUND_OUT)
    for writer in silent:
        writer.transport.abort()
    await asyncio.sleep(CALM)
    tell(server, f"{name}: {SILENT} half open", left)


async def measure(server: Running, rounds: int) -> None:
    tell(server, "ready", count_sessions(server))
    for number in range(1 + rounds):
        await play_round(server, f"round {number}")


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args(arguments)
    with serving(serve("--model", chosen.model)) as server:
        asyncio.run(measure(server, chosen.rounds))


if __name__ == "__main__":
    main(sys.argv[1:])
