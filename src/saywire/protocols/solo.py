"""An Adapter as a Multiplex: one session, which begins with the connection, which ends with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..errors import BadRequest, NotAllowed, Overloaded, SaywireError
from ..messages import Audio, Command, Event, Failed, Finished
from ..types import Options
from .base import Adapter, Begin, Close, Frame, Give, Handshake, HttpAnswer, Multiplex, Order

TRY_LATER = 1013
REFUSED = 1008
"""Policy violation: what was asked for is not to be had, and asking again will not help."""
BROKEN = 1011

SESSION = ""
"""The name of the only session."""


class Solo(Multiplex):
    def __init__(self, adapter: Adapter, options: Options, now: Callable[[], float]) -> None:
        self._adapter = adapter
        self._options = options
        self._now = now
        self._farewell: Close | None = None
        """What to end with when the adapter has no Close of its own."""
        self._until: float | None = None
        """How long the client has time to close the connection itself."""
        self.subprotocols = adapter.subprotocols

    def connect(self, handshake: Handshake) -> list[Order]:
        return [Begin(SESSION, self._options), *_given(self._adapter.connect(handshake))]

    def refuse(self, handshake: Handshake, error: SaywireError) -> HttpAnswer | None:
        self._end(farewell(error))
        return self._adapter.refuse(handshake, error)

    def receive(self, frame: str | bytes) -> list[Order]:
        return _given(self._adapter.receive(frame))

    def listen(self, audio: Audio) -> list[Order]:
        return _given(self._adapter.listen(audio))

    def greet(self) -> list[Frame]:
        return self._adapter.greet()

    def hear(self, session: str, event: Event) -> list[Order]:
        self._adapter.send(event)
        match event:
            case Finished() if self._adapter.linger:
                self._until = self._now() + self._adapter.linger
            case Finished():
                self._end(Close())
            case Failed(_, error) if error.fatal:
                self._end(farewell(error))
            case _:
                pass
        return []

    def fail(self, error: SaywireError, session: str | None = None) -> None:
        self._adapter.fail(error)
        if error.fatal:
            self._end(farewell(error))

    def expire(self) -> list[Order]:
        due = self._adapter.deadline
        orders = _given(self._adapter.expire()) if due is not None and due <= self._now() else []
        if self._until is not None and self._until <= self._now():
            self._end(Close())
        return orders

    def leave(self) -> list[Order]:
        return _given(self._adapter.leave())

    def frames_to_send(self) -> list[Frame]:
        frames = self._adapter.frames_to_send()
        known = [due for due in (self._adapter.deadline, self._until) if due is not None]
        self.deadline = min(known, default=None)
        self.claim = self._adapter.claim
        if self._farewell:  # behind a Close of the adapter's own nobody sees it
            frames.append(self._farewell)
        return frames

    def _end(self, close: Close) -> None:
        self._farewell = self._farewell or close
        self._until = None


def farewell(error: SaywireError) -> Close:
    """How a connection ends by an error, where the wire has no close of its own for it."""
    match error:
        case Overloaded():
            return Close(TRY_LATER, error.code)
        case BadRequest() | NotAllowed():
            return Close(REFUSED, error.code)
        case _:
            return Close(BROKEN, error.code)


def _given(commands: Iterable[Command]) -> list[Order]:
    return [Give(SESSION, command) for command in commands]
