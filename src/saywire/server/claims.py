"""Sessions that only one connection may have: whoever claims one takes it from who had it before."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

REPLACED = 4009
"""Close code of a connection whose session has gone on in another. Clients do not connect again on it."""


@dataclass(slots=True)
class Claims:
    """Of all connections of a server."""

    holders: dict[str, Claim] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Claim:
    """Of one connection, on one session at a time. ``lost`` is done when another has taken it."""

    claims: Claims
    session: str | None = None
    lost: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def take(self, session: str) -> None:
        """Idempotent."""
        if session == self.session:
            return
        self.leave()
        before = self.claims.holders.get(session)
        self.claims.holders[session] = self
        self.session = session
        if before and not before.lost.done():
            before.lost.set_result(None)

    def leave(self) -> None:
        """Idempotent; what was lost is another's."""
        if self.session and self.claims.holders.get(self.session) is self:
            del self.claims.holders[self.session]
        self.session = None
