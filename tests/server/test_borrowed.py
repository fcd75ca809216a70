from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import httpx

from saywire.config import ModelConfig
from saywire.server.borrowed import OPEN_PAGES, PAGES, PTT, PTT_TEST, measure_load, measure_memory
from server.doubles import ScriptedHost, in_loop, serving, settings

FIELDS = {
    "/ws/asr/about": {"service", "version", "mode", "model", "device", "endpoint", "status"},
    "/ws/asr/health": {
        "status",
        "model_loaded",
        "active_connections",
        "max_connections",
        "cpu_usage_percent",
        "memory_usage_percent",
        "timestamp",
    },
    "/ws/asr/stats": {"active_connections", "max_connections", "model", "device", "sample_rate"},
    "/api-ws/v1/realtime/about": {"service", "version", "websocket_endpoint", "docs"},
    "/api-ws/v1/realtime/health": {"status", "model_loaded", "timestamp"},
    "/api-ws/v1/realtime/stats": {"service", "version", "model", "configuration", "metrics"},
    "/api-ws/v1/realtime/metrics": {"server", "connections", "sessions"},
}


@in_loop
async def test_every_page_has_the_fields_that_its_clients_know():
    async with serving(ScriptedHost()) as at, httpx.AsyncClient(base_url=at.http) as client:
        for path, fields in FIELDS.items():
            answer = await client.get(path)
            assert answer.status_code == 200 and set(answer.json()) == fields, path
        about = (await client.get("/ws/asr/about")).json()
        assert about["endpoint"] == f"{at.http.replace('http', 'ws')}/ws/asr"
        datetime.fromisoformat((await client.get("/ws/asr/health")).json()["timestamp"])


@in_loop
async def test_the_device_is_that_of_the_model():
    for models, device in ((), "cpu"), ((ModelConfig("scripted", device="cuda"),), "cuda"):
        config = replace(settings(), model=models)
        async with serving(ScriptedHost(), config) as at, httpx.AsyncClient(base_url=at.http) as client:
            for page in ("about", "stats"):
                assert (await client.get(f"/ws/asr/{page}")).json()["device"] == device


def test_all_pages_are_known():
    named = {path for pages in PAGES.values() for path in pages.values()}
    assert named - {PTT_TEST} == set(FIELDS) and set(FIELDS) | {PTT_TEST} > OPEN_PAGES


@in_loop
async def test_a_page_to_try_push_to_talk_with():
    async with serving(ScriptedHost(), settings(api_keys=("secret",))) as at, httpx.AsyncClient() as client:
        answer = await client.get(at.http + PTT_TEST)
    assert answer.status_code == 200 and answer.headers["content-type"] == "text/html; charset=utf-8"
    assert PTT in answer.text and "http://" not in answer.text and "https://" not in answer.text


def test_measures_are_percentages():
    for value in (measure_load(), measure_memory()):
        assert value is None or 0 <= value <= 100
