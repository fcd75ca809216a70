"""The sessions of one connection: each with its place in the house, its name and its log."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from ..errors import OutOfOrder, SaywireError
from ..messages import Command, Event, Failed, Finish, Finished, Partial
from ..protocols.base import Begin, Drop, Give, Order
from ..runtime.base import Host, Hosted
from .feeds import Feed
from .limits import Admission
from .logs import SessionLog


@dataclass(slots=True)
class _Seat:
    session: Hosted
    log: SessionLog
    feed: Feed
    leave: Callable[[], None]
    finishing: bool = False


@dataclass(slots=True)
class Seats:
    """Whoever makes it calls ``close`` in the end; ``moved`` is called when there are events to take."""

    host: Host
    admission: Admission
    new_log: Callable[[], SessionLog]
    moved: Callable[[], None]
    finish_all: Callable[[], None]
    """Called, once for each session, when the server wants to stop."""
    new_feed: Callable[[float], Feed]
    """Where what a session says is to be read along, that begins after so many seconds of audio; raises
    BadRequest."""
    ending: str = "finished"
    """What is logged of a session that ends well."""
    _taken: dict[str, _Seat] = field(default_factory=dict)
    _heard: float = 0.0
    """Seconds of audio that sessions had which have ended."""

    def __bool__(self) -> bool:
        return bool(self._taken)

    @property
    def finishing(self) -> bool:
        """Whether a session is about to say its last."""
        return any(seat.finishing for seat in self._taken.values())

    @property
    def unfinished(self) -> list[str]:
        """The names of those that have not been told to finish."""
        return [name for name, seat in self._taken.items() if not seat.finishing]

    @property
    def ids(self) -> list[str]:
        """What the sessions are called in the log."""
        return [seat.log.session for seat in self._taken.values()]

    def obey(self, order: Order) -> None:
        """Raises SaywireError when the session could not begin, or did not take the command; what follows
        a session's Finish, or its end, is dropped."""
        match order:
            case Begin():
                self._begin(order)
            case Give(name, command):
                if name in self._taken:
                    _give(self._taken[name], command)
            case Drop(name):
                self.end(name, "dropped")

    def take_events(self) -> Iterator[tuple[str, Event]]:
        for name, seat in list(self._taken.items()):
            for event in thin(seat.session.events_to_send()):
                if self._taken.get(name) is not seat:  # who heard the last one has dropped it
                    break
                seat.log.note(event)
                seat.feed.note(event)
                match event:
                    case Finished():
                        self.end(name, self.ending)
                    case Failed(_, error) if error.fatal:
                        self.end(name, error.code)
                yield name, event

    def end(self, name: str, cause: str) -> None:
        """Idempotent; names that nobody has are taken."""
        if seat := self._taken.pop(name, None):
            self._heard += seat.log.seconds
            seat.log.cause = cause
            seat.leave()

    def close(self, cause: str) -> None:
        for name in list(self._taken):
            self.end(name, cause)

    def _begin(self, order: Begin) -> None:
        if order.session in self._taken:
            raise OutOfOrder(f"there is a session {order.session!r} on this connection already")
        log = self.new_log()
        log.start()
        with ExitStack() as stack:
            stack.callback(log.end)
            try:
                stack.enter_context(self.admission.enter(self.finish_all))
                feed = self.new_feed(self._heard + sum(seat.log.seconds for seat in self._taken.values()))
                stack.callback(feed.end)
                session = self.host.open(order.options, self.moved)
            except SaywireError as error:
                log.cause = error.code
                raise
            stack.callback(session.close)
            self._taken[order.session] = _Seat(session, log, feed, stack.pop_all().close)


def _give(seat: _Seat, command: Command) -> None:
    if seat.finishing:
        return
    seat.log.hear(command)
    seat.finishing = isinstance(command, Finish)
    try:
        seat.session.receive(command)
    except OutOfOrder:
        # It has ended by itself; the event that says so has not been taken yet.
        seat.finishing = True


def thin(events: Sequence[Event]) -> list[Event]:
    """The same events without the Partials that a newer one of the same utterance makes obsolete.

    Stable text only grows, so the newest Partial says all that the older ones said.
    """
    newer: set[int] = set()
    kept: list[Event] = []
    for event in reversed(events):
        if isinstance(event, Partial):
            if event.utterance in newer:
                continue
            newer.add(event.utterance)
        kept.append(event)
    return kept[::-1]
