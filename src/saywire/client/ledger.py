"""What a client keeps of what it sent, so that it can go on with another server. Pure, but for its tape.

Messages go in at one end and are taken, one after the other, to be sent. They are kept until the server says
that they have settled; ``rewind`` lets all that have not be taken again. Positions are samples on the wire,
from the session's first. Audio is on a tape, from which it may come in other pieces than it went in; orders
have their places in it.
"""

from __future__ import annotations

from .frames import Audio, Json, Message, Order, Point, merge
from .tape import MemoryTape, Tape


class Ledger:
    def __init__(self, most: int, tape: Tape | None = None) -> None:
        """``most``: samples that are kept; when there are more, the oldest that were taken are forgotten.
        ``tape``: with audio of this session, maybe; orders lie before it until ``reach``."""
        self.settings: Json = {}
        """What the updates that have settled add up to."""
        self.tape = tape or MemoryTape()
        self._most = most
        self._orders: list[tuple[int, Order]] = []  # each with where it lies
        self._taken = 0  # of the orders
        self._sent = self._settled = self._place = self.tape.start

    @property
    def whole(self) -> bool:
        """Whether all is still there that would have to be sent again."""
        return self.tape.start <= self._settled

    @property
    def unsent(self) -> int:
        """Samples that wait to be taken."""
        return self.tape.end - max(self._sent, self.tape.start)

    @property
    def flying(self) -> int:
        """Samples that were taken and have not settled."""
        return self._sent - self._settled

    @property
    def torn(self) -> bool:
        """Whether the next to be sent is not there any more."""
        return self.tape.start > self._sent

    def reach(self) -> None:
        """What comes now lies behind all audio that there is."""
        self._place = self.tape.end

    def add(self, message: Message) -> None:
        if isinstance(message, Audio):
            self.tape.append(message.pcm)
            self.reach()
            self._shrink()
        else:
            self._orders.append((self._place, message))

    def take(self) -> Message | None:
        """The next to be sent; None when there is nothing, or it is ``torn``."""
        ahead = self._orders[self._taken :][:1]
        if ahead and ahead[0][0] <= self._sent:
            self._taken += 1
            return ahead[0][1]
        end = ahead[0][0] if ahead else self.tape.end
        if self._sent >= end or self.torn:
            return None
        audio = Audio(self.tape.read(self._sent, end))
        self._sent += audio.samples
        return audio

    def rewind(self) -> None:
        """What was taken did not arrive."""
        self._taken, self._sent = 0, self._settled

    def drop(self, id: str) -> None:
        """The server refused this order: it will never settle."""
        self._forget({id})

    def settle(self, point: Point) -> list[Order]:
        """What lies before the point has settled. The orders among it."""
        orders = [order for _, order in self._orders]
        ids = [order.id for order in orders]
        settled = orders[: ids.index(point.event_id) + 1] if point.event_id in ids else []
        for order in settled:
            if order.session is not None:
                self.settings = merge(self.settings, order.session)
        self._settled = point.audio_start
        self._sent = max(self._sent, self._settled)
        self.tape.forget(self._settled)
        self._forget({order.id for order in settled})
        return settled

    def _shrink(self) -> None:
        """Forget the oldest audio that was taken, where there is too much."""
        if self.tape.end - self.tape.start > self._most:
            self.tape.forget(min(self._sent, self.tape.end - self._most))

    def _forget(self, ids: set[str]) -> None:
        self._taken -= sum(order.id in ids for _, order in self._orders[: self._taken])
        self._orders = [(at, order) for at, order in self._orders if order.id not in ids]
