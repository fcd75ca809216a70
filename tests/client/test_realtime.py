"""The client over a real socket: this server behind it, and servers that misbehave."""

from __future__ import annotations

import numpy as np
import pytest
from websockets.asyncio.server import ServerConnection, serve

from client.real import GREETING, realtime_server, stranger
from saywire import messages as m
from saywire.client import realtime
from saywire.client.realtime import connect
from saywire.errors import BadRequest, EngineFailed, NotAllowed
from saywire.types import Options
from server.doubles import ScriptedHost, in_loop, talkative


@in_loop
async def test_a_session_from_greeting_to_end() -> None:
    host = ScriptedHost(talkative)
    async with realtime_server(host) as address, connect(address) as session:
        await session.send(m.Configure(Options(language="en")))
        await session.send(m.Audio(np.zeros(1600, np.float32)))
        await session.send(m.Finish())
        events = [event async for event in session]
    assert isinstance(events[0], m.Configured) and isinstance(events[-1], m.Finished)
    assert [e.text for e in events if isinstance(e, m.Final)] == ["said 0"]
    assert [type(c) for c in host.sessions[0].commands][-2:] == [m.Audio, m.Finish]


@in_loop
async def test_a_key_is_asked_for_and_given() -> None:
    async with realtime_server(ScriptedHost(), api_keys=("sk-right",)) as address:
        async with connect(address, "sk-right") as session:
            await session.send(m.Finish())
            assert [type(event) async for event in session] == [m.Finished]
        for key in ("sk-wrong", None):
            with pytest.raises((NotAllowed, BadRequest, EngineFailed)) as caught:
                async with connect(address, key):
                    pass
            assert "sk-" not in caught.value.message


@in_loop
async def test_no_server_no_websocket_and_no_address_are_told_apart() -> None:
    with pytest.raises(EngineFailed, match="cannot connect to"):
        async with connect("ws://127.0.0.1:9/v1/realtime"):
            pass
    with pytest.raises(BadRequest, match="is no websocket address"):
        async with connect("127.0.0.1:8000"):
            pass
    async with realtime_server(ScriptedHost()) as address:
        with pytest.raises(EngineFailed, match="cannot connect to"):
            async with connect(address.replace("/v1/realtime", "/health")):
                pass


@in_loop
async def test_a_connection_that_breaks_is_an_error_and_not_an_end() -> None:
    async with stranger(GREETING, code=1011, listens=True) as address, connect(address) as session:
        with pytest.raises(EngineFailed, match="because"):
            await anext(session)
        with pytest.raises(EngineFailed):
            await session.send(m.Commit())


@in_loop
async def test_a_refusal_instead_of_a_greeting_is_raised() -> None:
    refusal = '{"type": "error", "error": {"message": "not you", "code": "beta_api_shape_disabled"}}'
    async with stranger(refusal) as address:
        with pytest.raises(BadRequest, match="not you"):
            async with connect(address):
                pass
    async with stranger(code=3000) as address:
        with pytest.raises(NotAllowed):
            async with connect(address):
                pass


@in_loop
async def test_a_server_that_does_not_greet_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(realtime, "GREETING", 0.01)

    async def keep_silent(socket: ServerConnection) -> None:
        await socket.wait_closed()

    async with serve(keep_silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(EngineFailed, match="did not greet"):
            async with connect(f"ws://127.0.0.1:{port}/"):
                pass
