"""What a wire is: the client's side of one connection, one turn after the other, without I/O.

Legal order, whatever comes in between from ``receive``::

    (wait until greeted) begin (wait until open) append* commit (wait until over) begin ...

What is to be sent first is taken from ``frames_to_send`` after each call.
"""

from __future__ import annotations

from typing import Protocol, TypeVar

import msgspec

from ....types import Hypothesis
from ..answer import Unreadable

Frame = str | bytes
T = TypeVar("T")


class Event(msgspec.Struct):
    """Which event it is. What else is in it is looked at only where it means something here: servers add
    fields, and shapes of them, as they like."""

    type: str


class Wire(Protocol):
    @property
    def greeted(self) -> bool:
        """Whether the server has agreed to the session: turns may begin."""

    @property
    def open(self) -> bool:
        """Whether it takes audio of the turn now."""

    @property
    def over(self) -> bool:
        """Whether ``said`` is all that it says of the turn."""

    @property
    def said(self) -> Hypothesis:
        """Of the turn; word times count from its first sample."""

    def begin(self) -> None:
        """A turn follows."""

    def append(self, pcm: bytes) -> Frame:
        """The frame that carries audio, PCM16 at the wire's rate."""

    def commit(self) -> None:
        """The audio of the turn ends."""

    def receive(self, frame: Frame) -> None:
        """Raises Unreadable for what is no event, Refusal for an error that ends the turn."""

    def frames_to_send(self) -> list[Frame]: ...


class Outbox:
    """Frames that wait to be sent."""

    def __init__(self) -> None:
        self._frames: list[Frame] = []

    def put(self, message: object) -> None:
        self._frames.append(encode(message))

    def take(self) -> list[Frame]:
        frames, self._frames = self._frames, []
        return frames


event_decoder = msgspec.json.Decoder(Event)


def encode(message: object) -> str:
    return msgspec.json.encode(message).decode()


def decode(frame: Frame, decoder: msgspec.json.Decoder[T]) -> T:
    """Raises Unreadable."""
    try:
        return decoder.decode(frame)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as e:
        raise Unreadable(str(e)) from e
