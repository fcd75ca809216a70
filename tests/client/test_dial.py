from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, ConnectionClosedError
from websockets.frames import Close

from client.real import answering, secured
from saywire.client.dial import Dial, Unreachable, explain, pause, to_address
from saywire.errors import BadRequest, EngineFailed, NotAllowed, SaywireError
from saywire.server.certificates import AUTHORITY
from server.doubles import ScriptedHost, in_loop, serving


def closed(code: int | None) -> ConnectionClosed:
    return ConnectionClosedError(Close(code, "why") if code else None, None)


@pytest.mark.parametrize("code", [None, 1001, 1006, 1012, 1013])
def test_these_ends_may_pass(code: int | None) -> None:
    assert isinstance(explain(closed(code)), Unreachable)


@pytest.mark.parametrize("code", [1000, 1008, 1011, 4000, 4009])
def test_these_will_not(code: int) -> None:
    error = explain(closed(code))
    assert type(error) is EngineFailed and "why" in error.message


def test_a_wrong_key_is_told() -> None:
    assert isinstance(explain(closed(3000)), NotAllowed)


def test_pauses_double_and_are_jittered() -> None:
    dice = random.Random(1)
    for attempt, longest in enumerate([0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]):
        pauses = {pause(attempt, dice) for _ in range(100)}
        assert len(pauses) > 90 and longest / 2 <= min(pauses) and max(pauses) <= longest
    assert pause(10_000, dice) <= 2.0


@in_loop
async def test_addresses_are_called_in_turn() -> None:
    async with serving(ScriptedHost()) as at:
        dial = Dial(("ws://127.0.0.1:9/", at.ws))
        with pytest.raises(Unreachable, match="cannot connect to ws"):
            await dial.call(2)
        socket = await dial.call(3)
        await socket.close()


@in_loop
async def test_what_another_attempt_would_not_change_is_told_apart() -> None:
    async with serving(ScriptedHost()) as at:
        with pytest.raises(EngineFailed) as refused:
            await Dial((at.ws.replace("/plain", "/nothing"),)).call()
        assert not isinstance(refused.value, Unreachable)
    with pytest.raises(BadRequest):
        await Dial(("127.0.0.1:8000",)).call()
    with pytest.raises(BadRequest, match="no websocket address"):
        await Dial(("ws://a..b:80/",)).call()


@pytest.mark.parametrize("key", ["sk-secret\n", "sk-secret钥"])
@in_loop
async def test_what_cannot_be_a_key_is_refused_and_not_said(key: str) -> None:
    with pytest.raises(NotAllowed, match="has characters") as refused:
        await Dial(("ws://127.0.0.1:9/",), key).call()
    assert "secret" not in refused.value.message


@pytest.mark.parametrize(
    "proxy", ["foo://me:secret@127.0.0.1:9", "socks5://127.0.0.1:9", "http://127.0.0.1:99999"]
)
def test_a_proxy_that_will_not_do_is_told(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("ws_proxy", proxy)
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(EngineFailed, match="by the proxy of the environment: ") as refused:
        asyncio.run(Dial(("ws://asr.example/",)).call())
    assert "secret" not in refused.value.message


@in_loop
async def test_no_proxy_is_asked_for_this_machine() -> None:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("ws_proxy", "foo://127.0.0.1:9")
        environment.setenv("no_proxy", "")
        async with serving(ScriptedHost()) as at:
            socket = await Dial((at.ws,)).call()
            await socket.close()


@in_loop
async def test_an_address_of_the_wrong_scheme_is_told(tmp_path: Path) -> None:
    async with serving(ScriptedHost()) as at, secured(tmp_path) as address:
        for wrong, advice in (
            (at.ws.replace("ws:", "wss:"), "no TLS is spoken there; write http://"),
            (address.replace("wss:", "ws:"), "TLS is spoken there; write https://"),
        ):
            with pytest.raises(EngineFailed, match=advice) as refused:
                await Dial((wrong,), "sk-secret").call()
            assert not isinstance(refused.value, Unreachable)


@in_loop
async def test_a_certificate_that_is_not_trusted_is_told(tmp_path: Path) -> None:
    async with secured(tmp_path) as address:
        with pytest.raises(EngineFailed, match="name the authority that signed it") as refused:
            await Dial((address,)).call()
        assert not isinstance(refused.value, Unreachable)
        with pytest.raises(EngineFailed, match=r"mismatch.*'localhost'") as refused:
            await Dial((address.replace("127.0.0.1", "localhost"),), ca=tmp_path / AUTHORITY).call()
        assert "authority" not in refused.value.message
        socket = await Dial((address,), ca=tmp_path / AUTHORITY).call()
        await socket.close()
    with pytest.raises(BadRequest, match="no certificates of authorities"):
        await Dial(("ws://127.0.0.1:9/",), ca=tmp_path / "none.pem").call()


@pytest.mark.parametrize(
    ("reply", "kind", "told"),
    [
        (b"SSH-2.0-OpenSSH_9\r\n", EngineFailed, "what answers there is no web server"),
        (b"HTTP/1.1 401 Unauthorized\r\n\r\n", NotAllowed, "it wants another key"),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", EngineFailed, "HTTP 404"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", EngineFailed, "HTTP 400"),
        (b"HTTP/1.1 429 Too Many Requests\r\n\r\n", Unreachable, "HTTP 429"),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", Unreachable, "HTTP 503"),
        (
            b"HTTP/1.1 301 Moved Permanently\r\nLocation: https://other.example/v1?key=secret\r\n\r\n",
            EngineFailed,
            "it sends us on to https://other.example/v1; give that address",
        ),
        (
            b"HTTP/1.1 302 Found\r\nLocation: /login\r\n\r\n",
            EngineFailed,
            "it sends us on to ws://127.0.0.1:",
        ),
        (b"HTTP/1.1 20", Unreachable, "it closed the connection at once"),
        (b"", Unreachable, "it closed the connection at once"),
    ],
)
@in_loop
async def test_what_answers_there_is_told(reply: bytes, kind: type[SaywireError], told: str) -> None:
    async with answering(reply) as address:
        address = address.replace("//", "//me:secret@") + "?key=secret"
        with pytest.raises(kind, match=told) as refused:
            await Dial((address,), "sk-secret").call()
    assert type(refused.value) is kind
    assert "secret" not in refused.value.message


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://127.0.0.1:8000", "ws://127.0.0.1:8000/v1/realtime"),
        ("http://127.0.0.1:8000/", "ws://127.0.0.1:8000/v1/realtime"),
        ("https://asr.example/v1", "wss://asr.example/v1/realtime"),
        ("ws://[::1]:8000", "ws://[::1]:8000/v1/realtime"),
        ("wss://asr.example/else?x=1", "wss://asr.example/else?x=1"),
    ],
)
def test_the_wire_of_a_server_is_found_by_its_page(url: str, address: str) -> None:
    assert to_address(url) == address


def test_what_is_no_address_of_a_server() -> None:
    with pytest.raises(BadRequest, match="no server's address"):
        to_address("localhost:8000")
