from __future__ import annotations

import json

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from saywire.protocols import PROTOCOLS
from server.doubles import ScriptedHost, in_loop, serving, settings

PATH = "/v1/realtime/client_secrets"
SESSION = {"type": "transcription", "audio": {"input": {"transcription": {"language": "en"}}}}
SESAME = {"authorization": "Bearer sesame"}


def house():
    return serving(ScriptedHost(), settings(api_keys=("sesame",)), PROTOCOLS)


@in_loop
async def test_the_sdk_s_type_reads_the_answer():
    realtime = pytest.importorskip("openai.types.realtime")
    async with house() as at, httpx.AsyncClient(base_url=at.http) as http:
        told = await http.post(PATH, json={"session": SESSION}, headers=SESAME)
        assert told.status_code == 200 and told.headers["cache-control"] == "no-store"
        read = realtime.ClientSecretCreateResponse.model_validate(told.json())
        assert read.value.startswith("ek_") and read.session.type == "transcription"
        assert told.json()["session"]["audio"]["input"]["transcription"]["language"] == "en"


@in_loop
async def test_a_websocket_opened_with_it_begins_with_its_settings():
    async with house() as at, httpx.AsyncClient(base_url=at.http) as http:
        secret = (await http.post(PATH, json={"session": SESSION}, headers=SESAME)).json()["value"]
        offered = ["realtime", f"openai-insecure-api-key.{secret}"]
        async with connect(f"ws://127.0.0.1:{at.port}/v1/realtime", subprotocols=offered) as ws:
            created = json.loads(await ws.recv())
            assert created["session"]["audio"]["input"]["transcription"]["language"] == "en"


@in_loop
async def test_it_opens_sessions_and_nothing_else():
    async with house() as at, httpx.AsyncClient(base_url=at.http) as http:
        secret = (await http.post(PATH, headers=SESAME)).json()["value"]
        bearer = {"authorization": f"Bearer {secret}"}
        assert (await http.get("/v1/models", headers=bearer)).status_code == 401
        assert (await http.post(PATH, headers=bearer)).status_code == 401
        assert (await http.post("/v1/realtime/calls/rtc_1/hangup", headers=bearer)).status_code == 401
        async with connect(f"ws://127.0.0.1:{at.port}/ws/asr", additional_headers=bearer) as ws:
            with pytest.raises(ConnectionClosed):
                while True:
                    await ws.recv()


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({"expires_after": {"seconds": 9}}, "integer_below_min_value", "expires_after.seconds"),
        ({"expires_after": {"seconds": 7201}}, "integer_above_max_value", "expires_after.seconds"),
        ({"expires_after": {"anchor": "x"}}, "invalid_request", None),
        ({"session": {"type": "realtime"}}, "invalid_parameter", "session.type"),
        ([], "invalid_request", None),
    ],
)
@in_loop
async def test_what_may_not_be_asked_for(body, code, param):
    async with house() as at, httpx.AsyncClient(base_url=at.http) as http:
        refused = await http.post(PATH, json=body, headers=SESAME)
        error = refused.json()["error"]
        assert (refused.status_code, error["code"], error["param"]) == (400, code, param)


@in_loop
async def test_it_lasts_as_long_as_asked_ten_minutes_if_not():
    async with house() as at, httpx.AsyncClient(base_url=at.http) as http:
        usual = (await http.post(PATH, json={"session": None}, headers=SESAME)).json()["expires_at"]
        long = {"expires_after": {"anchor": "created_at", "seconds": 7200}}
        longest = (await http.post(PATH, json=long, headers=SESAME)).json()["expires_at"]
        assert 6_590 <= longest - usual <= 6_610


@in_loop
async def test_the_beta_s_address_answers_in_the_beta_s_shape():
    async with house() as at, httpx.AsyncClient(base_url=at.http) as http:
        flat = {"input_audio_transcription": {"language": "en"}, "turn_detection": None}
        for body in ({}, flat):
            told = (await http.post("/v1/realtime/transcription_sessions", json=body, headers=SESAME)).json()
            assert told["input_audio_format"] == "pcm16" and told["client_secret"]["expires_at"] > 1e9
        assert told["input_audio_transcription"]["language"] == "en" and told["turn_detection"] is None
        offered = ["realtime", f"openai-insecure-api-key.{told['client_secret']['value']}"]
        async with connect(f"ws://127.0.0.1:{at.port}/v1/realtime", subprotocols=offered) as ws:
            shown = json.loads(await ws.recv())["session"]["audio"]["input"]
            assert shown["transcription"]["language"] == "en" and shown["turn_detection"] is None
        refused = await http.post("/v1/realtime/transcription_sessions", content="{", headers=SESAME)
        assert refused.status_code == 400 and refused.json()["error"]["code"] == "invalid_json"
