"""Where live samples come from: a pipe, a file, a microphone. Each an iterator of blocks at the house rate.

They are read in a thread (``runtime/files.py``), so they may wait. The microphone needs the sounddevice
package (extra ``saywire[mic]``), which brings PortAudio on Windows and macOS; Linux has it as libportaudio2.
"""

from __future__ import annotations

import math
import queue
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ..audio import container
from ..audio.resample import Resampler
from ..audio.streaming import make_decoder
from ..errors import BadAudio, EngineFailed
from ..types import RATE, Samples

try:
    import sounddevice
except (ImportError, OSError):  # not installed, or PortAudio is not
    sounddevice = None


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


def listen(device: str | None, seconds: float) -> Iterator[Samples]:
    """The microphone of that name or number, or the usual one, in blocks of ``seconds``; without an end.

    Raises EngineFailed where sounddevice is not installed, BadAudio where the device cannot be opened.
    """
    if sounddevice is None:
        raise EngineFailed("the microphone needs sounddevice and PortAudio: pip install saywire[mic]")
    blocks: queue.SimpleQueue[Samples] = queue.SimpleQueue()

    def keep(data: Any, frames: int, time: object, status: object) -> None:
        blocks.put(np.array(data[:, 0], np.float32))

    which = int(device) if device and device.isdigit() else device
    try:
        stream = sounddevice.InputStream(
            samplerate=RATE,
            channels=1,
            dtype="float32",
            blocksize=int(seconds * RATE),
            device=which,
            callback=keep,
        )
    except (sounddevice.PortAudioError, ValueError) as e:
        raise BadAudio(f"cannot open the microphone: {e}") from e
    with stream:
        while True:
            yield blocks.get()
