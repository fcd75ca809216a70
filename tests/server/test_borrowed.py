from __future__ import annotations

from datetime import datetime

import httpx

from saywire.server.borrowed import OPEN_PAGES, PAGES, measure_load, measure_memory
from server.doubles import ScriptedHost, in_loop, serving

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


def test_all_pages_are_known():
    named = {path for pages in PAGES.values() for path in pages.values()}
    assert named - {"/"} == set(FIELDS) and set(FIELDS) > OPEN_PAGES


def test_measures_are_percentages():
    for value in (measure_load(), measure_memory()):
        assert value is None or 0 <= value <= 100
