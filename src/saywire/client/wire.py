"""OpenAI's Realtime wire from the client's side, sans-I/O: commands to text frames, frames to events.

Speaks the generally available transcription API, so that it may be pointed at any server of it. What is
this server's own (text that may still change, times of words, the end of a session) rides in fields
and events that others leave out: then a Partial is all stable, and a Final has the times of its turn.

A server is asked to say where the session could go on elsewhere (``docs/resume.md``); one that does not know
what that means is used all the same. After ``reconnect`` the frames are those of a new connection, to any
such server: the session goes on there, says nothing again that it said before, and leaves nothing out.

Source: types of openai-python 3.52.0 (``openai/types/realtime``), read 2026-11-21; the server's side is
``protocols.openai.realtime.py``, of which nothing is used here, so that the two prove each other.
"""

from __future__ import annotations

import sys
from collections import deque
from dataclasses import dataclass

from msgspec import structs

from .. import messages as m
from ..audio.pcm import to_pcm16
from ..audio.resample import Resampler
from ..errors import BadRequest, EngineFailed, Overloaded
from ..types import RATE, Options, Samples, Turns
from .frames import (
    CLEAR,
    CLOSE,
    COMMIT,
    UNSTABLE,
    UPDATE,
    Audio,
    ErrorBody,
    Json,
    Message,
    Order,
    Point,
    ServerEvent,
    merge,
    read,
    to_error,
    to_session,
)
from .items import Items
from .ledger import Ledger
from .tape import AudioLost
from .told import Told

KEPT = 360
"""Seconds of audio that may wait to settle; without turn detection an utterance may last 300."""
AHEAD, LEAST_AHEAD = 300, 5
"""Seconds of audio that a server is given before it has settled any. Servers end a session that is too far
ahead of their engine; after that it is half as much."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a session goes on that was begun elsewhere, or where one begins under a name of the client's."""

    point: Point
    utterance: int = 0
    """The number that the next one gets."""
    final: int = 0
    """``seq`` of the last that was heard."""


class RealtimeWire:
    """Give commands and frames, take frames with ``next_frame`` until there are none."""

    def __init__(
        self,
        rate: int = RATE,
        ledger: Ledger | None = None,
        place: Place | None = None,
        options: Options | None = None,
    ) -> None:
        """``rate``: of the audio on the wire, Hz. This server takes any, most others only 24,000.
        ``ledger``: what is kept and where, maybe with audio in it. ``place``: where to go on, with these
        options."""
        self.ready = False
        """Whether the server has greeted us, and knows where the session goes on."""
        self.finished = False
        """Whether it has said that nothing follows."""
        self._rate = rate
        self._door = Resampler(RATE, rate)
        self._heard = 0
        self._ids = 0
        self._ledger = ledger or Ledger(KEPT * rate)
        self._items, self._told = Items(), Told()
        self._configures: dict[str, Options] = {}  # not answered yet
        self._updates: deque[str] = deque()  # sent on this connection, not answered yet
        self._clears: deque[str] = deque()  # the same
        self._cleared: dict[str, int | None] = {}  # answered, not settled: the utterance
        self._point: Point | None = None  # where it could go on; not told yet
        self._bound = False  # to this server, which does not tell
        self._next = 0  # the utterance that follows the point
        self._final = 0  # ``seq`` of the last
        self._lost: list[m.Event] = []  # what was lost with audio, and not told yet
        self._lost_from = sys.maxsize  # where that audio began
        self._ahead, self._eased = AHEAD * rate, 0
        self._turned = False  # whether turns were asked for
        audio: Json = {"input": {"format": {"type": "audio/pcm", "rate": rate}}}
        usual: Json = {"type": "transcription", "audio": audio, "include": [UNSTABLE]}
        if place:
            self._go_to(place, usual, options or Options())
        else:
            self._say(UPDATE, usual)
        self._ledger.reach()
        self._first = self._make_first()
        self._first_due = False

    @property
    def resumable(self) -> bool:
        """Whether ``reconnect`` would lose nothing."""
        return self._ledger.whole and not self._bound

    @property
    def progress(self) -> tuple[int, int]:
        """Moves when the session does: samples that have settled, and finals."""
        return self._point.settled if self._point else 0, self._final

    @property
    def place(self) -> Place | None:
        """Where another process could go on; None: nowhere."""
        return Place(self._point, self._next, self._final) if self._point else None

    @property
    def unsent(self) -> int:
        """Samples on the wire that wait to be sent, maybe again."""
        return self._ledger.unsent

    @property
    def held(self) -> bool:
        """Whether audio waits because the server has too much already, until something settles, or
        ``ease``."""
        resuming = self._point is not None and not self._ledger.torn
        return resuming and self._ledger.unsent > 0 and self._ledger.flying >= self._ahead + self._eased

    def ease(self) -> None:
        """A second has passed: one more may be sent, for an utterance may be longer than all of that."""
        self._eased += self._rate

    @property
    def torn(self) -> bool:
        """Whether the audio that would have to be sent next is gone: only ``reconnect`` goes on behind it."""
        return self._ledger.torn

    def reconnect(self) -> None:
        """The frames from here on are those of a new connection. Where it is not ``resumable``, but there is
        a point to go on from, it goes on behind the audio that was not kept; what was lost is an event as
        soon as a server has taken that."""
        if not self._ledger.whole:
            self._skip()
        self.ready = self._first_due = False
        self._updates.clear()
        self._clears.clear()
        self._ledger.rewind()
        self._items.repeat(self._next)
        self._told.repeat(self._next)
        self._first = self._make_first()

    def send(self, command: m.Command) -> None:
        """Audio must be at the house rate. Raises BadRequest for Mark, which the wire lacks."""
        match command:
            case m.Configure(options):
                # Who never asked for other turns than the usual gets those of the server's own settings.
                self._turned = self._turned or options.turns != Turns()
                self._configures[self._say(UPDATE, to_session(options, self._turned))] = options
            case m.Audio(samples, rate) if rate == RATE:
                self._heard += len(samples)
                self._give(self._door.feed(samples))
            case m.Commit():
                self._give(self._door.flush())
                self._say(COMMIT)
            case m.Clear():
                self._door.flush()
                self._say(CLEAR)
            case m.Finish():
                self._give(self._door.flush())
                self._say(CLOSE)
            case m.Audio() | m.Mark():
                raise BadRequest(
                    f"{type(command).__name__} cannot be said here: audio at {RATE} Hz, no marks"
                )

    def next_frame(self) -> str | None:
        """The next to send; None for the time being."""
        if self._first_due:
            self._first_due = False
            message: Message | None = self._first
        else:
            message = self._ledger.take() if self.ready and not self.held else None
        if isinstance(message, Order) and message.type == UPDATE:
            self._updates.append(message.id)
        if isinstance(message, Order) and message.type == CLEAR:
            self._clears.append(message.id)
        return message.frame if message else None

    def receive(self, frame: str | bytes) -> list[m.Event]:
        """Raises BadRequest for what is no event at all; unknown ones mean nothing. Raises EngineFailed where
        the session cannot go on, or where a final is missing."""
        event = read(frame)
        found = self._translate(event)
        repeated = self._is_repeated(event)
        new = found is not None and self._told.is_new(found) and not repeated
        lost = self._tell_lost() if self.ready else []
        if event.resume:
            self._settle(event.resume, found)
        return [*lost, found] if found and new else lost

    def _translate(self, event: ServerEvent) -> m.Event | None:
        match event.type:
            case "session.created":
                self._first_due = True
                self.ready = self._point is None
            case "session.updated" if not event.resume:
                return self._updated(event)
            case "error":
                return self._refused(event.error)
            case "input_audio_buffer.cleared":
                return self._was_cleared(event)
            case "session.closed":
                self.finished = True
                return m.Finished(self._heard / RATE)
            case _:
                return self._items.hear(event)
        return None

    # What is sent.

    def _order(self, kind: str, session: Json | None = None) -> Order:
        self._ids += 1
        return Order(f"c{self._ids}", kind, session)

    def _say(self, kind: str, session: Json | None = None) -> str:
        """The id of what is said."""
        order = self._order(kind, session)
        self._ledger.add(order)
        return order.id

    def _give(self, samples: Samples) -> None:
        if len(samples):
            self._ledger.add(Audio(to_pcm16(samples)))

    # Answers.

    def _updated(self, event: ServerEvent) -> m.Event | None:
        answered = self._updates.popleft() if self._updates else None
        if answered == self._first.id:
            self._take_point(event.session.resume)
        options = self._configures.pop(answered or "", None)
        return m.Configured(options) if options else None

    def _take_point(self, told: Point | None) -> None:
        if self._point and (told is None or told.audio_start != self._point.audio_start):
            raise EngineFailed("the session cannot go on: this server does not know how")
        self._point = self._point or told
        self._bound = self._point is None
        self.ready = True

    def _refused(self, error: ErrorBody) -> m.Event | None:
        refused = error.event_id or ""
        if error.code == Overloaded.code:
            self._ahead = max(self._ahead // 2, LEAST_AHEAD * self._rate)
        if refused in self._updates:
            self._updates.remove(refused)
        if refused == self._first.id:
            self._turned_away(error)
            return None
        self._ledger.drop(refused)
        self._configures.pop(refused, None)
        return m.Failed(None, to_error(error))

    def _turned_away(self, error: ErrorBody) -> None:
        """The server does not go on from the point. Without the context of another's it may."""
        if self._point is None:
            self._bound = True
            return
        if not (self._point.context and (error.param or "").startswith("session.resume")):
            raise EngineFailed(f"the session cannot go on: {error.message}", code=error.code)
        self._settle(structs.replace(self._point, audio_start=self._point.settled, context=""), None)
        self._first = self._make_first()
        self._first_due = True

    def _was_cleared(self, event: ServerEvent) -> m.Event | None:
        found = self._items.clear()
        order = self._clears.popleft() if self._clears else None
        if order in self._cleared:
            return None  # it was said on another connection
        if order and self._point:
            self._cleared[order] = found.utterance
        return found

    # Going on.

    def _go_to(self, place: Place, usual: Json, options: Options) -> None:
        self._point, self._next, self._final = place.point, place.utterance, place.final
        self._turned = options.turns != Turns()
        self._ledger.settings = merge(usual, to_session(options, self._turned))
        self._ledger.settle(place.point)
        self._items.repeat(self._next)

    def _skip(self) -> None:
        """Go on behind what is gone: without a context, since there is none of a place that no server
        told."""
        assert self._point, "only where there is a point to go on from"
        settled, start = self._point.settled, self._ledger.tape.start
        away = structs.replace(self._point, audio_start=start, settled=max(settled, start), context="")
        self._settle(structs.replace(away, last_seq=self._final), None)
        if start > settled:
            self._lost.extend(m.Cleared(number) for number in self._told.abandon(self._next))
            self._next = max(self._next, self._told.next)
            self._lost_from = min(self._lost_from, settled)

    def _tell_lost(self) -> list[m.Event]:
        lost, self._lost = self._lost, []
        if self._point and self._lost_from < self._point.settled:
            gap = AudioLost(self._lost_from / self._rate, self._point.settled / self._rate)
            lost.append(m.Failed(None, gap))
        self._lost_from = sys.maxsize
        return lost

    def _make_first(self) -> Order:
        """What is said first on a connection: tell me where I could go on, or, I go on there."""
        place: dict[str, object] = {}
        if point := self._point:
            place = {"session": point.session, "audio_start": point.audio_start}
            place |= {"last_seq": point.last_seq, "context": point.context}
        resume: Json = {"type": "transcription", "resume": place}
        return self._order(UPDATE, merge(self._ledger.settings, resume))

    def _settle(self, point: Point, found: m.Event | None) -> None:
        self._point = point
        self._eased = 0
        if isinstance(found, m.Final | m.Failed) and found.utterance is not None:
            self._next = found.utterance + 1
        for order in self._ledger.settle(point):
            cleared = self._cleared.pop(order.id, None)
            if cleared is not None:
                self._next = max(self._next, cleared + 1)

    def _is_repeated(self, event: ServerEvent) -> bool:
        """Whether it is a final that was said before."""
        if event.seq is None:
            return False
        if event.seq > self._final + 1:
            raise EngineFailed(f"the server left out transcript {self._final + 1}")
        repeated = event.seq <= self._final
        self._final = max(self._final, event.seq)
        return repeated
