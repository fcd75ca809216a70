"""Pages of other sites: what browsers let them do, and what this server does."""

from __future__ import annotations

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError, InvalidStatus

from saywire.errors import ConfigError
from saywire.server.origins import check_origins
from server.doubles import ScriptedHost, in_loop, serving, settings

HERE, THERE = "https://app.example", "https://elsewhere.example"
PREFLIGHT = {
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,x-stainless-os",
}


def asking(at, origin: str | None = None) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=at.http, headers={"origin": origin} if origin else {})


@in_loop
async def test_without_settings_no_page_elsewhere_reads_an_answer_and_nobody_is_refused():
    async with serving(ScriptedHost()) as at:
        async with asking(at, THERE) as client:
            answer = await client.get("/v1/models")
            assert answer.status_code == 200
            assert "access-control-allow-origin" not in answer.headers
            assert (await client.options("/v1/models", headers=PREFLIGHT)).status_code == 405
        async with connect(at.ws, origin=THERE) as ws:
            assert await ws.recv()


@in_loop
async def test_a_site_that_is_named_may_read_answers_errors_and_their_names():
    config = settings(allowed_origins=(HERE,), api_keys=("sk-1",))
    async with serving(ScriptedHost(), config) as at:
        async with asking(at, HERE) as client:
            preflight = await client.options("/v1/audio/transcriptions", headers=PREFLIGHT)
            assert preflight.status_code == 200  # it carries no key
            assert preflight.headers["access-control-allow-origin"] == HERE
            assert (
                preflight.headers["access-control-allow-headers"]
                == PREFLIGHT["access-control-request-headers"]
            )
            refused = await client.get("/v1/models")
            assert refused.status_code == 401
            assert refused.headers["access-control-allow-origin"] == HERE
            assert "x-request-id" in refused.headers["access-control-expose-headers"]
        async with asking(at, THERE) as client:
            answer = await client.get("/v1/models", headers={"authorization": "Bearer sk-1"})
            assert answer.status_code == 200
            assert "access-control-allow-origin" not in answer.headers


@in_loop
async def test_everybody_may_read_where_that_is_wanted():
    async with serving(ScriptedHost(), settings(allowed_origins=("*",))) as at, asking(at, THERE) as client:
        assert (await client.get("/v1/models")).headers["access-control-allow-origin"] == "*"


@in_loop
async def test_origins_are_checked_where_that_is_wanted():
    config = settings(allowed_origins=(HERE,), check_origin=True)
    async with serving(ScriptedHost(), config) as at:
        for origin, status in [(None, 200), (HERE, 200), (at.http, 200), (THERE, 403), ("null", 403)]:
            async with asking(at, origin) as client:
                answer = await client.get("/v1/models")
                assert answer.status_code == status, origin
        assert "www-authenticate" not in answer.headers
        assert answer.json()["error"]["code"] == "origin_not_allowed"
        for origin in (None, HERE):
            async with connect(at.ws, origin=origin) as ws:
                assert await ws.recv()
        async with connect(at.ws, origin=THERE) as ws:
            said = []
            with pytest.raises(ConnectionClosedError):
                while True:
                    said.append(await ws.recv())
        assert "error origin_not_allowed" in said[-1]


@in_loop
async def test_where_no_wire_is_the_refusal_is_http():
    async with serving(ScriptedHost(), settings(check_origin=True)) as at:
        with pytest.raises(InvalidStatus) as refused:
            await connect(at.ws + "/nowhere", origin=THERE)
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize(
    "origin", ["https://app.example/", "app.example", "HTTPS://app.example", "", "https://"]
)
def test_what_no_browser_sends_is_a_clear_error(origin):
    with pytest.raises(ConfigError, match=r"server.allowed_origins has .*; write it as browsers do"):
        check_origins([origin])


def test_what_browsers_send():
    check_origins(["*", "null", "http://localhost:3000", "https://[::1]:8000", "chrome-extension://abcdef"])
