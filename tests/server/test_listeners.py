from __future__ import annotations

import json
from dataclasses import replace

import httpx
import pytest
from websockets.asyncio.client import connect

from saywire.config import ListenerConfig
from saywire.errors import ConfigError
from saywire.protocols import NAMES, PROTOCOLS
from saywire.server.listeners import check_listeners, move
from server.doubles import ScriptedHost, in_loop, serving, settings


def with_listeners(*wires: str, **server: object):
    listeners = tuple(ListenerConfig(f"of-{wire}", wire, 0) for wire in wires)
    return replace(settings(**server), listener=listeners)


@in_loop
async def test_any_websocket_at_the_port_is_the_wire_s():
    config = with_listeners("ptt", "funasr")
    async with serving(ScriptedHost(), config, PROTOCOLS) as at:
        ports = at.server.ports
        for path in ("/", "/any/where?x=y", "/v1/realtime"):
            async with connect(f"ws://127.0.0.1:{ports['of-ptt']}{path}") as ws:
                await ws.send(json.dumps({"type": "control", "command": "start"}))
                heard = [json.loads(await ws.recv()) for _ in range(2)]
                assert {"开始录音"} < {event["message"] for event in heard}
        async with connect(f"ws://127.0.0.1:{ports['of-funasr']}/x", subprotocols=["binary"]) as ws:
            await ws.send("STOP")
            await ws.send("START")
            assert [json.loads(await ws.recv())["event"] for _ in range(2)] == ["stopped", "started"]


@in_loop
async def test_the_wire_s_pages_are_where_its_clients_know_them():
    config = with_listeners("ptt", "dashscope", "openai")
    async with serving(ScriptedHost(), config, PROTOCOLS) as at, httpx.AsyncClient() as client:

        async def page(wire: str, path: str) -> httpx.Response:
            return await client.get(f"http://127.0.0.1:{at.server.ports[f'of-{wire}']}{path}")

        assert (await page("ptt", "/")).json()["mode"] == "PTT (Push-to-Talk)"
        assert "<title>PTT" in (await page("ptt", "/test")).text
        assert (await page("ptt", "/health")).json()["status"] == "healthy"
        assert (await page("dashscope", "/metrics")).json()["sessions"] == {"active": 0}
        assert (await page("openai", "/health")).json()["status"] == "ok"
        assert (await page("ptt", "/v1/models")).json()["object"] == "list"
        assert (await client.get(f"{at.http}/health")).json()["status"] == "ok"


@in_loop
async def test_keys_are_asked_for_here_too():
    config = with_listeners("ptt", api_keys=("secret",))
    async with serving(ScriptedHost(), config, PROTOCOLS) as at:
        base = f"127.0.0.1:{at.server.ports['of-ptt']}"
        async with connect(f"ws://{base}/", additional_headers={"authorization": "Bearer secret"}) as ws:
            assert json.loads(await ws.recv())["code"] == 200
        async with connect(f"ws://{base}/") as ws:
            assert json.loads(await ws.recv())["type"] == "error"
            await ws.wait_closed()
        async with httpx.AsyncClient(base_url=f"http://{base}") as client:
            assert (await client.get("/health")).status_code == 200
            assert (await client.get("/stats")).status_code == 401


def test_every_wire_that_has_a_name_has_a_path():
    assert set(NAMES.values()) <= set(PROTOCOLS)


def test_a_wire_that_is_none_is_refused_and_the_nearest_named():
    with pytest.raises(ConfigError, match=r"'funsar'; did you mean 'funasr'"):
        check_listeners([ListenerConfig("x", "funsar", 1)])
    with pytest.raises(ConfigError, match="there are: openai"):
        check_listeners([ListenerConfig("x", "zzz", 1)])


def test_what_is_no_request_stays_as_it_is():
    scope = {"type": "http", "path": "/docs"}
    assert move(scope, "ptt") is scope
