"""A decoded frame's channels as samples of the house: mixed to one, or each for itself.

Takes frames of PyAV in any of FFmpeg's sample formats, planar or packed.
"""

from __future__ import annotations

from functools import cache
from typing import cast

import numpy as np
from av import AudioFrame, AudioResampler
from numpy.typing import NDArray

from ..types import Samples

Channels = NDArray[np.float32]
"""Audio in [-1, 1], shape ``(channels, n)``, dtype float32."""

_PLANES = 8


def mix(frame: AudioFrame) -> Samples:
    """The channels as one, none louder than it was: no clipping where all say the same."""
    planes = _planes(frame)
    match len(planes):
        case 1:
            return _floats(planes[0])
        case 2:
            return (_floats(planes[0]) + _floats(planes[1])) * np.float32(0.5)
        case _:
            return _weights(tuple(channel.name for channel in frame.layout.channels)) @ _floats(planes)


def split(frame: AudioFrame) -> Channels:
    """Each channel as it is."""
    return _floats(_planes(frame))


def _planes(frame: AudioFrame) -> NDArray[np.generic]:
    channels = frame.layout.nb_channels
    if channels >= _PLANES and frame.format.is_planar:
        frame = _packed(frame)
    raw = frame.to_ndarray()
    # packed formats lie channel by channel within a sample: (1, n * channels)
    return raw if frame.format.is_planar else raw.reshape(-1, channels).T


def _packed(frame: AudioFrame) -> AudioFrame:
    """The same samples in one plane. PyAV (18.1 too) counts planes up to a null pointer, and eight or
    more have none behind them: ``to_ndarray`` would read where nothing is."""
    frame.pts = None
    return AudioResampler(frame.format.packed, frame.layout, frame.sample_rate).resample(frame)[0]


@cache
def _weights(names: tuple[str, ...]) -> Samples:
    """Share of each channel in the mix; they sum to 1. In film the centre speaks: half is its own."""
    weights = np.array([name not in ("FC", "LFE") for name in names], np.float32)
    weights /= max(float(weights.sum()), 1.0)
    if "FC" in names:
        weights *= 0.5
        weights[names.index("FC")] = 0.5
    return np.asarray(weights / weights.sum(), np.float32)


def _floats(values: NDArray[np.generic]) -> Samples:
    """Samples of any of FFmpeg's formats in [-1, 1], NaN and infinities as 0."""
    match values.dtype.kind:
        case "u":  # 8 bits, around 128
            return (values.astype(np.float32) - np.float32(128)) / np.float32(128)
        case "i":
            return values.astype(np.float32) / np.float32(2 ** (8 * values.dtype.itemsize - 1))
        case _:
            numbers = cast("NDArray[np.floating]", values)
            if not (numbers.min() >= -1 and numbers.max() <= 1):
                numbers = np.nan_to_num(numbers, nan=0.0, posinf=0.0, neginf=0.0).clip(-1, 1)
            return numbers.astype(np.float32, copy=False)
