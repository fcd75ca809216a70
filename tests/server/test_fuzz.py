"""Odd frames through the whole of a connection, on every wire: it ends cleanly and leaves nothing."""

from __future__ import annotations

import asyncio
import json
import random
import time

import pytest
from starlette.websockets import WebSocket

from protocols.fuzzing import FRAMES, frames, handshake, wires
from saywire.protocols import PROTOCOLS
from saywire.server.connection import House
from saywire.server.limits import Admission
from saywire.server.run import run
from saywire.server.wires import Door
from saywire.types import Options
from server.doubles import ScriptedHost, talkative

LINE = 60
"""Frames of one connection, at most."""


async def talk(door: Door, path: str, sent: list[str | bytes], dice: random.Random) -> list[dict]:
    """One connection: all frames as fast as they are taken, then the client goes. What it was told."""
    asked = handshake(dice, path)
    scope = {
        "type": "websocket",
        "path": path,
        "query_string": "&".join(f"{name}={value}" for name, value in asked.query.items()).encode(),
        "headers": [(name.encode(), value.encode()) for name, value in asked.headers.items()],
        "subprotocols": [],
        "extensions": {"websocket.http.response": {}},
    }
    messages = [{"type": "websocket.connect"}]
    messages += [{"type": "websocket.receive", "bytes" if isinstance(f, bytes) else "text": f} for f in sent]
    told = []

    async def receive() -> dict:
        await asyncio.sleep(0)
        return messages.pop(0) if messages else {"type": "websocket.disconnect"}

    async def send(message: dict) -> None:
        await asyncio.sleep(0)
        told.append(message)

    await door.let_in(WebSocket(scope, receive, send))
    return told


async def storm(path: str, caplog: pytest.LogCaptureFixture) -> int:
    dice = random.Random(20261121)
    host, admission = ScriptedHost(talkative), Admission(8)
    door = Door(PROTOCOLS, House(host, admission, time.monotonic, 5.0), Options())
    told = 0
    waiting = list(frames(dice, FRAMES // 4, PROTOCOLS[path]))
    while waiting:
        length = dice.randrange(1, LINE)
        sent, waiting = waiting[:length], waiting[length:]
        answer = await talk(door, path, sent, dice)
        told += len(answer)
        check(answer)
        assert admission.sessions == 0
    assert all(session.closed.is_set() for session in host.sessions)
    assert len(asyncio.all_tasks()) == 1
    assert not [record for record in caplog.records if record.exc_info], "something broke"
    return told


def check(told: list[dict]) -> None:
    """Nothing follows a close, and none is for a bug of ours."""
    kinds = [message["type"] for message in told]
    assert "websocket.close" not in kinds[:-1]
    for message in told:
        if message["type"] == "websocket.close":
            assert message["code"] not in (1011, 1006), message
        if isinstance(text := message.get("text"), str):
            json.loads(text)


@pytest.mark.parametrize("path", wires().values())
def test_no_frame_breaks_a_connection(path: str, caplog: pytest.LogCaptureFixture) -> None:
    async def bounded() -> int:
        async with asyncio.timeout(300):
            return await storm(path, caplog)

    assert run(bounded()) > FRAMES // 8
