"""The client's session for programs without asyncio: the loop lives in a thread of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar, TypeVarTuple

from anyio.from_thread import BlockingPortal

from ..errors import EngineFailed
from .session import Session, SessionEvent
from .sound import Sound

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class PlainSession:
    """``Session`` for threads: its methods wait where those are awaited, and raise what those raise."""

    def __init__(self, session: Session, portal: BlockingPortal) -> None:
        self._session = session
        self._portal = portal
        self._left = False

    @property
    def connections(self) -> int:
        """How many there have been."""
        return self._session.connections

    def send(self, audio: Sound) -> None:
        """Audio of the rate that ``connect`` was told."""
        self._call(self._session.send, audio)

    def commit(self) -> None:
        """End the utterance here, without waiting for silence."""
        self._call(self._session.commit)

    def clear(self) -> None:
        """Throw away the utterance that is being spoken."""
        self._call(self._session.clear)

    def finish(self) -> None:
        """No more audio follows: what is open is ended, and Finished comes. Idempotent."""
        self._call(self._session.finish)

    def __iter__(self) -> PlainSession:
        return self

    def __next__(self) -> SessionEvent:
        event = None if self._left else self._call(self._take)
        if event is None:
            raise StopIteration
        return event

    def leave(self) -> None:
        """Its loop ends now."""
        self._left = True

    def _call(self, act: Callable[[*Ts], Awaitable[T]], *args: *Ts) -> T:
        if self._left:
            raise EngineFailed("the session was left")
        return self._portal.call(act, *args)

    async def _take(self) -> SessionEvent | None:
        """StopAsyncIteration would not get through a future."""
        return await anext(self._session, None)
