"""What a server or a command line sees of the running engines: a Host that opens sessions.

``Host.open`` returns at once; the session behind a Hosted lives in a worker process. The caller
gives commands, and each time ``moved`` is called takes the events, in one asyncio loop.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ..engines.base import EngineInfo
from ..errors import SaywireError
from ..messages import Command, Event
from ..types import Options


@dataclass(frozen=True, slots=True)
class Model:
    """A model this host offers, loaded or not."""

    name: str
    languages: tuple[str, ...]
    summary: str
    info: EngineInfo | None = None
    """Known once it has been loaded."""
    workers: int = 0
    restarts: int = 0
    """Workers that died and were replaced since it was loaded."""
    sessions: int = 0
    memory: int | None = None
    """Bytes that its workers take, pages they share with others counted in proportion; None: not known."""


class Hosted(Protocol):
    """One session, seen from the ingress. Ends with Finished or a Failed whose error is fatal."""

    def receive(self, command: Command) -> None:
        """Never waits. Raises BadRequest for a bad sample rate or audio that is not finite,
        Overloaded when the session is too far behind, OutOfOrder after Finish."""

    def events_to_send(self) -> list[Event]:
        """Take the events since the last call. Failed(None, ...) answers a refused Configure."""

    @property
    def backlog(self) -> float:
        """Seconds of audio received that the engine has not settled yet."""

    @property
    def ended(self) -> bool:
        """Whether the last event was taken."""

    def close(self) -> None:
        """Drop the session, whatever its state; idempotent. To lose nothing, Finish first."""


class Host(Protocol):
    def open(self, options: Options, moved: Callable[[], None]) -> Hosted:
        """Begin a session. Options may be replaced by Configure; before the first audio the model too, and
        where the session begins.

        An unknown model or a language it lacks arrives as Failed(None, ...), as for Configure.
        Raises Overloaded when the host is full.
        """

    def give_up(self, error: SaywireError) -> None:
        """End every session with this error, which each is told."""

    def models(self) -> Sequence[Model]: ...

    def aliases(self) -> Mapping[str, str]:
        """Other names that clients may ask for, and which of ``models`` each means; ``find_model`` may know
        more of them."""

    def find_model(self, name: str) -> Model:
        """What a session gets that asks for this. Raises UnknownModel."""
