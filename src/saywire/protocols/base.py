"""What a wire protocol is: frames in, commands out; events in, frames out. No sockets, no clock.

The server makes one adapter for each connection and calls::

    connect  once, first          -> commands
    receive  for each frame       -> commands; raises BadRequest, after which it calls ``fail``
    listen   for audio that comes beside the frames -> commands; likewise
    greet    for somebody who joins the client -> frames for them alone
    send     for each event of the session
    fail     for an error that is not an event
    expire   when ``deadline`` has passed -> commands
    leave    once, when the client went away without saying so -> commands
    refuse   in place of ``connect``, or next after it: the client may not come in

After every call it takes ``frames_to_send`` and sends them in order, and then looks at ``deadline``. A Close
among the frames ends the connection. Ids and the time are injected, so that golden transcripts are exact.

An Adapter has one session, which begins with the connection. When it has ended, the connection is closed,
or, if the adapter has ``linger``, left for the client to close. A Multiplex has any number of sessions on
its one connection, one after another and at once, and begins and names them itself.

Both are subclassed, for what they say of themselves by default.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from ..errors import BadRequest, SaywireError
from ..messages import Audio, Command, Event
from ..types import Options


@dataclass(frozen=True, slots=True)
class Handshake:
    path: str
    pairs: tuple[tuple[str, str], ...] = ()
    """The query, names and values, in its order."""
    headers: dict[str, str] = field(default_factory=dict)
    """Names in lower case."""
    subprotocols: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    """What the server knows already that this client asks for, in the words of the wire: what its key was
    made for, what came with its call. The later ones go before."""
    call: bool = False
    """Audio comes beside the frames."""

    @property
    def query(self) -> dict[str, str]:
        """By name; of one that comes several times the last value."""
        return dict(self.pairs)


@dataclass(frozen=True, slots=True)
class Close:
    code: int = 1000
    reason: str = ""


Frame = str | bytes | Close
"""A text frame, a binary frame, or the end of the connection."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An answer over HTTP in place of a websocket."""

    status: int
    body: str = ""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


Vocabularies = Callable[[str], tuple[str, ...] | None]
"""The words of a stored vocabulary by its id; None where there is none."""


def find_none(name: str) -> tuple[str, ...] | None:
    """Of a server that stores no vocabularies."""
    return None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an adapter may know of the world outside its wire."""

    new_id: Callable[[str], str]
    """Makes a fresh id from a kind: ``item`` -> ``item_Hk3...``."""
    now: Callable[[], float]
    """Unix time in seconds, steady: it goes on by a second in each second."""
    defaults: Options = field(default_factory=Options)
    """What the server does where the client does not say."""
    lifetime: float | None = None
    """Seconds that a session may last; None: any number."""
    vocabularies: Vocabularies = find_none
    """Words that clients have stored, for wires that can name them."""


class Wire(Protocol):
    """What an Adapter and a Multiplex have in common."""

    subprotocols: tuple[str, ...] = ()
    """Those it speaks; the first of the offered that is among them is accepted."""
    deadline: float | None = None
    """When, by ``Surroundings.now``, ``expire`` is to be called if nothing moves it until then. It may be
    moved by any call, and ``expire`` must: later, or to None."""
    claim: str | None = None
    """The name of a session that only one connection may have: whoever claims it takes it from another that
    still has it, perhaps without knowing that its client is gone. Such a client goes on elsewhere by itself,
    so its sessions are not made to finish when the server wants to stop."""

    def refuse(self, handshake: Handshake, error: SaywireError) -> HttpAnswer | None:
        """The client may not come in: no key, or no room. It is answered over HTTP, before there is a
        websocket; or, with None, over a websocket that is opened only to send what ``fail`` says.
        """
        self.fail(error)
        return None

    def fail(self, error: SaywireError) -> None: ...

    def greet(self) -> list[Frame]:
        """What somebody must know who joins the client of this connection and hears what it hears."""
        return []

    def frames_to_send(self) -> list[Frame]: ...


class Adapter(Wire, Protocol):
    """A wire that has one session on each connection."""

    linger: float = 0.0
    """Seconds that the connection stays open for the client to close it, after the session has finished.
    Frames that come meanwhile still go to ``receive``; commands lead nowhere any more."""

    def connect(self, handshake: Handshake) -> list[Command]: ...

    def receive(self, frame: str | bytes) -> list[Command]:
        """Raises BadRequest when the client broke the protocol; the adapter stays usable."""

    def listen(self, audio: Audio) -> list[Command]:
        return [audio]

    def send(self, event: Event) -> None: ...

    def expire(self) -> list[Command]:
        return []

    def leave(self) -> list[Command]: ...


@dataclass(frozen=True, slots=True)
class Begin:
    """Begin a session, by a name that no session of this connection has at the time.

    It ends with Finished, or with an error that is fatal, an event or not. Then its name is free.
    """

    session: str
    options: Options = field(default_factory=Options)


@dataclass(frozen=True, slots=True)
class Give:
    """Give a command to a session; one to a session that has ended leads nowhere."""

    session: str
    command: Command


@dataclass(frozen=True, slots=True)
class Drop:
    """End a session, whatever its state; nothing is heard of it any more."""

    session: str


Order = Begin | Give | Drop


@runtime_checkable
class Multiplex(Wire, Protocol):
    """A wire that begins and ends sessions on its connection as the client asks.

    The connection is closed when the adapter says so: a deadline is what ends one that nobody uses.
    """

    def connect(self, handshake: Handshake) -> list[Order]: ...

    def receive(self, frame: str | bytes) -> list[Order]:
        """Raises BadRequest when the client broke the protocol; the adapter stays usable."""

    def listen(self, audio: Audio) -> list[Order]:
        raise BadRequest("this wire has no place for audio beside its frames")

    def hear(self, session: str, event: Event) -> list[Order]:
        """An event of a session."""

    def fail(self, error: SaywireError, session: str | None = None) -> None:
        """``session`` is the one whose Begin or Give failed; one that was refused or did not survive, as
        ``error.fatal`` says, has ended. Without a session a fatal error ends the connection."""

    def expire(self) -> list[Order]:
        return []

    def leave(self) -> list[Order]: ...
