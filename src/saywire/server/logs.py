"""One line when a session starts, when it ends, when one is refused. Never audio, keys or transcripts."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ..messages import Audio, Command, Configured, Event, Failed, Final, Finished

logger = logging.getLogger("saywire.server")


@dataclass(slots=True)
class SessionLog:
    """What is worth knowing of one session; watches its commands and events go by."""

    session: str
    wire: str
    """The path, or for a file the route."""
    client: str
    model: str | None = None
    clock: Callable[[], float] = time.monotonic
    seconds: float = 0.0
    """Audio given, or, once the session has ended, heard."""
    finals: int = 0
    failures: int = 0
    cause: str = "failed"
    """Why it ended."""
    _began: float = field(init=False)

    def __post_init__(self) -> None:
        self._began = self.clock()

    def hear(self, command: Command) -> None:
        if isinstance(command, Audio):
            self.seconds += len(command.samples) / command.rate

    def note(self, event: Event) -> None:
        match event:
            case Configured(options):
                self.model = options.model or self.model
            case Final():
                self.finals += 1
            case Failed():
                self.failures += 1
            case Finished(seconds):
                self.seconds = seconds

    def start(self) -> None:
        logger.info(
            "session %s start wire=%s client=%s model=%s", self.session, self.wire, self.client, self.model
        )

    def refuse(self, cause: str) -> None:
        """In place of a start and an end."""
        logger.info("refused wire=%s client=%s cause=%s", self.wire, self.client, cause)

    def end(self) -> None:
        logger.info(
            "session %s end wire=%s model=%s audio=%.1fs finals=%d failures=%d wall=%.1fs cause=%s",
            self.session,
            self.wire,
            self.model,
            self.seconds,
            self.finals,
            self.failures,
            self.clock() - self._began,
            self.cause,
        )
