from __future__ import annotations

import asyncio
import os
import signal
import socket

import httpx
import pytest
from websockets.asyncio.client import connect

from saywire import messages as m
from saywire.errors import ConfigError
from saywire.server.run import listen, run, serve
from server.doubles import PlainWire, ScriptedHost, in_loop, serving, settings


@in_loop
async def test_port_that_is_taken_is_a_clear_error():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = f"^cannot listen on 127.0.0.1 port {port}: it is taken; .* choose another port$"
        with pytest.raises(ConfigError, match=told):
            await serve(settings(port=port), ScriptedHost())


@pytest.mark.parametrize(
    ("host", "port", "told"),
    [
        ("127.0.0.1", 70000, "port 70000 does not exist; ports are 0 to 65535"),
        ("no.such.host.invalid", 0, "choose another host"),
        ("192.0.2.1", 0, "^cannot listen on 192.0.2.1 port 0: [^(]*; choose another host"),
    ],
)
def test_address_that_cannot_be(host, port, told):
    with pytest.raises(ConfigError, match=told):
        listen(host, port)


def test_started_tells_the_real_port_and_sigterm_ends_serve_without_ending_the_process():
    told = []

    async def main():
        host = ScriptedHost()
        port = asyncio.get_running_loop().create_future()

        def started(address: str, number: int) -> None:
            told.append(address)
            port.set_result(number)

        serving = asyncio.create_task(serve(settings(), host, started, {"/plain": PlainWire}))
        async with connect(f"ws://127.0.0.1:{await port}/plain") as ws:
            session = await host.first()
            os.kill(os.getpid(), signal.SIGTERM)
            await session.heard(m.Finish)
            await ws.wait_closed()
            assert ws.close_code == 1012
        await serving
        return type(asyncio.get_running_loop()).__module__

    assert run(main()).startswith(("uvloop", "asyncio"))
    assert told == ["127.0.0.1"]
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@in_loop
async def test_idle_server_stops_at_once_and_frees_its_port():
    async with serving(ScriptedHost()) as at, httpx.AsyncClient(base_url=at.http) as client:
        await client.get("/health")
        at.server.stop()
        await at.stopped
    listen("127.0.0.1", at.port).close()


@in_loop
async def test_websocket_compression_is_declined():
    async with serving(ScriptedHost()) as at, connect(at.ws, compression="deflate") as ws:
        assert "sec-websocket-extensions" not in ws.response.headers
