"""The one thread in which an engine's connections live, with an asyncio loop of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import TypeVarTuple

Ts = TypeVarTuple("Ts")


class Background:
    def __init__(self, name: str) -> None:
        started: SimpleQueue[asyncio.AbstractEventLoop] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, args=(started,), name=name, daemon=True)
        self._thread.start()
        self._loop = started.get()

    def call(self, act: Callable[[*Ts], object], *args: *Ts) -> None:
        """Have something done in the thread, in the order of the calls; nothing once it is closed."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(act, *args)

    def close(self) -> None:
        """Cancel all that goes on there. Idempotent."""
        self.call(self._loop.stop)
        self._thread.join()

    def _run(self, started: SimpleQueue[asyncio.AbstractEventLoop]) -> None:
        with asyncio.Runner() as runner:  # in the end it cancels what is left
            loop = runner.get_loop()
            started.put(loop)
            loop.run_forever()
