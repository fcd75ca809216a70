"""The settings of an OpenAI session: those in force, and those on their way through the session."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from ...messages import Configure
from ...types import Options
from .options import Settings, opening_settings, session_options
from .resume import Start


@dataclass(frozen=True, slots=True)
class Update:
    settings: Settings
    event_id: str | None = None
    flat: bool = False
    opening: bool = False
    """Made from the URL: session.created was its answer."""
    start: Start | None = None
    """Where the session is to begin, for a client that may resume."""


class Updates:
    def __init__(self, defaults: Options) -> None:
        self._defaults = defaults
        self._waiting: deque[Update] = deque()
        self.settings = opening_settings(None)
        """In force."""

    @property
    def latest(self) -> Settings:
        """What holds for the next frame: all updates so far, as if the session takes them."""
        return self._waiting[-1].settings if self._waiting else self.settings

    def ask(self, update: Update) -> Configure:
        """Every Configure is answered, in order: by ``accept`` or by ``refuse``."""
        self._waiting.append(update)
        settled = update.start.settled if update.start else None
        return Configure(session_options(update.settings, self._defaults), settled)

    @property
    def resuming(self) -> bool:
        """Whether it is not known yet where the session begins."""
        return any(update.start and update.start.settled for update in self._waiting)

    def accept(self) -> Update | None:
        """The oldest, which is in force now; None where nothing was asked."""
        if not self._waiting:
            return None
        self.settings = self._waiting[0].settings
        return self._waiting.popleft()

    def refuse(self) -> Update | None:
        """The oldest, which changes nothing; None where nothing was asked."""
        return self._waiting.popleft() if self._waiting else None
