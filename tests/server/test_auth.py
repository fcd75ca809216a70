from __future__ import annotations

import httpx
from websockets.asyncio.client import connect

from server.doubles import ScriptedHost, in_loop, serving, settings

KEYS = ("first-key", "schlüssel")
LOCKED = settings(api_keys=KEYS)
GOOD_HEADERS = [
    {"authorization": "Bearer first-key"},
    {"authorization": "bearer  first-key"},
    {"api-key": "first-key"},
    {"x-api-key": "first-key"},
]
BAD_HEADERS = [
    {"authorization": "Bearer first-kez"},
    {"authorization": "Bearer first-key-and-more"},
    {"authorization": "Basic first-key"},
    {"authorization": "Bearer"},
    {"api-key": ""},
]


@in_loop
async def test_good_key_over_http():
    async with serving(ScriptedHost(), LOCKED) as at, httpx.AsyncClient(base_url=at.http) as client:
        for headers in GOOD_HEADERS:
            assert (await client.get("/v1/models", headers=headers)).status_code == 200, headers


@in_loop
async def test_bad_key_over_http():
    async with serving(ScriptedHost(), LOCKED) as at, httpx.AsyncClient(base_url=at.http) as client:
        for headers in BAD_HEADERS:
            answer = await client.get("/v1/models", headers=headers)
            assert answer.status_code == 401, headers
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.json()["error"]["type"] == "invalid_request_error"


@in_loop
async def test_wrong_key_and_no_key_are_told_apart_and_no_key_is_repeated():
    async with serving(ScriptedHost(), LOCKED) as at, httpx.AsyncClient(base_url=at.http) as client:
        wrong = await client.get("/v1/models", headers={"authorization": "Bearer sesame"})
        assert wrong.json()["error"]["code"] == "invalid_api_key"
        assert "sesame" not in wrong.text
        missing = (await client.get("/v1/models")).json()["error"]
        assert missing["code"] is None and "Missing" in missing["message"]


@in_loop
async def test_key_in_the_query():
    async with serving(ScriptedHost(), LOCKED) as at, httpx.AsyncClient(base_url=at.http) as client:
        for name in ("api_key", "api-key"):
            assert (await client.get("/v1/models", params={name: "schlüssel"})).status_code == 200
            assert (await client.get("/v1/models", params={name: "wrong"})).status_code == 401


@in_loop
async def test_what_needs_no_key_and_what_does():
    public = ("/", "/health", "/docs", "/openapi.json", "/static-offline-docs/favicon.png")
    locked = ("/v1/models", "/v1/audio/transcriptions", "/nowhere", "/health/", "/static-offline-docs")
    async with serving(ScriptedHost(), LOCKED) as at, httpx.AsyncClient(base_url=at.http) as client:
        assert [(await client.get(path)).status_code for path in public] == [200] * len(public)
        assert [(await client.get(path)).status_code for path in locked] == [401] * len(locked)


@in_loop
async def test_good_key_over_websocket():
    async with serving(ScriptedHost(), LOCKED) as at:
        for headers in GOOD_HEADERS:
            async with connect(at.ws, additional_headers=headers) as ws:
                assert await ws.recv() == "hello /plain -"


@in_loop
async def test_key_as_a_subprotocol_as_browsers_send_it():
    offered = ["realtime", "openai-insecure-api-key.first-key", "openai-project.x"]
    async with serving(ScriptedHost(), LOCKED) as at, connect(at.ws, subprotocols=offered) as ws:
        assert await ws.recv() == "hello /plain -"
        assert ws.subprotocol == "realtime"


@in_loop
async def test_refused_websocket_is_told_in_the_wires_words():
    host = ScriptedHost()
    offered = ["realtime", "openai-insecure-api-key.wrong"]
    async with serving(host, LOCKED) as at, connect(at.ws, subprotocols=offered) as ws:
        assert ws.subprotocol == "realtime"
        assert await ws.recv() == "error invalid_api_key: Incorrect API key provided."
        await ws.wait_closed()
        assert (ws.close_code, ws.close_reason) == (1008, "invalid_api_key")
    assert host.sessions == []


@in_loop
async def test_websocket_without_a_key():
    async with serving(ScriptedHost(), LOCKED) as at, connect(at.ws) as ws:
        assert (await ws.recv()).startswith("error not_allowed: Missing bearer")
        await ws.wait_closed()


@in_loop
async def test_without_keys_everybody_may():
    async with serving(ScriptedHost()) as at, httpx.AsyncClient(base_url=at.http) as client:
        assert (await client.get("/v1/models", headers={"authorization": "Bearer x"})).status_code == 200
