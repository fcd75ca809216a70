"""A transcription session on a server elsewhere, over its websocket ``/v1/realtime``.

::

    async with connect("ws://127.0.0.1:8000/v1/realtime") as session:
        await session.send(Configure(Options(language="en")))
        await session.send(Audio(samples))
        await session.send(Finish())
        async for event in session:
            print(event)

One task may send while another takes events. What is said on the wire is in ``wire.py``.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_websocket
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from ..errors import BadRequest, EngineFailed, NotAllowed, SaywireError
from ..messages import Command, Event, Failed
from ..types import RATE
from .wire import RealtimeWire

GREETING = 10.0
"""Seconds within which the server must greet."""
LARGEST = 16 * 2**20
"""Bytes of a message from the server."""


class RealtimeSession:
    """Iterate over it for its events: up to Finished, or until the connection ends."""

    def __init__(self, socket: ClientConnection, wire: RealtimeWire) -> None:
        self._socket = socket
        self._wire = wire
        self._events: deque[Event] = deque()

    async def send(self, command: Command) -> None:
        """Waits while the connection is full. Raises EngineFailed when it is gone."""
        await self._send(self._wire.send(command))

    async def _send(self, frames: list[str]) -> None:
        try:
            for frame in frames:
                await self._socket.send(frame)
        except ConnectionClosed as e:
            raise _broken(e) from e

    def __aiter__(self) -> RealtimeSession:
        return self

    async def __anext__(self) -> Event:
        """Raises EngineFailed when the connection ends before the session does."""
        while not self._events:
            if self._wire.finished:
                raise StopAsyncIteration
            await self._receive()
        return self._events.popleft()

    async def open(self) -> None:
        """Greet each other. Raises the server's refusal, or EngineFailed for its silence."""
        try:
            async with asyncio.timeout(GREETING):
                while not self._wire.ready:
                    await self._receive()
                    for event in self._events:
                        if isinstance(event, Failed):
                            raise event.error
        except TimeoutError as e:
            raise EngineFailed(f"the server did not greet within {GREETING:.0f} s") from e
        await self._send(self._wire.open())

    async def _receive(self) -> None:
        try:
            self._events.extend(self._wire.receive(await self._socket.recv()))
        except ConnectionClosed as e:
            raise _broken(e) from e


@asynccontextmanager
async def connect(
    address: str, api_key: str | None = None, rate: int = RATE, ca: Path | None = None
) -> AsyncGenerator[RealtimeSession]:
    """A session on the server at ``address``, ``ws://HOST/v1/realtime`` or ``wss://...``; closed at the end.

    ``rate`` is that of the audio on the wire; ``ca`` a PEM file of the authorities to trust, instead of
    the system's. Raises BadRequest for an address that is none and a file that cannot be read, NotAllowed
    for a wrong key, EngineFailed where no such server answers.
    """
    headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    joint = "&" if "?" in address else "?"
    try:
        socket = await open_websocket(
            f"{address}{joint}intent=transcription",
            additional_headers=headers,
            compression=None,
            max_size=LARGEST,
            ssl=_trust(ca) if address.startswith("wss:") else None,
        )
    except InvalidURI as e:
        raise BadRequest(f"'{address}' is no websocket address; write ws://HOST:PORT/v1/realtime") from e
    except ssl.SSLCertVerificationError as e:
        what = f"the certificate of {address} is not trusted ({e.verify_message})"
        raise EngineFailed(f"{what}; name the authority that signed it") from e
    except (OSError, InvalidHandshake) as e:
        raise EngineFailed(f"cannot connect to {address}: {e}") from e
    async with socket:
        session = RealtimeSession(socket, RealtimeWire(rate))
        await session.open()
        yield session


def _trust(ca: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca)
    except OSError as e:  # SSLError, too
        raise BadRequest(f"{ca} has no certificates of authorities in PEM: {e}") from e


def _broken(e: ConnectionClosed) -> SaywireError:
    reason = e.rcvd.reason if e.rcvd else ""
    if e.rcvd and e.rcvd.code == 3000:  # OpenAI's close code for keys that are not accepted
        return NotAllowed(f"the server refused the key: {reason}")
    return EngineFailed(f"the connection ended before the session did: {reason or e}")
