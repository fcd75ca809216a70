"""What a client keeps of what it sent, so that it can go on with another server. Pure.

Messages go in at one end and are taken, one after the other, to be sent. They are kept until the server says
that they have settled; ``rewind`` lets all that have not be taken again. Positions are samples on the wire,
from the session's first.
"""

from __future__ import annotations

from .frames import Audio, Json, Message, Order, Point, merge


class Ledger:
    def __init__(self, most: int) -> None:
        """``most``: samples that are kept; when there are more, the oldest that were taken are forgotten."""
        self.settings: Json = {}
        """What the updates that have settled add up to."""
        self._most = most
        self._kept: list[tuple[int, Message]] = []  # each with where it begins
        self._next = 0
        self._position = self._settled = self._lost = 0
        self._samples = 0

    @property
    def whole(self) -> bool:
        """Whether all is still there that would have to be sent again."""
        return self._lost <= self._settled

    def add(self, message: Message) -> None:
        self._kept.append((self._position, message))
        if isinstance(message, Audio):
            self._position += message.samples
            self._samples += message.samples
            self._shrink()

    def take(self) -> Message | None:
        """The next to be sent; None when there is nothing."""
        if self._next == len(self._kept):
            return None
        self._next += 1
        return self._kept[self._next - 1][1]

    def rewind(self) -> None:
        """What was taken did not arrive."""
        self._next = 0

    def drop(self, id: str) -> None:
        """The server refused this order: it will never settle."""
        self._forget(self._settled, {id})

    def settle(self, point: Point) -> list[Order]:
        """What lies before the point has settled. The orders among it."""
        orders = [message for _, message in self._kept if isinstance(message, Order)]
        ids = [order.id for order in orders]
        settled = orders[: ids.index(point.event_id) + 1] if point.event_id in ids else []
        for order in settled:
            if order.session is not None:
                self.settings = merge(self.settings, order.session)
        self._settled = point.audio_start
        self._forget(point.audio_start, {order.id for order in settled})
        return settled

    def _shrink(self) -> None:
        """Forget the oldest audio that was taken, where there is too much."""
        while self._samples > self._most:
            taken = enumerate(self._kept[: self._next])
            first = next((n for n, (_, message) in taken if isinstance(message, Audio)), None)
            if first is None:
                return
            start, message = self._kept.pop(first)
            assert isinstance(message, Audio)
            self._lost = start + message.samples
            self._samples -= message.samples
            self._next -= 1

    def _forget(self, before: int, ids: set[str]) -> None:
        rest = [what_is_left(start, message, before, ids) for start, message in self._kept]
        self._next = sum(left is not None for left in rest[: self._next])
        self._kept = [left for left in rest if left]
        self._samples = sum(message.samples for _, message in self._kept if isinstance(message, Audio))


def what_is_left(start: int, message: Message, before: int, ids: set[str]) -> tuple[int, Message] | None:
    """Of a message, with where it begins, when audio before a position and some orders have settled."""
    if isinstance(message, Order):
        return None if message.id in ids else (start, message)
    skipped = before - start
    if skipped <= 0:
        return start, message
    return (before, message.after(skipped)) if skipped < message.samples else None
