"""Audio on its way from the thread that captures it to the one that reads it.

Reads block; nothing a device gives has to wait. What its reader has not taken after two minutes fills the
queue; what comes then is lost, which is said, and silence takes its place: later audio keeps its time.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator

import numpy as np

from ...audio.resample import Resampler, clean
from ...errors import SaywireError
from ...types import RATE, Samples
from .silence import SLACK, Clock, Zeros

MOST = 120
"""Seconds that may wait to be read."""

log = logging.getLogger(__name__)


class Blocks(Iterator[Samples]):
    """Iterate over it, in one thread; items are at the house rate. After ``stop`` comes what there is."""

    def __init__(
        self,
        rate: int,
        *,
        clock: Clock | None = None,
        zeros: str = "",
        warn: Callable[[str], None] = log.warning,
    ) -> None:
        """``rate``: of what is put, Hz. ``clock``: for devices that give nothing where they should give
        silence. ``zeros``: what nothing but zeros means, to warn of it; empty: that is as it should be."""
        self.name = ""
        """Of the device, for people."""
        self.began: float | None = None
        """When the first sample was captured, by ``time.monotonic``; known with the first block."""
        self._rate = rate
        self._resampler = Resampler(rate, RATE)
        self._clock = clock or Clock(rate, fills=False)
        self._zeros = Zeros(zeros, rate, warn)
        self._warn = warn
        self._changed = threading.Condition()
        self._queue: deque[Samples] = deque()
        self._waiting = self._given = self._lost = 0
        self._stopping = self._stopped = False
        self._error: SaywireError | None = None
        self._release: Callable[[], object] | None = None

    # For whoever captures.

    def put(self, samples: Samples) -> None:
        """One more piece, at the device's rate: float32, of shape (n,), or (n, channels), which are mixed."""
        mono = clean(samples if samples.ndim == 1 else samples.mean(axis=1, dtype=np.float32))
        with self._changed:
            if self._stopped or not len(mono):
                return
            self._begin(len(mono))
            self._add_silence(self._clock.missing(self._given + self._lost + len(mono)))
            if self._waiting >= MOST * self._rate:
                self._lose(len(mono))
            else:
                self._add_silence(self._lost)
                self._lost = 0
                self._add(mono)
            self._changed.notify_all()

    def end(self, error: SaywireError | None = None) -> None:
        """Nothing follows; the reader gets what is there, then the error, unless it asked for the end. The
        first end is the one."""
        with self._changed:
            if not self._stopped:
                self._stopped, self._error = True, None if self._stopping else error
            self._changed.notify_all()

    def when_stopped(self, release: Callable[[], object]) -> None:
        """How the device is given back; called once."""
        self._release = release

    # For whoever reads.

    def __next__(self) -> Samples:
        """Raises what ``end`` was told."""
        while True:
            with self._changed:
                if not self._queue and not self._stopped:
                    self._wait()
                if self._queue:
                    block = self._take()
                elif self._stopped:
                    return self._finish()
                else:
                    continue
            self._zeros.hear(block)
            made = self._resampler.feed(block)
            if len(made):
                return made

    def stop(self) -> None:
        """End the capture, from any thread. Idempotent."""
        self._stopping = True
        release, self._release = self._release, None
        if release:
            release()  # what is on its way still arrives
        self.end()

    def close(self) -> None:
        """Stop, and forget what was not read."""
        self.stop()
        with self._changed:
            self._queue.clear()

    def _wait(self) -> None:
        if not self._changed.wait(SLACK if self._clock.fills else None):
            self._begin(0)
            self._add_silence(self._clock.missing(self._given))

    def _take(self) -> Samples:
        block = self._queue.popleft()
        self._waiting -= len(block)
        return block

    def _finish(self) -> Samples:
        error, self._error = self._error, None
        if error:
            raise error
        rest = self._resampler.flush()
        if not len(rest):
            raise StopIteration
        return rest

    # While the lock is held.

    def _begin(self, samples: int) -> None:
        if self.began is None:
            self.began = self._clock.start(samples)

    def _add(self, samples: Samples) -> None:
        self._queue.append(samples)
        self._waiting += len(samples)
        self._given += len(samples)

    def _add_silence(self, samples: int) -> None:
        if samples:
            self._add(np.zeros(samples, np.float32))

    def _lose(self, samples: int) -> None:
        if not self._lost:
            self._warn(f"audio is lost: it waited for {MOST} s, and is not recognised fast enough")
        self._lost += samples
