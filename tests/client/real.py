"""Servers for the client: this one, over a host that says what the test says, and one of bad manners."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from websockets.asyncio.server import ServerConnection, serve

from saywire.server.certificates import SERVER, make
from saywire.server.run import Server
from server.doubles import ScriptedHost, settings


@asynccontextmanager
async def realtime_server(host: ScriptedHost, api_keys: tuple[str, ...] = ()) -> AsyncIterator[str]:
    """The address of its realtime wire."""
    started: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    server = Server(settings(api_keys=api_keys), host, lambda _, port: started.set_result(port))
    task = asyncio.create_task(server.serve())
    await asyncio.wait([started, task], return_when=asyncio.FIRST_COMPLETED)
    try:
        yield f"ws://127.0.0.1:{started.result()}/v1/realtime"
    finally:
        server.stop()
        await task


GREETING = '{"type": "session.created"}'


@asynccontextmanager
async def stranger(*frames: str, code: int = 1000, listens: bool = False) -> AsyncIterator[str]:
    """A server that says these frames and closes, at once or when it has heard something."""

    async def speak(socket: ServerConnection) -> None:
        for frame in frames:
            await socket.send(frame)
        if listens:
            await socket.recv()
        await socket.close(code, "because")

    async with serve(speak, "127.0.0.1", 0) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/realtime"


@asynccontextmanager
async def secured(folder: Path) -> AsyncIterator[str]:
    """The address of one that speaks TLS and says nothing; its authority's certificate is in the folder."""
    make(folder, ["127.0.0.1"])
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trust.load_cert_chain(folder / SERVER)
    async with serve(ServerConnection.wait_closed, "127.0.0.1", 0, ssl=trust) as server:
        yield f"wss://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/realtime"


@asynccontextmanager
async def answering(reply: bytes) -> AsyncIterator[str]:
    """The address of what answers with these bytes, whatever it is told, and closes."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(4096)
        writer.write(reply)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/realtime"
