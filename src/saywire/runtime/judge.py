"""The turn model of a worker: loaded when somebody may ask it, given up for good when it fails."""

from __future__ import annotations

import logging
from collections.abc import Callable

from ..engines.base import TurnModel
from ..types import Samples

log = logging.getLogger(__name__)


class Judge:
    def __init__(self, make: Callable[[], TurnModel]) -> None:
        self._make = make
        self._model: TurnModel | None = None
        self._given_up = False

    def load(self) -> None:
        """Idempotent. Raises what making it raises."""
        if not self._given_up:
            self._model = self._model or self._make()

    def ask(self, audio: Samples) -> float | None:
        """As ``TurnModel``; None once it was given up. Raises what loading and asking it raise."""
        self.load()
        return self._model(audio) if self._model else None

    def give_up(self, error: Exception) -> None:
        self._given_up, self._model = True, None
        log.warning("semantic turns end by silence from now on: %s", error)
