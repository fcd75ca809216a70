"""Several voices at once, each in a session of its own: sources on one clock, events in one stream."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Iterator, Mapping

import numpy as np

from ..errors import SaywireError
from ..messages import Event
from ..types import RATE, Samples
from .capture.blocks import Blocks


class Together:
    """When the first of several captures began; that is second 0 of all."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._began: float | None = None

    def align(self, blocks: Blocks) -> Iterator[Samples]:
        """With silence before a capture that began later than the first."""
        try:
            for block in blocks:
                lead = self._lead(blocks.began or 0.0)
                if lead:
                    yield np.zeros(lead, np.float32)
                yield block
                break
            yield from blocks
        finally:
            blocks.close()

    def _lead(self, began: float) -> int:
        """Samples. A capture read later that began earlier, by a block at most, counts as the first."""
        with self._lock:
            if self._began is None:
                self._began = began
            return max(round((began - self._began) * RATE), 0)


async def hear_all(
    voices: Mapping[str, AsyncGenerator[Event]],
) -> AsyncGenerator[tuple[str, Event | SaywireError]]:
    """What is said by each, under its name, as it comes. A voice that fails ends with its error; others go
    on.

    Close it (``contextlib.aclosing``) to give all of them up.
    """
    waiting = {asyncio.ensure_future(anext(events)): name for name, events in voices.items()}
    try:
        while waiting:
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                name = waiting.pop(task)
                try:
                    event: Event | SaywireError = task.result()
                except StopAsyncIteration:
                    continue
                except SaywireError as error:
                    event = error
                else:
                    waiting[asyncio.ensure_future(anext(voices[name]))] = name
                yield name, event
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        for events in voices.values():
            await events.aclose()
