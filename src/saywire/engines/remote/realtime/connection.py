"""One websocket to a server: the handshake, then one turn after the other.

This is websockets' asyncio client and not its threaded one, which holds its lock while it sends: a server
that stops reading hangs whoever closes, too, and nothing can cut that short. Redirects are not followed: a
key is for one host.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.http11 import Response

from ....calling import PROXY_TROUBLE, Handshake, choose_proxy
from ..answer import Refusal, Unreadable
from ..server import Server, Trouble
from .turn import Turn
from .wire import Frame, Wire

OPENING = 10.0
"""Seconds for a connection and the handshake, and as many for the greeting."""
FAREWELL = 1.0
"""Seconds a server may take to close."""
SILENT = 60.0
"""Seconds after which a server that answers no ping is gone."""
MOST = 2**20
"""Bytes of a message from a server."""
KEY_REFUSED = 3000
"""OpenAI's close code for keys that it does not take, or misses."""
TRY_LATER = 1013
REFUSED = frozenset({1002, 1003, 1007, 1008, 1009, 1010})
"""Close codes that another try would meet again (RFC 6455, section 7.4.1), as are all from 4000 on."""

_quiet = logging.getLogger(f"{__name__}.frames")
_quiet.setLevel(logging.WARNING)  # below are headers with keys, and what people say


class Connection:
    def __init__(self, socket: ClientConnection, wire: Wire, server: Server) -> None:
        self._socket = socket
        self._wire = wire
        self._server = server
        self._changed = asyncio.Event()
        self._listening = asyncio.create_task(self._listen())

    @property
    def broken(self) -> bool:
        """Whether the server has gone, or said that it will not."""
        return self._listening.done()

    def wake(self) -> None:
        """The turn has more audio, or was committed."""
        self._changed.set()

    async def greet(self, within: float) -> None:
        """Raises Trouble."""
        try:
            async with asyncio.timeout(within):
                while not self._wire.greeted:
                    await self._wait()
                    if not self._wire.greeted:
                        self._check()
        except TimeoutError as e:
            what = f"did not greet us within {within:g} s; check url and dialect"
            raise Trouble(what, "remote_timeout", again=True) from e

    async def converse(self, turn: Turn) -> None:
        """One turn, from its first frame to its end. Raises Trouble."""
        self._wire.begin()
        await self._flush()
        sent, ended = 0, False
        while not self._wire.over:
            while self._wire.open and sent < len(turn.frames) and not self.broken:
                await self._send(self._wire.append(turn.frames[sent]))
                sent += 1
            if self._wire.open and turn.committed and not ended and sent == len(turn.frames):
                self._wire.commit()
                ended = True
            await self._wait()
            turn.hear(self._wire.said)
            if not self._wire.over:
                self._check()
        if not ended:
            what = "ended a turn before its audio had ended; it must leave turns to its clients"
            raise Trouble(what, "remote_malformed")

    async def close(self) -> None:
        self._listening.cancel()
        try:
            await asyncio.gather(self._listening, return_exceptions=True)
            with suppress(TimeoutError):
                async with asyncio.timeout(FAREWELL):  # its own limit does not count what waits to be sent
                    await self._socket.close()
        finally:
            self._socket.transport.abort()
            await self._socket.wait_closed()

    async def _wait(self) -> None:
        """Send what the wire has to say, then wait for something new, if nothing is yet."""
        await self._flush()
        if not self.broken:
            await self._changed.wait()
            self._changed.clear()

    async def _flush(self) -> None:
        for frame in self._wire.frames_to_send():
            await self._send(frame)

    async def _send(self, frame: Frame) -> None:
        try:
            await self._socket.send(frame)
        except ConnectionClosed:
            await asyncio.wait([self._listening])  # it knows why
            self._check()

    def _check(self) -> None:
        """Raises Trouble."""
        if self.broken:
            raise self._listening.result()

    async def _listen(self) -> Trouble:
        """Take what the server says until it goes, or says that it will not; tell which."""
        try:
            while True:
                self._wire.receive(await self._socket.recv())
                self._changed.set()
        except ConnectionClosed as e:
            return judge_close(self._server, e)
        except Unreadable as e:
            what = (
                f"said what is no event of this dialect ({self._server.clean(str(e))}); check url and dialect"
            )
            return Trouble(what, "remote_malformed")
        except Refusal as e:
            return await self._judge(e)
        finally:
            self._changed.set()

    async def _judge(self, refusal: Refusal) -> Trouble:
        """OpenAI says of a missing key only that the request is invalid, and the rest with the close code."""
        if refusal.code in ("", "invalid_request_error"):
            with suppress(TimeoutError):
                async with asyncio.timeout(FAREWELL):
                    await self._socket.wait_closed()
            if self._socket.close_code == KEY_REFUSED:
                return self._server.judge_key(self._server.clean(str(refusal)))
        return self._server.judge_refusal(refusal)


async def connect(server: Server, wire: Wire, within: float) -> Connection:
    """A connection whose server has greeted, so many seconds for each of both. Raises Trouble."""
    socket = await _open(server, within)
    connection = Connection(socket, wire, server)
    try:
        await connection.greet(within)
    except BaseException:
        await connection.close()
        raise
    return connection


async def _open(server: Server, within: float) -> ClientConnection:
    headers = server.headers
    agent = headers.pop("user-agent")
    try:
        return await Handshake(
            str(server.url),
            ssl=(server.trust or True) if server.url.scheme == "wss" else None,
            proxy=choose_proxy(server.url.host),
            additional_headers=headers,
            user_agent_header=agent,
            compression=None,
            open_timeout=within,
            close_timeout=FAREWELL,
            ping_timeout=SILENT,
            max_size=MOST,
            logger=_quiet,
        )
    except InvalidStatus as e:
        raise judge_answer(server, e.response) from e
    except TimeoutError as e:
        what = f"no websocket within {within:g} s; is it running, and is url right?"
        raise Trouble(what, "remote_timeout", again=True) from e
    except OSError as e:
        raise server.judge_absence(str(e)) from e
    except PROXY_TROUBLE as e:
        raise server.judge_proxy(e) from e
    except WebSocketException as e:
        raise server.judge_break(str(e)) from e


def judge_answer(server: Server, response: Response) -> Trouble:
    """What an HTTP answer means that opens no websocket."""
    body = bytes(response.body or b"")
    if 200 <= response.status_code < 300:
        kind = response.headers.get("content-type", "no content type").partition(";")[0]
        what = f"answered with {kind} instead of a websocket ({response.status_code}): {server.quote(body)}"
        return Trouble(f"{what}; check url and dialect", "remote_malformed")
    return server.judge_status(response.status_code, response.headers, body)


def judge_close(server: Server, closed: ConnectionClosed) -> Trouble:
    """What it means that the connection ended before the turn did."""
    if closed.rcvd is None:
        return server.judge_break(str(closed))
    code, reason = closed.rcvd.code, server.clean(closed.rcvd.reason)
    if code == KEY_REFUSED:
        return server.judge_key(reason)
    says = f"closed the connection ({code}{': ' if reason else ''}{reason})"
    if code in REFUSED or code >= 4000:
        return Trouble(f"{says}; check url, model and dialect", "remote_refused")
    return Trouble(says, "remote_overloaded" if code == TRY_LATER else "remote_unreachable", again=True)
