from __future__ import annotations

import asyncio
import random

import pytest
from websockets.exceptions import ConnectionClosed, ConnectionClosedError
from websockets.frames import Close

from saywire.client.dial import Dial, Unreachable, explain, pause, to_address
from saywire.errors import BadRequest, EngineFailed, NotAllowed
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


@pytest.mark.parametrize("proxy", ["foo://127.0.0.1:9", "socks5://127.0.0.1:9"])
def test_a_proxy_that_will_not_do_is_told(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("ws_proxy", proxy)
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(EngineFailed, match="cannot connect to ws"):
        asyncio.run(Dial(("ws://127.0.0.1:9/",)).call())


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


@pytest.mark.parametrize(
    "url",
    [
        *("", "localhost:8000", "127.0.0.1:8000", "ftp://x/", "http://", "/v1/realtime"),
        *("http://:8000", "http://[::1", "http://x:99999", "http://x:0", "http://x:y"),
    ],
)
def test_what_is_no_address_of_a_server(url: str) -> None:
    with pytest.raises(BadRequest, match="no server's address"):
        to_address(url)
