"""Does an engine run here? Found out by running it: a worker, a session, a second of silence.

Silence never reaches an engine, and a remote one connects to nothing before it is asked: it gets a second of
noise, so that its address, its key and its model are tried, too.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ..config import Config
from ..engines import Entry
from ..errors import SaywireError
from ..messages import Audio, Event, Failed, Finish, Finished
from ..types import RATE, Options, Turns
from .base import Host
from .pool import Pool

ALL_IS_VOICE = Turns(voice=False, threshold=1e-6)


@dataclass(frozen=True, slots=True)
class Trial:
    entry: Entry
    seconds: float | None
    """From nothing to a session's end; None where it failed."""
    problem: str = ""


async def try_engine(entry: Entry, config: Config, clock: Callable[[], float] = time.monotonic) -> Trial:
    """``config`` says how workers are started; nothing is raised for an engine that cannot run."""
    engine = replace(config.engine, model=entry.name, workers=1, preload=())
    began = clock()
    try:
        async with Pool(replace(config, engine=engine), (entry,)) as pool:
            await _hold_session(pool, entry)
    except SaywireError as error:
        return Trial(entry, None, error.message)
    return Trial(entry, clock() - began)


async def _hold_session(host: Host, entry: Entry) -> None:
    moved = asyncio.Event()
    session = host.open(Options(turns=ALL_IS_VOICE) if entry.remote else Options(), moved.set)
    level = 0.1 if entry.remote else 0.0
    noise = np.random.default_rng(0).uniform(-level, level, RATE)
    session.receive(Audio(noise.astype(np.float32)))
    session.receive(Finish())
    events: list[Event] = []
    while not any(isinstance(event, Finished) for event in events):
        await moved.wait()
        moved.clear()
        events += session.events_to_send()
        for event in events:
            if isinstance(event, Failed):
                raise event.error
