"""Requests have names, and the log has them, too."""

from __future__ import annotations

import logging

import httpx
import openai
import pytest

from server.audio import quiet, wav
from server.doubles import ScriptedHost, in_loop, serving, talkative


@in_loop
async def test_every_answer_has_a_name_of_its_own():
    async with serving(ScriptedHost()) as at, httpx.AsyncClient(base_url=at.http) as client:
        answers = [await client.get(path) for path in ("/health", "/health", "/nowhere")]
    names = [answer.headers["x-request-id"] for answer in answers]
    assert all(name.startswith("req_") for name in names) and len(set(names)) == 3


@in_loop
async def test_a_bug_has_a_name_too(caplog):
    host = ScriptedHost()
    host.models = lambda: 1 / 0
    async with serving(host) as at, httpx.AsyncClient(base_url=at.http) as client:
        answer = await client.get("/v1/models")
    assert answer.status_code == 500 and answer.headers["x-request-id"].startswith("req_")


@in_loop
async def test_the_sdk_shows_the_name_that_is_in_the_log(caplog):
    caplog.set_level(logging.INFO, "saywire")
    async with (
        serving(ScriptedHost(talkative)) as at,
        openai.AsyncOpenAI(api_key="any", base_url=f"{at.http}/v1", max_retries=0) as client,
    ):
        heard = await client.audio.transcriptions.create(model="scripted", file=wav(quiet(0.5)))
        assert f"session {heard._request_id.removeprefix('req_')} end" in caplog.text
        with pytest.raises(openai.BadRequestError) as refused:
            await client.audio.transcriptions.create(model="scripted", file=b"no audio")
        name = refused.value.request_id.removeprefix("req_")
        assert f"session {name} end" in caplog.text and "cause=invalid_audio" in caplog.text
