"""Ctrl-C (and SIGTERM) while something runs: once to end it well, twice to end it at once."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def interruptible(first: Callable[[], object]) -> Iterator[None]:
    """``first`` is called in the loop; the second signal cancels the task that is in here."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task
    acts = iter((first, task.cancel))

    def interrupt() -> None:
        next(acts, task.cancel)()

    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number in SIGNALS:
        if sys.platform == "win32":  # its loops take no handlers
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(interrupt))
        else:
            loop.add_signal_handler(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            if sys.platform != "win32":
                loop.remove_signal_handler(number)
            signal.signal(number, handler)
