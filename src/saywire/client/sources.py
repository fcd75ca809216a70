"""Where samples come from that no device (``capture/``) gives: a pipe, a file. Blocks at the house rate.

They are read in a thread (``runtime/files.py``), so they may wait.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ..audio import container
from ..audio.resample import Resampler
from ..audio.streaming import make_decoder
from ..errors import BadAudio
from ..types import RATE, Samples


def read_file(path: Path) -> Iterator[Samples]:
    """As fast as it is taken. Raises BadAudio."""
    try:
        with path.open("rb") as file:
            yield from container.decode(file, max_seconds=math.inf)
    except OSError as e:
        raise BadAudio(f"cannot read {path}: {e.strerror or e}") from e


def read_pipe(pipe: BinaryIO, rate: int, seconds: float) -> Iterator[Samples]:
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
