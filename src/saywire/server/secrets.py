"""Short-lived keys, which a page in a browser may hold: OpenAI's client secrets.

A program with a key of the server's asks for one and gives it to a page, which opens sessions with it until
it expires, by websocket or WebRTC, and nothing else. Settings may be tied to it: its sessions begin with
them. They are known to the process that made them, until it ends.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from starlette.types import Scope

from ..errors import Overloaded
from .offered import offered_keys

PREFIX = "ek_"
MOST = 10_000
"""That may be valid at a time."""


@dataclass(frozen=True, slots=True)
class Secret:
    value: str
    expires_at: int
    """Unix time."""
    session: str
    """What sessions opened with it begin with: JSON, in the words of the wire."""


class Secrets:
    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._known: dict[str, Secret] = {}

    def make(self, seconds: float, session: str) -> Secret:
        """Raises Overloaded when too many are valid."""
        self._forget()
        if len(self._known) >= MOST:
            raise Overloaded(f"there are {MOST} client secrets already; ask again when some have expired")
        value = PREFIX + secrets.token_urlsafe(32)
        secret = Secret(value, int(self._now() + seconds), session)
        self._known[value] = secret
        return secret

    def find(self, key: str) -> Secret | None:
        """None for one that has expired. What is looked up is 32 random bytes, so its time tells nothing."""
        secret = self._known.get(key)
        return secret if secret and self._now() < secret.expires_at else None

    def settings(self, scope: Scope) -> tuple[str, ...]:
        """What is tied to the key that a client came with."""
        found = (self.find(key) for key in offered_keys(scope))
        return tuple(secret.session for secret in found if secret)[:1]

    def _forget(self) -> None:
        now = self._now()
        for value in [value for value, secret in self._known.items() if secret.expires_at <= now]:
            del self._known[value]
