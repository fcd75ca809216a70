from __future__ import annotations

import logging

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from saywire import __version__
from saywire import messages as m
from server.doubles import ScriptedHost, in_loop, serving, settings


@in_loop
async def test_models():
    async with serving(ScriptedHost()) as at, httpx.AsyncClient(base_url=at.http) as client:
        listed = (await client.get("/v1/models")).json()
        assert listed["object"] == "list"
        assert [model["id"] for model in listed["data"]] == ["scripted", "lab/other:1", "whisper-1"]
        one = (await client.get("/v1/models/scripted")).json()
        assert one == listed["data"][0]
        assert (one["object"], one["owned_by"], one["languages"]) == ("model", "saywire", ["en"])
        assert isinstance(one["created"], int)


@in_loop
async def test_an_alias_is_listed_and_described_under_the_name_asked_for():
    async with serving(ScriptedHost()) as at, httpx.AsyncClient(base_url=at.http) as client:
        model, _, alias = (await client.get("/v1/models")).json()["data"]
        assert alias == model | {"id": "whisper-1"} == (await client.get("/v1/models/whisper-1")).json()
        assert (model["root"], alias["root"]) == ("scripted", "scripted")


@pytest.mark.parametrize("path", ["lab%2Fother:1", "lab/other:1"])
@in_loop
async def test_model_whose_name_has_a_slash(path):
    async with serving(ScriptedHost()) as at, httpx.AsyncClient(base_url=at.http) as client:
        assert (await client.get(f"/v1/models/{path}")).json()["id"] == "lab/other:1"


@in_loop
async def test_unknown_model_in_openai_shape():
    async with serving(ScriptedHost()) as at, httpx.AsyncClient(base_url=at.http) as client:
        answer = await client.get("/v1/models/nope")
        assert answer.status_code == 404
        assert answer.json() == {
            "error": {
                "message": "The model 'nope' does not exist; see /v1/models for what is here.",
                "type": "invalid_request_error",
                "param": "model",
                "code": "model_not_found",
            }
        }


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("DELETE", "/v1/models", 405), ("POST", "/", 405)],
)
@in_loop
async def test_errors_of_the_framework_have_the_shape_too(method, path, status):
    async with serving(ScriptedHost()) as at, httpx.AsyncClient(base_url=at.http) as client:
        answer = await client.request(method, path)
        assert answer.status_code == status
        assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


@in_loop
async def test_a_method_that_is_not_there_names_those_that_are():
    async with serving(ScriptedHost()) as at, httpx.AsyncClient(base_url=at.http) as client:
        assert (await client.delete("/v1/audio/transcriptions")).headers["allow"] == "POST"


@pytest.mark.parametrize("path", ["/", "/health", "/v1/models", "/v1/models/lab%2Fother:1"])
@in_loop
async def test_head_is_get_without_its_body(path):
    async with serving(ScriptedHost()) as at, httpx.AsyncClient(base_url=at.http) as client:
        head, get = await client.head(path), await client.get(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == get.headers["content-length"]
        assert '"head":' not in (await client.get("/openapi.json")).text


@in_loop
async def test_unknown_websocket_path_is_404_and_says_so(caplog):
    caplog.set_level(logging.INFO, "saywire")
    async with serving(ScriptedHost()) as at:
        with pytest.raises(InvalidStatus) as refused:
            await connect(at.ws + "/nowhere%0A?key=secret")
        assert refused.value.response.status_code == 404
        assert b"there is nothing at /plain/nowhere" in refused.value.response.body
    assert caplog.messages == [r"refused wire='/plain/nowhere\n' client=127.0.0.1 cause=not_found"]


@in_loop
async def test_a_bug_answers_500_in_the_shape(caplog):
    host = ScriptedHost()
    host.models = lambda: 1 / 0
    async with serving(host) as at, httpx.AsyncClient(base_url=at.http) as client:
        answer = await client.get("/v1/models")
        assert answer.status_code == 500
        error = answer.json()["error"]
        assert (error["type"], error["code"]) == ("server_error", "internal_error")
        assert "division" not in answer.text
    assert "ZeroDivisionError" in caplog.text


@in_loop
async def test_health_counts_sessions():
    async with serving(ScriptedHost()) as at, httpx.AsyncClient(base_url=at.http) as client:
        health = {"status": "ok", "version": __version__, "models": ["scripted"], "sessions": 0}
        assert (await client.get("/health")).json() == health
        assert (await client.head("/health")).status_code == 200
        async with connect(at.ws) as ws:
            await ws.recv()
            assert (await client.get("/health")).json() == health | {"sessions": 1}


@in_loop
async def test_while_draining_health_is_503_and_nobody_new_comes_in():
    host = ScriptedHost(lambda session, command: [])
    async with serving(host) as at, httpx.AsyncClient(base_url=at.http) as client, connect(at.ws) as ws:
        session = await host.first()
        at.server.stop()
        await session.heard(m.Finish)
        answer = await client.get("/health")
        assert (answer.status_code, answer.json()["status"]) == (503, "draining")
        async with connect(at.ws) as late:
            await late.recv()
            assert (await late.recv()).startswith("error shutting_down")
            await late.wait_closed()
            assert late.close_code == 1013
        session.say(m.Finished(0.0))
        await ws.wait_closed()
        await at.stopped


@in_loop
async def test_front_page_for_programs_and_for_people():
    async with serving(ScriptedHost()) as at, httpx.AsyncClient(base_url=at.http) as client:
        info = (await client.get("/")).json()
        assert (
            info["name"] == "saywire"
            and info["wires"] == ["/plain", "/switch"]
            and "scripted" in info["models"]
        )
        page = await client.get("/", headers={"accept": "text/html,*/*"})
        assert page.headers["content-type"].startswith("text/html")
        assert page.headers["vary"] == "accept"
        assert page.text == (await client.get("/test")).text


@in_loop
async def test_docs_need_nothing_from_elsewhere():
    async with serving(ScriptedHost()) as at, httpx.AsyncClient(base_url=at.http) as client:
        page = (await client.get("/docs")).text
        assert "https://" not in page
        assert (await client.get("/static-offline-docs/swagger-ui-bundle.js")).status_code == 200
        assert "/v1/models" in (await client.get("/openapi.json")).json()["paths"]


@in_loop
async def test_server_says_nothing_of_what_it_is_made_of():
    async with serving(ScriptedHost(), settings()) as at, httpx.AsyncClient(base_url=at.http) as client:
        assert "server" not in (await client.get("/health")).headers
