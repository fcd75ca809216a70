from __future__ import annotations

import asyncio
import base64
import logging

import httpx

from saywire import messages as m
from saywire.errors import EngineFailed
from server.audio import quiet, wav
from server.doubles import ScriptedHost, in_loop, serving, settings, talkative

BODY = {"audio_data": base64.b64encode(wav(quiet(1.0))).decode()}


def failing(session, command):
    if isinstance(command, m.Finish):
        yield m.Failed(0, EngineFailed("the engine stopped"))
        yield m.Finished(1.0)


@in_loop
async def test_an_utterance_that_fails_fails_the_request():
    async with serving(ScriptedHost(failing)) as at, httpx.AsyncClient(base_url=at.http) as client:
        answer = await client.post("/recognize", json=BODY)
    assert answer.status_code == 500 and "the engine stopped" in answer.json()["error"]


@in_loop
async def test_a_file_takes_a_place_and_is_logged(caplog):
    caplog.set_level(logging.INFO, "saywire.server")
    host = ScriptedHost(talkative)
    async with serving(host) as at, httpx.AsyncClient(base_url=at.http) as client:
        assert (await client.post("/recognize", json=BODY)).status_code == 200
        assert (await client.get("/health")).json()["sessions"] == 0
    assert host.sessions[0].closed.is_set()
    assert "wire=/recognize" in caplog.text and "cause=answered" in caplog.text


@in_loop
async def test_a_file_is_counted():
    async with serving(ScriptedHost(failing)) as at, httpx.AsyncClient(base_url=at.http) as client:
        await client.post("/recognize", json=BODY)
        lines = (await client.get("/metrics")).text.splitlines()
    assert 'saywire_sessions_total{wire="/recognize"} 1.0' in lines
    assert 'saywire_sessions_open{wire="/recognize"} 0.0' in lines
    assert 'saywire_errors_total{code="engine_failed",wire="/recognize"} 1.0' in lines


@in_loop
async def test_a_client_that_leaves_ends_its_session(caplog):
    caplog.set_level(logging.INFO)
    host = ScriptedHost(lambda session, command: [])
    async with serving(host) as at, httpx.AsyncClient(base_url=at.http) as client:
        asking = asyncio.create_task(client.post("/recognize", json=BODY))
        session = await host.first()
        await session.heard(m.Finish)
        asking.cancel()
        await session.closed.wait()
    assert "wire=/recognize" in caplog.text and "cause=client left" in caplog.text
    assert not [r for r in caplog.records if r.exc_info]


@in_loop
async def test_a_full_house_is_told():
    full = settings(max_sessions=0)
    async with serving(ScriptedHost(talkative), full) as at, httpx.AsyncClient(base_url=at.http) as client:
        assert (await client.post("/recognize", json=BODY)).status_code == 503
