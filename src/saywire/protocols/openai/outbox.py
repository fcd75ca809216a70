"""Frames to an OpenAI client, in order: events with their ids, errors in the service's words, the close.

Error types and codes are the service's where it has one for the case; codes of the house go out as they are.
Close codes: 3000 and 4000 are permanent refusals, which the SDK does not try again; 1011 and 1013 it does.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from ...errors import BadRequest, NotAllowed, Overloaded, SaywireError
from ..base import Close, Frame
from . import events as wire

REFUSED = 4000
LONGEST_REASON = 123
"""Bytes; RFC 6455, 5.5: a control frame holds 125, two of them the code."""


class Outbox:
    """After ``end`` nothing is taken any more."""

    def __init__(self, new_id: Callable[[str], str]) -> None:
        self._new_id = new_id
        self._frames: list[Frame] = []
        self.ended = False
        self.holds = False
        """Whether a transcript waits for what comes next, in ``held``, so that more can be put into it."""
        self.held: wire.Completed | wire.Failed | None = None

    def stamp(self) -> str:
        """A fresh event id."""
        return self._new_id("event")

    def emit(self, event: wire.ServerEvent) -> None:
        self.release()
        if self.holds and isinstance(event, wire.Completed | wire.Failed):
            self.held = event
        else:
            self._put(event)

    def release(self) -> None:
        """The transcript need not wait any longer."""
        held, self.held = self.held, None
        if held:
            self._put(held)

    def _put(self, event: wire.ServerEvent) -> None:
        if not self.ended:
            self._frames.append(encode(event))

    def error(self, error: SaywireError, param: str | None, event_id: str | None) -> None:
        """``event_id`` is that of the client's event at fault."""
        details = wire.ErrorDetails(_type(error), _code(error), error.message, param, event_id)
        self.emit(wire.Error(self.stamp(), details))

    def end(self, code: int, error: SaywireError | None = None) -> None:
        self.release()
        words = [_type(error), _code(error)] if error else []
        reason = ".".join(word for word in words if word)
        if not self.ended:
            self._frames.append(Close(code, reason.encode()[:LONGEST_REASON].decode(errors="ignore")))
        self.ended = True

    def take(self) -> list[Frame]:
        frames, self._frames = self._frames, []
        return frames


def encode(event: wire.ServerEvent) -> str:
    return msgspec.json.encode(event).decode()


def close_code(error: SaywireError) -> int:
    match error:
        case NotAllowed():
            return 3000
        case BadRequest():
            return REFUSED
        case Overloaded():
            return 1013
        case _:
            return 1011


def _type(error: SaywireError) -> str:
    match error:
        case BadRequest() | NotAllowed():
            return "invalid_request_error"
        case Overloaded():
            return "rate_limit_error"
        case _:
            return "server_error"


def _code(error: SaywireError) -> str | None:
    """The service gives a missing key no code."""
    return None if error.code == NotAllowed.code else error.code
