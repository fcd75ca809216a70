"""Clients that come, do their worst and go: no session, place or task is left of them."""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
from websockets.asyncio.client import connect

from saywire import messages as m
from saywire.protocols import PROTOCOLS
from saywire.server import run
from server.doubles import ScriptedHost, Serving, in_loop, serving, settings

LARGEST = 15 * 2**20
"""Bytes of audio in one append, as OpenAI's SDK documents it."""
CROWD = 500
UPGRADE = (
    "GET /v1/realtime HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
APPEND = '{"type":"input_audio_buffer.append","audio":"' + base64.b64encode(bytes(4800)).decode() + '"}'


@asynccontextmanager
async def open_house() -> AsyncIterator[tuple[Serving, ScriptedHost]]:
    """A server that everybody has left again without a trace when the block ends."""
    host = ScriptedHost()
    async with serving(host, settings(max_sessions=CROWD), PROTOCOLS) as at:
        tasks = asyncio.all_tasks()
        yield at, host
        for session in host.sessions:
            await session.closed.wait()
        while rest := asyncio.all_tasks() - tasks - {asyncio.current_task()}:
            await asyncio.wait(rest)
        async with connect(f"ws://127.0.0.1:{at.port}/v1/realtime") as ws:  # all places are free again
            await ws.recv()


@in_loop
async def test_appends_of_15_mib():
    sound = os.urandom(LARGEST)
    frame = '{"type":"input_audio_buffer.append","audio":"' + base64.b64encode(sound).decode() + '"}'
    async with open_house() as (at, host):
        async with connect(f"ws://127.0.0.1:{at.port}/v1/realtime", max_size=None) as ws:
            for _ in range(2):
                await ws.send(frame)
            await ws.send('{"type":"session.update","session":{"type":"transcription"}}')
            assert "session.created" in await ws.recv()
            assert "session.updated" in await ws.recv()
        heard = [command.samples for command in host.sessions[0].commands if isinstance(command, m.Audio)]
        expected = np.frombuffer(sound, "<i2").astype(np.float32) / 32768
        assert all(np.array_equal(samples, expected) for samples in heard) and len(heard) == 2


@in_loop
async def test_a_crowd_that_drops_its_sockets_without_a_close():
    async with open_house() as (at, host):

        async def come_and_go(number: int) -> None:
            address = f"ws://127.0.0.1:{at.port}/v1/realtime"
            ws = await connect(address, compression=None, open_timeout=60)
            for _ in range(number % 4):  # some before they have said anything, some in the middle
                await ws.send(APPEND)
            ws.transport.abort()
            await ws.wait_closed()

        for start in range(0, CROWD, 50):
            await asyncio.gather(*(come_and_go(start + i) for i in range(50)))
    assert len(host.sessions) == CROWD + 1


def test_half_open_sockets_are_found_out(monkeypatch):
    """The other machine was switched off: no FIN, no close, no pong, and nothing is read."""
    monkeypatch.setattr(run, "PING_EVERY", 0.05)
    monkeypatch.setattr(run, "PONG_WITHIN", 0.05)

    @in_loop
    async def half_open() -> None:
        async with open_house() as (at, host):
            silent = []
            for _ in range(20):
                reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
                writer.write(UPGRADE.encode())
                assert b"101" in await reader.readline()
                silent.append(writer)
            for session in [*host.sessions]:
                await session.closed.wait()
            assert len(host.sessions) == 20
            for writer in silent:
                writer.transport.abort()

    half_open()
