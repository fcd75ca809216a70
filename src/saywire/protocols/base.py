"""What a wire protocol is: frames in, commands out; events in, frames out. No sockets, no clock.

The server makes one adapter for each connection and calls::

    connect  once, first          -> commands
    receive  for each frame       -> commands; raises BadRequest, after which it calls ``fail``
    send     for each event of the session
    fail     for an error that is not an event
    leave    once, when the client went away without saying so -> commands

After every call it takes ``frames_to_send`` and sends them in order. A Close among them ends the
connection. Ids and the time of day are injected, so that golden transcripts are exact.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from ..errors import SaywireError
from ..messages import Command, Event
from ..types import Options


@dataclass(frozen=True, slots=True)
class Handshake:
    path: str
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    """Names in lower case."""
    subprotocols: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Close:
    code: int = 1000
    reason: str = ""


Frame = str | bytes | Close
"""A text frame, a binary frame, or the end of the connection."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an adapter may know of the world outside its wire."""

    new_id: Callable[[str], str]
    """Makes a fresh id from a kind: ``item`` -> ``item_Hk3...``."""
    now: Callable[[], float]
    """Unix time in seconds."""
    defaults: Options = field(default_factory=Options)
    """What the server does where the client does not say."""


class Adapter(Protocol):
    def connect(self, handshake: Handshake) -> list[Command]: ...

    def receive(self, frame: str | bytes) -> list[Command]:
        """Raises BadRequest when the client broke the protocol; the adapter stays usable."""

    def send(self, event: Event) -> None: ...

    def fail(self, error: SaywireError) -> None: ...

    def leave(self) -> list[Command]: ...

    def frames_to_send(self) -> list[Frame]: ...
