"""How far an OpenAI session is, for a client that asked to be told (see ``resume``)."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

from msgspec import structs

from ... import messages as m
from ...errors import BadRequest
from . import events as wire
from .options import Settings, given, rate_of
from .outbox import Outbox
from .resume import Start, make_point, read_wish
from .session import ResumePoint


@dataclass(frozen=True, slots=True)
class _Said:
    """A command of the client that has not settled yet."""

    number: int
    event_id: str | None
    clears_at: float | None
    """Where a Clear lies, in seconds."""


class Progress:
    """How far a session is, for a client that wants to know. Numbers its transcripts."""

    def __init__(self, outbox: Outbox) -> None:
        self.point: ResumePoint | None = None
        """Where it could go on, as the client was told; None for clients that did not ask."""
        self.wanted = False
        """Whether the client asked, be it answered or not."""
        self.rate = 0
        """Of the client's audio, in Hz."""
        self._outbox = outbox
        self._number = 0
        self._said: deque[_Said] = deque()
        self._ends: dict[int, float] = {}
        self._turn = 0.0
        self._item: str | None = None

    def ask(self, update: wire.Update, before: Settings, after: Settings, *, fresh: bool) -> Start | None:
        """Where an update wants the session to begin. ``fresh``: there was no audio yet.

        Raises BadRequest where it is too late, or a client would lose count of its samples.
        """
        wish, rate = given(update.session.resume), rate_of(after.format)
        if wish and not (fresh and isinstance(update, wire.SessionUpdate)):
            raise too_late()
        placed = not fresh or bool(self.point and self.point.audio_start)
        if not wish and self.wanted and placed and rate != rate_of(before.format):
            raise other_rate()
        start = read_wish(wish, rate) if wish else None
        self.wanted = self.wanted or start is not None
        return start

    def begin(self, start: Start, session: str) -> None:
        """``session`` is the id of one that resumes nobody's."""
        self.point = structs.replace(start.point, session=start.point.session or session)
        self._turn, self._item = start.turn, start.item
        self._outbox.holds = True

    def note(self, commands: Sequence[m.Command], event_id: str | None, at: float) -> None:
        """Commands that go to the session; all of them, for it counts them. ``at``: seconds."""
        for command in commands:
            if not isinstance(command, m.Audio | m.Finish | m.Mark):
                self._number += 1
                if self.wanted:
                    cleared = at if isinstance(command, m.Clear) else None
                    self._said.append(_Said(self._number, event_id, cleared))

    def follow(self, event: m.Event) -> ResumePoint | None:
        """Add what there is to say to the transcript that was just made; else, what needs its own event."""
        match event:
            case _ if not self.point:
                pass
            case m.SpeechStopped(utterance=utterance, at=at):
                self._ends[utterance] = at
            case m.Final():
                self._end(event.utterance)
                self._place(event)
            case m.Failed(utterance=int() as utterance):
                self._end(utterance)
            case m.Settled():
                return self._settle(event)
            case _:
                pass
        return None

    def _end(self, utterance: int) -> None:
        """An utterance got its transcript, or none."""
        held = self._outbox.held
        if self.point and held:
            self._turn, self._item = self._ends.pop(utterance, self._turn), held.item_id
            self.point = structs.replace(self.point, last_seq=self.point.last_seq + 1)
            self._outbox.held = structs.replace(held, seq=self.point.last_seq)

    def _place(self, final: m.Final) -> None:
        held = self._outbox.held
        if isinstance(held, wire.Completed):
            start, end = round(final.start * self.rate), round(final.end * self.rate)
            self._outbox.held = structs.replace(held, start_sample=start, end_sample=end)

    def _settle(self, event: m.Settled) -> ResumePoint | None:
        last = self.point or ResumePoint()
        event_id = last.event_id
        while self._said and self._said[0].number <= event.commands:
            said = self._said.popleft()
            event_id = said.event_id or event_id
            self._turn = self._turn if said.clears_at is None else said.clears_at
        # Before the first audio a session has no rate, and everything is at its beginning.
        event = replace(event, reentry=replace(event.reentry, rate=self.rate))
        self.point = make_point(structs.replace(last, event_id=event_id), event, self._turn, self._item)
        if held := self._outbox.held:
            self._outbox.held = structs.replace(held, resume=self.point)
            self._outbox.release()
            return None
        return self.point if self.point != last else None


def too_late() -> BadRequest:
    what = "'session.resume' is for 'session.update', and only before the first audio."
    return BadRequest(what, code="invalid_parameter", param="session.resume")


def too_early() -> BadRequest:
    what = "Wait for 'session.updated' before you send audio: it is not known yet where the session goes on."
    return BadRequest(what, code="resume_pending", param="audio")


def other_rate() -> BadRequest:
    what = "A session that may be resumed keeps the rate of its audio: its positions are samples."
    return BadRequest(what, code="invalid_parameter", param="session.audio.input.format")
