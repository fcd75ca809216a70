"""What viewers of a share read: the newest state of its last lines, and what is new since they last looked.

There is no queue for each viewer. Whoever was away, or reads slowly, gets next what is true then: partials
that are out of date have never been, and what a viewer costs does not grow. A line keeps its place: its id is
higher than those of all lines before it. Whoever missed lines that are not kept any more is told that some
are missing. The room belongs to one event loop.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from secrets import token_hex

import msgspec

from ..errors import Overloaded

KEPT = 1_000
"""Lines, the newest ones, for those who come late."""


class Line(msgspec.Struct, frozen=True):
    """One utterance. Seconds on the share's clock."""

    id: int
    start: float
    end: float | None = None
    text: str = ""
    """What does not change any more, at least of a partial."""
    unstable: str = ""
    final: bool = False
    gone: bool = False
    """There is no such line after all."""


@dataclass(frozen=True, slots=True)
class Seen:
    """How far a viewer has read; ``str`` of it is what it says when it comes again."""

    room: str = ""
    revision: int = 0

    def __str__(self) -> str:
        return f"{self.room}.{self.revision}"


class Room:
    def __init__(self, places: int, past: Sequence[Line] = (), behind: bool = False) -> None:
        """``past``: what was said before, all final; ``behind``: after more that is not told here."""
        self.name = token_hex(4)
        """Revisions of another room mean nothing here."""
        self.revision = int(behind)
        self.speaking = False
        self.over = False
        self.closed = False
        """Nothing comes any more: it is over, or the server stops."""
        self.viewers = 0
        self.end = 0.0
        """Where the last final ends."""
        self._places = places
        self._next = 1
        self._lines: OrderedDict[int, tuple[int, Line]] = OrderedDict()
        """By id, each with the revision that made it so; those that changed last come last."""
        self._dropped = int(behind)
        """The revision that made the newest line which is not kept any more."""
        self._moved = asyncio.Event()
        for line in past:
            self.put(msgspec.structs.replace(line, id=self.new_id()))

    def new_id(self) -> int:
        self._next += 1
        return self._next - 1

    def put(self, line: Line) -> None:
        """Show it, in place of what it was."""
        self._step()
        if line.final:
            self.end = max(self.end, line.end or line.start)
        self._lines.pop(line.id, None)
        self._lines[line.id] = self.revision, line
        if len(self._lines) > KEPT:
            _, (revision, dropped) = self._lines.popitem(last=False)
            self._dropped = self._dropped if dropped.gone else revision

    def remove(self, id: int) -> None:
        if id in self._lines:
            self.put(Line(id, self._lines[id][1].start, gone=True))

    def drop_unfinished(self) -> None:
        for _, line in list(self._lines.values()):
            if not line.final:
                self.remove(line.id)

    def speak(self, speaking: bool) -> None:
        """Whether there is a session that may say something."""
        if speaking is not self.speaking:
            self.speaking = speaking
            self._step()

    def close(self, over: bool) -> None:
        """``over``: for good; otherwise viewers shall come again."""
        self.closed, self.over = True, over
        self._step()

    def changed(self, seen: Seen) -> list[Line]:
        """The lines that are not as they were seen, in the order in which they began."""
        known = self._known(seen)
        lines: list[Line] = []
        for revision, line in reversed(self._lines.values()):
            if revision <= known:
                break
            if known or not line.gone:
                lines.append(line)
        return sorted(lines, key=lambda line: line.id)

    def lacks(self, seen: Seen) -> bool:
        """Whether there was more to see, before those, that is not kept any more."""
        return self._known(seen) < self._dropped

    def now(self) -> Seen:
        return Seen(self.name, self.revision)

    async def move(self, seen: Seen) -> None:
        """Wait until there is something that was not seen."""
        while seen == self.now():
            await self._moved.wait()

    @contextmanager
    def watch(self) -> Iterator[None]:
        """A viewer's place. Raises Overloaded."""
        if self.viewers >= self._places:
            raise Overloaded(
                f"all {self._places} places for viewers of these captions are taken; try again later"
            )
        self.viewers += 1
        try:
            yield
        finally:
            self.viewers -= 1

    def _known(self, seen: Seen) -> int:
        return seen.revision if seen.room == self.name else 0

    def _step(self) -> None:
        self.revision += 1
        self._moved.set()
        self._moved = asyncio.Event()
