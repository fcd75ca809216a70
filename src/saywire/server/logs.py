"""One line when a session starts, when it ends, when one is refused. Never audio, keys or transcripts."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from ..errors import SaywireError
from ..messages import Audio, Command, Configured, Event, Failed, Final, Finished

logger = logging.getLogger("saywire.server")


class Meter(Protocol):
    """Who counts what the log watches; ``metrics.py``. Times are the log's clock."""

    def start(self) -> None: ...

    def hear(self, command: Command, now: float) -> None: ...

    def note(self, event: Event, model: str | None, now: float) -> None: ...

    def fail(self, error: SaywireError) -> None: ...

    def refuse(self, code: str) -> None: ...

    def end(self) -> None: ...


@dataclass(slots=True)
class SessionLog:
    """What is worth knowing of one session; watches its commands and events go by."""

    session: str
    wire: str
    """The path, or for a file the route."""
    client: str
    model: str | None = None
    meter: Meter | None = None
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
        if self.meter:
            self.meter.hear(command, self.clock())

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
        if self.meter:
            self.meter.note(event, self.model, self.clock())

    def fail(self, error: SaywireError) -> None:
        """The client is told that something it asked for is not done."""
        logger.debug("session %s told wire=%s code=%s", self.session, self.wire, error.code)
        if self.meter:
            self.meter.fail(error)

    def start(self) -> None:
        if self.meter:
            self.meter.start()
        logger.info(
            "session %s start wire=%s client=%s model=%s", self.session, self.wire, self.client, self.model
        )

    def refuse(self, cause: str) -> None:
        """In place of a start and an end."""
        logger.info("refused wire=%s client=%s cause=%s", self.wire, self.client, cause)
        if self.meter:
            self.meter.refuse(cause)

    def end(self) -> None:
        if self.meter:
            self.meter.end()
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
