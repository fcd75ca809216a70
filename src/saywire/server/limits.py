"""Who may come in, and how much they may bring: admission of sessions, size of request bodies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from starlette.requests import Request
from starlette.types import Message, Receive

from ..errors import Overloaded
from .problems import TooLarge, TooSlow

STALL = 30.0
"""Seconds a client may send nothing in the middle of a body, while it holds a place."""


class Admission:
    """Counts the sessions that are open, refuses more than the limit, and empties the house at shutdown."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._asks: dict[object, Callable[[], None]] = {}
        self._empty = asyncio.Event()
        self._empty.set()
        self.closed = False

    @property
    def sessions(self) -> int:
        return len(self._asks)

    @contextmanager
    def enter(self, finish: Callable[[], None]) -> Iterator[None]:
        """Hold a place. ``finish`` is called, at most once, when the server wants the session to end.

        Raises Overloaded when all places are taken or the server is shutting down.
        """
        if self.closed:
            raise Overloaded("the server is shutting down; connect again", code="shutting_down")
        if len(self._asks) >= self._limit:
            raise Overloaded(f"all {self._limit} sessions are taken; try again later")
        place = object()
        self._asks[place] = finish
        self._empty.clear()
        try:
            yield
        finally:
            del self._asks[place]
            if not self._asks:
                self._empty.set()

    def close(self) -> None:
        """Let nobody in any more, and ask those inside to finish. Idempotent."""
        if not self.closed:
            self.closed = True
            for finish in list(self._asks.values()):
                finish()

    async def emptied(self) -> None:
        """Wait until the last session is gone."""
        await self._empty.wait()


def limit_body(request: Request, limit: int) -> Request:
    """The same request, whose body cannot be read beyond ``limit`` bytes.

    Raises TooLarge here when the client announces more, and from reading when it sends more, or
    TooSlow when it stops in the middle.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        raise _too_large(limit, int(announced))
    return Request(request.scope, _counted(request.receive, limit))


def _counted(receive: Receive, limit: int) -> Receive:
    read = 0

    async def receive_counted() -> Message:
        nonlocal read
        try:
            async with asyncio.timeout(STALL):
                message = await receive()
        except TimeoutError as e:
            raise TooSlow(f"nothing of the body came for {STALL:g} s; send it again") from e
        read += len(message.get("body", b""))
        if read > limit:
            raise _too_large(limit, read)
        return message

    return receive_counted


def _too_large(limit: int, read: int) -> TooLarge:
    return TooLarge(f"Maximum content size limit ({limit}) exceeded ({read} bytes read)")
