"""Audio as programs have it becomes samples at the house rate. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..audio.pcm import Pcm16
from ..audio.resample import Resampler, clean
from ..errors import BadAudio
from ..types import RATE, Samples

Sound = NDArray[np.float32] | NDArray[np.float64] | NDArray[np.int16] | bytes | bytearray | memoryview
"""Mono audio: floats in [-1, 1] or 16-bit integers of shape ``(n,)``, or bytes of 16-bit PCM, little-endian,
which may be cut inside a sample. A memoryview of anything but bytes is taken for the array that it shows."""


class Door:
    """A stream, which may be cut anywhere."""

    def __init__(self, rate: int) -> None:
        """``rate``: of what comes, Hz. Raises BadRequest for one outside 4,000 to 768,000."""
        self._resampler = Resampler(rate, RATE)
        self._pcm = Pcm16()

    def take(self, audio: Sound) -> Samples:
        """Raises BadAudio for arrays of another shape or type."""
        match audio:
            case memoryview(itemsize=1):  # copied, for it may leave out every other byte
                samples = self._pcm.feed(bytes(audio))
            case bytes() | bytearray():
                samples = self._pcm.feed(audio)
            case memoryview():
                samples = to_samples(np.asarray(audio))
            case _:
                samples = to_samples(audio)
        return self._resampler.feed(samples)

    def flush(self) -> Samples:
        """What the resampler holds back; the next audio begins anew."""
        self._pcm.reset()
        return self._resampler.flush()


def to_samples(audio: NDArray[np.float32] | NDArray[np.float64] | NDArray[np.int16]) -> Samples:
    """Raises BadAudio for arrays of another shape or type."""
    if not isinstance(audio, np.ndarray):
        raise BadAudio(f"audio is a {type(audio).__name__}; send an array of numpy's, or bytes of 16-bit PCM")
    if audio.ndim == 1 and audio.dtype == np.int16:
        return audio.astype(np.float32) / np.float32(32768)
    if audio.ndim != 1 or audio.dtype not in (np.float32, np.float64):
        raise BadAudio(
            f"audio is {audio.dtype} of shape {audio.shape}; send mono floats or int16, shape (n,)"
        )
    with np.errstate(over="ignore"):  # what is beyond all measure is made silence
        return clean(audio.astype(np.float32, copy=False))
