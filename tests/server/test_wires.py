from __future__ import annotations

import time

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from saywire.server.app import create_app
from saywire.server.wires import new_id, steady_clock
from server.doubles import PlainWire, ScriptedHost, in_loop, serving, settings

LOCKED = settings(api_keys=("sesame",))


def test_ids_have_their_kind_and_are_all_different():
    ids = {new_id("item") for _ in range(1000)}
    assert len(ids) == 1000 and all(id.startswith("item_") for id in ids)


def test_the_clock_tells_unix_time_and_never_goes_back(monkeypatch):
    clock = steady_clock()
    assert abs(clock() - time.time()) < 1.0
    before = clock()
    monkeypatch.setattr(time, "time", lambda: 0.0)  # somebody sets the machine's clock
    assert before <= clock() < before + 60


@in_loop
async def test_each_path_has_its_wire():
    async with serving(ScriptedHost()) as at:
        async with connect(at.ws) as ws:
            assert await ws.recv() == "hello /plain -"
        async with connect(at.switch) as ws:
            await ws.send("begin a")
            await ws.send("finish a")
            assert await ws.recv() == "a finished"


async def told(app: Starlette, path: str, key: str) -> list[str]:
    """What a client hears that connects and goes."""
    messages = [{"type": "websocket.connect"}, {"type": "websocket.disconnect"}]
    sent = []

    async def receive() -> dict:
        return messages.pop(0)

    async def send(message: dict) -> None:
        sent.append(message.get("text"))

    headers = [(b"api-key", key.encode())]
    scope = {"type": "websocket", "path": path, "query_string": b"", "headers": headers, "subprotocols": []}
    await app(scope | {"root_path": ""}, receive, send)
    return [text for text in sent if text]


@in_loop
async def test_the_application_may_be_mounted_below_a_path():
    inside = create_app(ScriptedHost(), settings(api_keys=("sesame",)), {"/plain": PlainWire})
    app = Starlette(routes=[Mount("/speech", inside)])
    assert "hello /speech/plain -" in await told(app, "/speech/plain", "sesame")
    assert (await told(app, "/speech/plain", "x"))[0].startswith("error invalid_api_key")


@in_loop
async def test_a_wire_may_refuse_a_key_before_the_websocket_is_there():
    async with serving(ScriptedHost(), LOCKED) as at:
        with pytest.raises(InvalidStatus) as raised:
            await connect(at.switch)
        answer = raised.value.response
        assert (answer.status_code, answer.body) == (418, b"/switch: not_allowed")
        assert answer.headers["x-why"] == "not_allowed"
        assert answer.headers["content-type"].startswith("text/plain")


@in_loop
async def test_where_there_is_no_wire_a_websocket_gets_an_http_answer():
    async with serving(ScriptedHost(), LOCKED) as at:
        nowhere = f"ws://127.0.0.1:{at.port}/nowhere"
        for headers, status in (({}, 401), ({"api-key": "sesame"}, 404)):
            with pytest.raises(InvalidStatus) as raised:
                await connect(nowhere, additional_headers=headers)
            assert raised.value.response.status_code == status
        async with httpx.AsyncClient() as client:  # nor has a wire anything to say over HTTP
            assert (await client.get(f"{at.http}/plain", headers={"api-key": "sesame"})).status_code == 404
