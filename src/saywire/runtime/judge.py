"""The turn model of a worker: loaded when it is first asked, given up for good when it fails."""

from __future__ import annotations

import logging
from collections.abc import Callable

from ..engines.base import TurnModel
from ..types import Samples

log = logging.getLogger(__name__)


class Judge:
    def __init__(self, load: Callable[[], TurnModel]) -> None:
        self._load = load
        self._model: TurnModel | None = None
        self._given_up = False

    def ask(self, audio: Samples) -> float | None:
        """As ``TurnModel``; None once it was given up. Raises what loading and asking it raise."""
        if self._given_up:
            return None
        self._model = self._model or self._load()
        return self._model(audio)

    def give_up(self, error: Exception) -> None:
        self._given_up, self._model = True, None
        log.warning("semantic turns end by silence from now on: %s", error)
