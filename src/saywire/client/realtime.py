"""A transcription session on a server elsewhere, over its websocket ``/v1/realtime``.

::

    async with connect("ws://127.0.0.1:8000/v1/realtime") as session:
        await session.send(Configure(Options(language="en")))
        await session.send(Audio(samples))
        await session.send(Finish())
        async for event in session:
            print(event)

One task may send while another takes events. What is said on the wire is in ``wire.py``.

A connection that breaks is opened again, at the next address if there are several, and the session goes on
there (``docs/resume.md``): a program notices only that it takes a while. So it is with servers that can do
that, and for as long as ``patience`` allows; else it is an error, as is what asking again would not help.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path
from random import Random

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from ..errors import EngineFailed, Overloaded, SaywireError
from ..messages import Command, Event, Failed
from ..types import RATE
from .dial import Dial, Unreachable, explain, pause
from .tape import AudioLost
from .wire import RealtimeWire

GREETING = 10.0
"""Seconds within which the server must greet."""
PATIENCE = 60.0
"""Seconds without progress after which a session that breaks again and again is given up."""


class RealtimeSession:
    """Iterate over it for its events: up to Finished, or until the connection ends for good.

    ``connections`` counts those that there have been.
    """

    def __init__(self, dial: Dial, wire: RealtimeWire, socket: ClientConnection, patience: float) -> None:
        self.connections = 1
        self._dial = dial
        self._wire = wire
        self._socket = socket
        self._patience = patience
        self._events: deque[Event] = deque()
        self._writing = asyncio.Lock()
        self._mending = asyncio.Lock()
        self._left = asyncio.timeout(None)  # around the mending that goes on
        self._moved = asyncio.Event()  # something came
        self._catching_up: asyncio.Task[None] | None = None
        self._broken: SaywireError | None = None
        self._dice = Random()
        self._calls = 0
        self._attempts = 0  # since there was progress
        self._progress = wire.progress
        self._trouble = 0.0  # when it began

    async def send(self, command: Command) -> None:
        """Waits while the connection is full or broken, or the server too far behind: from five minutes on it
        is slow to send without taking events. Raises EngineFailed when it is gone."""
        self._wire.send(command)
        await self.flush()

    async def flush(self) -> None:
        """As ``send``, of what the wire has been given already."""
        while True:
            socket = await self._mended()
            try:
                return await self._write_all(socket)
            except ConnectionClosed as e:
                await self._mend(socket, e)

    def drop(self) -> None:
        """Leave the connection as if it had broken: for who knows that the network has changed."""
        self._socket.transport.abort()

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
        """Raises the server's refusal, or Unreachable for its silence."""
        await self._greet(self._socket)
        self._catching_up = asyncio.create_task(self._catch_up(self._socket))

    async def close(self) -> None:
        """Whoever still sends, or takes events, is told EngineFailed."""
        self._broken = self._broken or EngineFailed("the session was left")
        if self._mending.locked():
            self._left.reschedule(0.0)
        await self._stop_catching_up()
        await self._socket.close()

    async def _receive(self) -> None:
        socket = await self._mended()
        try:
            self._events.extend(self._wire.receive(await socket.recv()))
            self._moved.set()
        except ConnectionClosed as e:
            await self._mend(socket, e)

    async def _write(self, socket: ClientConnection) -> None:
        async with self._writing:
            # Frames for the next connection must not go to this one: there they would be lost.
            while socket is self._socket and (frame := self._wire.next_frame()) is not None:
                await socket.send(frame)

    async def _write_all(self, socket: ClientConnection) -> None:
        await self._write(socket)
        while self._wire.held and socket is self._socket:
            self._moved.clear()
            try:
                async with asyncio.timeout(1.0):
                    await self._moved.wait()
            except TimeoutError:
                self._wire.ease()
            await self._write(socket)

    async def _greet(self, socket: ClientConnection) -> None:
        try:
            async with asyncio.timeout(GREETING):
                while not self._wire.ready:
                    await self._write(socket)
                    for event in self._wire.receive(await socket.recv()):
                        if isinstance(event, Failed) and not isinstance(event.error, AudioLost):
                            raise event.error
                        self._events.append(event)
        except TimeoutError as e:
            raise Unreachable(f"the server did not greet within {GREETING:.0f} s") from e
        except ConnectionClosed as e:
            raise explain(e) from e

    # A connection that breaks.

    async def _mended(self) -> ClientConnection:
        """The connection, once it works. Raises why it never will."""
        async with self._mending:
            if self._broken:
                raise self._broken
            return self._socket

    async def _mend(self, socket: ClientConnection, closed: ConnectionClosed) -> None:
        """Go on with another one, unless somebody has already. Raises why it is of no use."""
        async with self._mending:
            if self._broken:
                raise self._broken
            if socket is not self._socket:
                return
            try:
                async with asyncio.timeout(None) as self._left:
                    await self._go_on(explain(closed))
            except TimeoutError:
                raise EngineFailed("the session was left") from closed
            except SaywireError as error:
                self._broken = error
                raise

    async def _go_on(self, error: SaywireError) -> None:
        loop = asyncio.get_running_loop()
        if self._wire.progress != self._progress or not self._attempts:
            self._progress, self._attempts, self._trouble = self._wire.progress, 0, loop.time()
        passing = Unreachable | Overloaded
        while self._patience and isinstance(error, passing) and self._wire.resumable:
            if loop.time() - self._trouble > self._patience:
                raise EngineFailed(f"the session was given up after {self._patience:g} s: {error}") from error
            await asyncio.sleep(pause(self._attempts, self._dice))
            self._attempts += 1
            try:
                return await self._connect_again()
            except SaywireError as e:
                error = e
        raise error

    async def _connect_again(self) -> None:
        self._calls += 1
        socket = await self._dial.call(self._calls)
        with ExitStack() as stack:
            stack.callback(socket.transport.abort)
            self._socket = socket
            self._wire.reconnect()
            await self._greet(socket)
            stack.pop_all()
        self.connections += 1
        await self._stop_catching_up()
        self._catching_up = asyncio.create_task(self._catch_up(socket))

    async def _stop_catching_up(self) -> None:
        if self._catching_up:
            self._catching_up.cancel()
            await asyncio.gather(self._catching_up, return_exceptions=True)

    async def _catch_up(self, socket: ClientConnection) -> None:
        """Send again what has not settled, while others take what the server says of it."""
        with suppress(ConnectionClosed):  # who takes or sends next will notice
            await self._write_all(socket)


@asynccontextmanager
async def connect(
    address: str | Sequence[str],
    api_key: str | None = None,
    rate: int = RATE,
    ca: Path | None = None,
    patience: float = PATIENCE,
) -> AsyncGenerator[RealtimeSession]:
    """A session on the server at ``address``, ``ws://HOST/v1/realtime`` or ``wss://...``; closed at the end.

    Of several addresses the first is called, and the others in turn when a connection breaks. ``rate`` is
    that of the audio on the wire; ``ca`` a PEM file of the authorities to trust, instead of the system's;
    ``patience`` the seconds without progress after which a session that breaks again and again is given up.
    Raises BadRequest for an address that is none and a file that cannot be read, NotAllowed for a wrong
    key, EngineFailed where no such server answers.
    """
    dial = Dial((address,) if isinstance(address, str) else tuple(address), api_key, ca)
    async with join(dial, RealtimeWire(rate), patience) as session:
        yield session


@asynccontextmanager
async def join(
    dial: Dial, wire: RealtimeWire, patience: float = PATIENCE, attempt: int = 0
) -> AsyncGenerator[RealtimeSession]:
    """A session of a wire's that is there already; it goes on where it was. ``patience`` 0: a connection that
    breaks is not mended. Raises as ``connect`` does."""
    session = RealtimeSession(dial, wire, await dial.call(attempt), patience)
    try:
        await session.open()
        yield session
    finally:
        await session.close()
