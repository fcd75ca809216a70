"""Sample rates: from a wire's to the house's, from the house's to an engine's.

Contract: a stream may be cut anywhere; all that ``feed`` and ``flush`` return, joined, is the same to
the last bit as from one call with everything. The filter (quality HQ) looks ahead and works in blocks:
fed 20 ms at a time it holds back 21 ms on average and 40 at most, from 8 kHz up 64 and 115; ``flush``
gives it out. Nothing here keeps a clock: a stream of n samples gives n * to / from samples, rounded, so
each ``flush`` shifts what follows by half a sample at most (1,000 of random length: under 15 in all).

Source: libsoxr (https://github.com/chirlu/soxr) through python-soxr.
"""

from __future__ import annotations

from typing import cast

import numpy as np
import soxr

from ..errors import BadRequest
from ..types import Samples

SLOWEST, FASTEST = 4_000, 768_000
"""Sample rates that are accepted, Hz. Outside lie mistakes: a header of 1 Hz makes hours of a kilobyte."""


class Resampler:
    """Converts one mono stream. Equal rates pass unchanged."""

    def __init__(self, from_rate: int, to_rate: int) -> None:
        """Raises BadRequest for a rate outside 4,000 to 768,000 Hz."""
        check_rate(from_rate)
        check_rate(to_rate)
        self._stream = (
            None
            if from_rate == to_rate
            else soxr.ResampleStream(from_rate, to_rate, 1, dtype="float32", quality="HQ")
        )

    def feed(self, samples: Samples) -> Samples:
        """What is complete so far at the other rate, of any length. Takes cleaned float32 (n,)."""
        if self._stream is None:
            return samples
        return cast(Samples, self._stream.resample_chunk(samples))

    def flush(self) -> Samples:
        """The rest of the stream; the next ``feed`` begins a new one. Without audio before, empty."""
        if self._stream is None:
            return np.empty(0, np.float32)
        rest = cast(Samples, self._stream.resample_chunk(np.empty(0, np.float32), last=True))
        self.reset()
        return rest

    def reset(self) -> None:
        """Forget the stream; the next ``feed`` begins a new one."""
        if self._stream is not None:
            self._stream.clear()


def check_rate(rate: int) -> None:
    """Raises BadRequest for a rate outside ``SLOWEST`` to ``FASTEST``."""
    if not SLOWEST <= rate <= FASTEST:
        raise BadRequest(f"sample rate {rate} Hz is not supported; send {SLOWEST} to {FASTEST} Hz")


def clean(samples: Samples) -> Samples:
    """The samples with NaN and infinities as 0 and the rest clipped to [-1, 1]; itself where that holds.

    Takes float32 of shape (n,). Raises ValueError for another shape or type: those are our own mistakes.
    """
    if samples.ndim != 1 or samples.dtype != np.float32:
        raise ValueError(f"samples are {samples.dtype} of shape {samples.shape}; expected float32 (n,)")
    # NaN compares false, so two reductions prove all of it: 2 us for 1,600 samples
    if not len(samples) or (samples.min() >= -1.0 and samples.max() <= 1.0):
        return samples
    return cast(Samples, np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0).clip(-1.0, 1.0))
