"""The server as a process: listen, tell the port, serve, and empty the house before closing it.

uvicorn with the options that were measured best for many long websockets (uvicorn 0.54, 2026-11): its
websockets-sansio, no deflate (30 us a message and 9 % smaller PCM), no access log. At a signal uvicorn itself
would close every websocket at once with 1012; here sessions first get Finish and their finals are sent.
Prints nothing; logs go to the logging module.
"""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager, suppress
from types import FrameType
from typing import Any, TypeVar

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from ..config import Config, ServerConfig
from ..errors import ConfigError, Overloaded
from ..protocols import PROTOCOLS
from ..runtime.base import Host
from .app import create_app
from .calls import Calls
from .limits import Admission
from .listeners import Listeners, check_listeners
from .shares import Shares
from .tls import Credentials, Renewal, find_credentials
from .waiting import until_one_ends
from .wires import Wires

try:
    import uvloop
except ImportError:  # there is none for Windows
    uvloop = None  # type: ignore[assignment]

T = TypeVar("T")

LOOP: Callable[[], asyncio.AbstractEventLoop] | None = uvloop.new_event_loop if uvloop else None
"""Makes the loop; None: asyncio's own."""
BACKLOG = 4096
KEEP_ALIVE = 75
"""Seconds an idle HTTP connection stays: longer than clients keep theirs, so that none dies in a race."""
PING_EVERY = PONG_WITHIN = 20
"""Seconds, uvicorn's own choice and OpenAI's. Whoever is gone without a word is found out after both."""
AFTER_DRAIN = 2
"""Seconds for sessions that are given up to say so; uvicorn waits as long for what did not end even then."""

Started = Callable[[str, int], None]
"""Called with the address and the port once connections are accepted."""


def run(main: Coroutine[Any, Any, T]) -> T:
    """``asyncio.run``, on uvloop where it is installed."""
    with asyncio.Runner(loop_factory=LOOP) as runner:
        return runner.run(main)


def ignore(address: str, port: int) -> None:
    """Nobody wants to know."""


async def serve(config: Config, host: Host, started: Started = ignore, wires: Wires = PROTOCOLS) -> None:
    """Serve until SIGINT or SIGTERM, a second one of which ends the draining at once.

    ``host`` must be running; it is left running. Raises ConfigError when an address cannot be taken, the
    certificate will not do, or a listener's wire is none.
    """
    await Server(config, host, started, wires).serve()


class Server(uvicorn.Server):
    """For programs that embed the server: ``serve``, and from anywhere ``stop``."""

    def __init__(
        self, config: Config, host: Host, started: Started = ignore, wires: Wires = PROTOCOLS
    ) -> None:
        self._settings = config.server
        self._host = host
        self._admission = Admission(config.server.max_sessions)
        self._on_started = started
        self._stopping = asyncio.Event()
        self._impatient = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        credentials = find_credentials(config.server)
        self._renewal = Renewal(credentials) if credentials else None
        self._listeners = config.listener
        check_listeners(self._listeners)
        app = create_app(host, config, wires, self._admission)
        self._calls: Calls = app.state.calls
        self._shares: Shares = app.state.shares
        self._app = Listeners(app)
        self.ports: dict[str, int] = {}
        """Of the listeners, by name, while it serves."""
        super().__init__(_uvicorn_config(self._app, config.server, credentials))

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        with ExitStack() as stack:
            sockets = [stack.enter_context(listen(self._settings.host, self._settings.port))]
            for listener in self._listeners:
                host = listener.host or self._settings.host
                sockets.append(stack.enter_context(listen(host, listener.port)))
                self.ports[listener.name] = sockets[-1].getsockname()[1]
            self._app.bind({self.ports[listener.name]: listener.wire for listener in self._listeners})
            await super().serve(sockets)

    def stop(self) -> None:
        """Drain, close and return from ``serve``. May be called from any thread while it runs."""
        assert self._loop
        self._loop.call_soon_threadsafe(self.handle_exit, 0, None)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if sockets and self.started:
            self._on_started(*sockets[0].getsockname()[:2])

    async def main_loop(self) -> None:
        """As the parent's, but woken by ``stop`` instead of looking ten times a second."""
        while not await self.on_tick(0):  # which renews the Date header, too
            if self._renewal and self.config.ssl:
                self._renewal.renew(self.config.ssl)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), 1.0)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Sessions finish while the port is still open, so that a load balancer can read 503 from it."""
        self._admission.close()
        if not await self._drain(self._settings.drain_seconds):
            left = "the server stops before all was recognised; connect again, and send the rest once more"
            self._host.give_up(Overloaded(left, code="shutting_down"))
            await self._drain(AFTER_DRAIN)
        self._shares.stop()
        await super().shutdown(sockets)
        await self._calls.close()

    async def _drain(self, seconds: float) -> bool:
        """Whether all sessions ended within so many seconds, or until somebody was impatient."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await until_one_ends(self._admission.emptied(), self._impatient.wait())
        return not self._admission.sessions

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.should_exit:
            self.force_exit = True
            self._impatient.set()
        self.should_exit = True
        self._stopping.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As the parent's, but a signal ends ``serve`` and not, afterwards, the process around it."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        if sys.platform == "win32":  # its loops take no signal handlers
            with super().capture_signals():
                yield
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)


class Websockets(WebSocketsSansIOProtocol):
    """For uvicorn 0.54 an application that denied a websocket over HTTP never answered, and that is logged as
    an error."""

    async def send(self, message: Any) -> None:
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body", False):
            self.handshake_complete = True


def listen(host: str, port: int) -> socket.socket:
    """A bound socket; port 0 takes a free one. Raises ConfigError when the address cannot be taken."""
    if not 0 <= port <= 65535:
        raise ConfigError(f"port {port} does not exist; ports are 0 to 65535", param="port")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as e:
        raise ConfigError(f"cannot listen on {host} port {port}: {_explain(e)}", param="port") from e


def _explain(error: OSError) -> str:
    """What is in the way, and what to do about it."""
    if error.errno == errno.EADDRINUSE:
        return "it is taken; end the program that has it, or choose another port"
    if error.errno == errno.EACCES:
        return "it is not allowed; choose another port, above 1023"
    # A failed create_server puts the address, which is told already, behind the system's words.
    reason = (error.strerror or str(error)).partition(" (while ")[0]
    return f"{reason}; choose another host, one that is an address of this machine"


def _uvicorn_config(app: ASGIApp, settings: ServerConfig, credentials: Credentials | None) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        ssl_certfile=credentials.certificate if credentials else None,
        ssl_keyfile=credentials.key if credentials else None,
        ws=Websockets,
        ws_max_size=settings.max_message_bytes,
        ws_per_message_deflate=False,
        ws_ping_interval=PING_EVERY,
        ws_ping_timeout=PONG_WITHIN,
        backlog=BACKLOG,
        lifespan="off",
        log_config=None,
        log_level="warning",  # its INFO lines carry query strings, and those may carry keys
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=AFTER_DRAIN,
    )
