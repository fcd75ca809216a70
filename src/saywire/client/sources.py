"""Where samples come from that no device (``capture/``) gives: a pipe, a file. Blocks at the house rate.

They are read in a thread (``runtime/files.py``), so they may wait. ``Stoppable`` can put an end to that.
"""

from __future__ import annotations

import math
import queue
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import BinaryIO

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


class Stoppable(Iterator[Samples]):
    """The same blocks, until they end or somebody stops them, even while nothing comes.

    They are read in a thread of their own, which may be left waiting for ever: its pipe must be unbuffered,
    or the interpreter cannot end.
    """

    def __init__(self, blocks: Iterator[Samples]) -> None:
        self._queue: queue.Queue[Samples | SaywireError | None] = queue.Queue(AHEAD)
        self._stopped = False
        threading.Thread(target=self._read, args=(blocks,), daemon=True).start()

    def __next__(self) -> Samples:
        """Raises what the blocks do."""
        block = None if self._stopped and self._queue.empty() else self._queue.get()
        if isinstance(block, SaywireError):
            raise block
        if block is None:
            self._stopped = True
            raise StopIteration
        return block

    def stop(self) -> None:
        """What was read is still given out. From any thread; idempotent."""
        self._stopped = True
        with suppress(queue.Full):  # then nobody waits
            self._queue.put_nowait(None)

    close = stop

    def _read(self, blocks: Iterator[Samples]) -> None:
        last: SaywireError | None = OutOfOrder("reading broke off; what is above says why")
        try:
            for block in blocks:
                self._queue.put(block)
                if self._stopped:
                    break
            last = None
        except SaywireError as error:
            last = error
        finally:
            self._queue.put(last)
