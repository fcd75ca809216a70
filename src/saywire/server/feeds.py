"""A session's events, as its share's room shows them.

A feed belongs to one session, and writes into its share's room whenever there is one, so that somebody can
begin to share in mid-speech. ``share_start`` says where on the share's clock the first sample of a connection
lies; each session begins where the audio of those before it on the connection ends. Connections that say so
are one speaker's, one after the other: what one of them says again after a lost connection
(``docs/resume.md``) is shown once. Without it a session goes on where the share's last final ends.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from ..errors import BadRequest
from ..messages import Cleared, Event, Failed, Final, Partial, SpeechStarted
from .room import Line, Room

TOLERANCE = 0.1
"""Seconds by which an utterance may begin before the end of one that is another: less than any lasts."""


@dataclass(slots=True, eq=False)
class Speaker:
    """What the sessions of one connection have in common."""

    key: str = ""
    start: str | None = None
    """``share_start``, as it came."""
    room: Room | None = None
    """The one that was there last."""
    said: float = 0.0
    """Where the last final of them ends there."""

    def look(self, room: Room | None) -> None:
        if room is not self.room:
            self.room, self.said = room, 0.0


@dataclass(slots=True, eq=False)
class Feed:
    find: Callable[[], Room | None]
    leave: Callable[[Feed], None]
    speaker: Speaker
    offset: float = 0.0
    """Of the session's clock."""
    _began: dict[int, float] = field(default_factory=dict)
    """Utterances that go on, and where they begin."""
    _room: Room | None = None
    """The one that was there last."""
    _shown: dict[int, int] = field(default_factory=dict)
    """What its lines are called there."""

    def note(self, event: Event) -> None:
        match event:
            case SpeechStarted(utterance, at):
                self._began[utterance] = self.offset + at
            case Partial(utterance, hypothesis):
                text, stable = hypothesis.text, hypothesis.stable
                self._show(utterance, text=text[:stable], unstable=text[stable:])
            case Final():
                self._finish(event)
                self._forget(event.utterance)
            case Failed(int(utterance), _) | Cleared(int(utterance)):
                self._remove(utterance)
                self._forget(utterance)

    def end(self) -> None:
        self.leave(self)

    def drop(self) -> None:
        """Its unfinished lines: nobody will finish them."""
        for utterance in list(self._shown):
            self._remove(utterance)

    def _look(self) -> Room | None:
        room = self.find()
        if room is not self._room:
            self._room = room
            self._shown.clear()
        self.speaker.look(room)
        return room

    def _show(self, utterance: int, *, text: str, unstable: str) -> None:
        room = self._look()
        if room and text + unstable and not self._repeats(room, utterance):
            line = self._shown.get(utterance) or self._shown.setdefault(utterance, room.new_id())
            room.put(Line(line, self._begin_of(utterance), None, text, unstable))

    def _finish(self, final: Final) -> None:
        room = self._look()
        if room is None:
            return
        if not final.text.strip() or self._repeats(room, final.utterance):
            return self._remove(final.utterance)
        line = self._shown.get(final.utterance) or room.new_id()
        end = self.offset + final.end
        self.speaker.said = max(self.speaker.said, end)
        room.put(Line(line, self.offset + final.start, end, final.text, final=True))

    def _repeats(self, room: Room, utterance: int) -> bool:
        """Whether a connection before this one has said it already."""
        said = bool(self.speaker.start) and room.end > self.speaker.said
        return said and self._begin_of(utterance) + TOLERANCE <= room.end

    def _begin_of(self, utterance: int) -> float:
        return self._began.get(utterance, self.offset)

    def _remove(self, utterance: int) -> None:
        room = self._look()
        if room and (line := self._shown.pop(utterance, None)):
            room.remove(line)

    def _forget(self, utterance: int) -> None:
        self._began.pop(utterance, None)
        self._shown.pop(utterance, None)


def read_start(text: str | None) -> float | None:
    """Raises BadRequest."""
    if not text:
        return None
    try:
        start = float(text)
    except ValueError:
        start = math.nan
    if not 0 <= start <= 1e9:
        raise BadRequest(f"share_start is '{text[:40]}'; expected seconds, as 12.5", param="share_start")
    return start
