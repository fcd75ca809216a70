"""Long work beside a worker's loop: a thread that does one thing after the other while the loop hears."""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")


class Aside(Generic[Q, A]):
    """``bell`` is readable when an answer is there."""

    def __init__(self, name: str, work: Callable[[Q], A]) -> None:
        """``work`` must not raise."""
        self._work = work
        self._asked: queue.SimpleQueue[tuple[Q] | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[A] = queue.SimpleQueue()
        self._since: float | None = None
        self.bell, self._rope = socket.socketpair()
        threading.Thread(target=self._run, name=name, daemon=True).start()

    @property
    def busy(self) -> float | None:
        """Seconds since it was asked what it has not answered; None where it has."""
        return None if self._since is None else time.monotonic() - self._since

    def ask(self, question: Q) -> None:
        self._since = time.monotonic()
        self._asked.put((question,))

    def answer(self) -> A:
        """To the oldest question; only after the bell."""
        self.bell.recv(1)
        self._since = None
        return self._answers.get()

    def end(self) -> None:
        """Nothing more will be asked. Work that goes on ends by itself, and nobody hears of it."""
        self._asked.put(None)
        self.bell.close()

    def _run(self) -> None:
        with self._rope:
            while (asked := self._asked.get()) is not None:
                self._answers.put(self._work(*asked))
                with suppress(OSError):  # the bell is gone: so are they who would have heard it
                    self._rope.send(b".")
