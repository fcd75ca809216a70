"""How long to wait for a server, and how often to ask again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx


@dataclass(frozen=True, slots=True)
class Patience:
    connect: float = 15.0
    """Seconds for a connection."""
    silence: float = 30.0
    """Seconds without a byte."""
    tries: int = 6
    """In a row that bring nothing new."""
    pause: float = 0.5
    """Seconds before the second try; doubles from try to try, and half of it is chance."""
    longest: float = 30.0
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random

    def wait(self, failures: int, asked: float) -> None:
        """``asked``: seconds the server wants us to wait; obeyed up to ``longest``."""
        pause = min(self.longest, self.pause * 2.0 ** (failures - 1))
        self.sleep(max(min(asked, self.longest), pause * (0.5 + self.chance() / 2)))


PATIENT = Patience()


def open_client(patience: Patience) -> httpx.Client:
    """A client for downloads, for the caller to close."""
    timeout = httpx.Timeout(patience.silence, connect=patience.connect)
    headers = {"Accept-Encoding": "identity", "User-Agent": "saywire"}
    return httpx.Client(timeout=timeout, headers=headers, follow_redirects=True)
