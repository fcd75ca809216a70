"""Plays audio into a session as a microphone would, and writes down what comes back when.

A microphone hands over a chunk when its last sample was recorded, never earlier: audio up to second t
leaves at t of the replay's clock, which starts with the first sample.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from ..errors import EngineFailed
from ..messages import Audio, Commit, Finish
from ..types import RATE, Samples
from .measure import Heard
from .realtime import RealtimeSession

CHUNK = 640
"""Samples sent at a time: 40 ms, between a browser's 20 and a telephone's 100."""
PATIENCE = 30.0
"""Seconds after the last sample within which the session must end."""


@dataclass(frozen=True, slots=True)
class Replay:
    heard: tuple[Heard, ...]
    stops: tuple[float, ...]
    """When each Commit was sent."""


async def replay(
    session: RealtimeSession,
    samples: Samples,
    stops: Sequence[float] = (),
    watch: Callable[[Heard], None] = lambda heard: None,
) -> Replay:
    """Play ``samples`` in real time, then Finish. ``stops``: seconds after which to Commit, rising.

    ``watch`` is called with each event as it comes. Raises EngineFailed when the connection breaks or
    the session does not end in time.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    playing = asyncio.create_task(_play(session, samples, stops, began))
    heard: list[Heard] = []
    try:
        async with asyncio.timeout(len(samples) / RATE + PATIENCE):
            async for event in session:
                heard.append(Heard(event, loop.time() - began))
                watch(heard[-1])
            return Replay(tuple(heard), await playing)
    except TimeoutError as e:
        raise EngineFailed(f"the session did not end within {PATIENCE:.0f} s after its audio") from e
    finally:
        playing.cancel()
        with suppress(asyncio.CancelledError, EngineFailed):  # a broken connection was told above
            await playing


async def _play(
    session: RealtimeSession, samples: Samples, stops: Sequence[float], began: float
) -> tuple[float, ...]:
    """Returns when each Commit was sent."""
    loop = asyncio.get_running_loop()
    waiting = list(stops)
    sent: list[float] = []
    for start in range(0, len(samples), CHUNK):
        chunk = samples[start : start + CHUNK]
        end = (start + len(chunk)) / RATE
        await asyncio.sleep(began + end - loop.time())
        await session.send(Audio(chunk))
        if waiting and end >= waiting[0]:
            del waiting[0]
            sent.append(loop.time() - began)
            await session.send(Commit())
    await session.send(Finish())
    return tuple(sent)
