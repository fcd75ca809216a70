"""Where samples come from that no device (``capture/``) gives: a pipe, a file. Blocks at the house rate.

They are read in a thread (``runtime/files.py``), so they may wait. ``Stoppable`` can put an end to that.
"""

from __future__ import annotations

import math
import sys
import threading
from collections import deque
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from typing import BinaryIO, Protocol

from ..audio import container
from ..audio.resample import Resampler
from ..audio.streaming import make_decoder
from ..errors import BadAudio, OutOfOrder, SaywireError
from ..types import RATE, Samples


def read_file(path: Path) -> Iterator[Samples]:
    """As fast as it is taken. Raises BadAudio."""
    try:
        with path.open("rb") as file:
            yield from container.decode(file, max_seconds=math.inf)
    except OSError as e:
        raise BadAudio(f"cannot read {path}: {e.strerror or e}") from e


def read_pipe(pipe: BinaryIO | FileIO, rate: int, seconds: float) -> Iterator[Samples]:
    """16-bit PCM at ``rate``, or a WAV whose header says it, as it comes, at most ``seconds`` at a time.

    Raises BadAudio for a WAV that cannot be decoded.
    """
    decoder = make_decoder("wav", rate)
    resampler: Resampler | None = None
    current = 0
    size = max(int(seconds * rate), 1) * 2
    reading = getattr(pipe, "read1", pipe.read)
    while True:
        data = reading(size)
        for samples, of in decoder.feed(data) if data else decoder.finish():
            if of != current:
                if resampler:
                    yield resampler.flush()
                resampler, current = Resampler(of, RATE), of
            assert resampler
            yield resampler.feed(samples)
        if not data:
            break
    if resampler:
        yield resampler.flush()


def open_stdin() -> FileIO:
    """Unbuffered, as ``Stoppable`` wants it. Raises BadAudio where it is closed."""
    if sys.stdin is None:
        raise BadAudio("standard input is closed")
    return FileIO(sys.stdin.fileno(), closefd=False)


AHEAD = 8
"""Blocks that are read before they are asked for."""


class Ear(Iterator[Samples]):
    """Blocks that another thread puts there, until they end or somebody stops them."""

    def __init__(self) -> None:
        self.stopped = False
        self._ended = False
        self._error: SaywireError | None = None
        self._blocks: deque[Samples] = deque()
        self._changed = threading.Condition()

    # For whoever has blocks.

    def put(self, block: Samples) -> None:
        """Waits while nobody takes those before. Nothing is taken after ``stop``."""
        with self._changed:
            if not self.stopped:
                self._changed.wait_for(lambda: self.stopped or len(self._blocks) < AHEAD)
                self._blocks.append(block)
                self._changed.notify_all()

    def end(self, error: SaywireError | None = None) -> None:
        """Nothing follows, but this error."""
        with self._changed:
            self._ended, self._error = True, error
            self._changed.notify_all()

    # For whoever wants them.

    def __next__(self) -> Samples:
        """Raises what ``end`` was told."""
        with self._changed:
            self._changed.wait_for(lambda: self._blocks or self._ended or self.stopped)
            if self._blocks:
                self._changed.notify_all()
                return self._blocks.popleft()
            error, self._error = self._error, None
        if error and not self.stopped:
            raise error
        raise StopIteration

    def stop(self) -> None:
        """What was read is still given out. From any thread; idempotent."""
        with self._changed:
            self.stopped = True
            self._changed.notify_all()

    close = stop


class Stoppable(Ear):
    """The same blocks, until they end or somebody stops them, even while nothing comes.

    They are read in a thread of their own, which may be left waiting for ever: its pipe must be unbuffered,
    or the interpreter cannot end.
    """

    def __init__(self, blocks: Iterator[Samples]) -> None:
        super().__init__()
        threading.Thread(target=pass_on, args=(self._until_stopped(blocks), self), daemon=True).start()

    def _until_stopped(self, blocks: Iterator[Samples]) -> Iterator[Samples]:
        for block in blocks:
            yield block
            if self.stopped:
                break


class Taker(Protocol):
    """As ``Ear``."""

    def put(self, block: Samples) -> None: ...

    def end(self, error: SaywireError | None = None) -> None: ...


def pass_on(blocks: Iterator[Samples], taker: Taker) -> None:
    """All of them, and how they end: the whole work of a thread."""
    last: SaywireError | None = OutOfOrder("reading broke off; what is above says why")
    try:
        for block in blocks:
            taker.put(block)
        last = None
    except SaywireError as error:
        last = error
    finally:
        taker.end(last)
