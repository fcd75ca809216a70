"""Bytes of the wires and float32 samples: 16-bit PCM, mu-law and A-law.

Contract: 16-bit and G.711 values go through float32 and back unchanged; 32768 steps are 1.0. What a
number cannot hold is clipped, what is no number is silence.

Source: ITU-T G.711 (11/1988), tables 1a to 2b; the rounding of the encoders, which G.711 leaves open
between 14- and 16-bit input, is that of Sun's g711.c, as in Python's former audioop.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import BadRequest
from ..types import Samples

Bytes = bytes | bytearray | memoryview

_FULL = np.float32(32768)


def from_pcm16(data: Bytes) -> Samples:
    """Little-endian 16-bit samples as float32. Raises BadRequest for an odd number of bytes."""
    if len(data) % 2:
        raise BadRequest(f"16-bit audio has 2 bytes a sample; got {len(data)} bytes, an odd number")
    return np.frombuffer(data, "<i2").astype(np.float32) / _FULL


def to_pcm16(samples: Samples) -> bytes:
    """Little-endian 16-bit samples, rounded; beyond [-1, 1] clipped, NaN as 0."""
    return _integers(samples).astype("<i2").tobytes()


class Pcm16:
    """Decodes 16-bit PCM that arrives cut anywhere, even inside a sample."""

    def __init__(self) -> None:
        self._half = b""

    def feed(self, data: Bytes) -> Samples:
        """The samples complete so far; half a sample waits for its other half."""
        if self._half:
            data = self._half + data
        whole = len(data) // 2 * 2
        self._half = bytes(data[whole:])
        return from_pcm16(data[:whole])

    def reset(self) -> None:
        """Forget half a sample: what comes next begins a stream."""
        self._half = b""


def from_mulaw(data: Bytes) -> Samples:
    """G.711 mu-law, a byte a sample, as float32."""
    return _MULAW_DECODED[np.frombuffer(data, np.uint8)]


def to_mulaw(samples: Samples) -> bytes:
    """G.711 mu-law, a byte a sample; beyond [-1, 1] clipped, NaN as 0."""
    return _MULAW_ENCODED[_integers(samples)].tobytes()


def from_alaw(data: Bytes) -> Samples:
    """G.711 A-law, a byte a sample, as float32."""
    return _ALAW_DECODED[np.frombuffer(data, np.uint8)]


def to_alaw(samples: Samples) -> bytes:
    """G.711 A-law, a byte a sample; beyond [-1, 1] clipped, NaN as 0."""
    return _ALAW_ENCODED[_integers(samples)].tobytes()


def _integers(samples: Samples) -> NDArray[np.int16]:
    steps: Samples = np.nan_to_num(np.rint(samples * _FULL), nan=0.0)
    return steps.clip(-32768, 32767).astype(np.int16)


def _decode_mulaw(codes: NDArray[np.int32]) -> NDArray[np.int32]:
    codes = ~codes & 0xFF
    size: NDArray[np.int32] = (((codes & 0x0F) << 3) + 0x84 << (codes >> 4 & 7)) - 0x84
    return np.where(codes & 0x80, -size, size)


def _decode_alaw(codes: NDArray[np.int32]) -> NDArray[np.int32]:
    codes = codes ^ 0x55
    segment = codes >> 4 & 7
    size = ((codes & 0x0F) << 4) + np.where(segment, 0x108, 8) << np.maximum(segment - 1, 0)
    values: NDArray[np.int32] = np.where(codes & 0x80, size, -size)
    return values


def _encode_mulaw(values: NDArray[np.int32]) -> NDArray[np.int32]:
    values = values >> 2
    size = np.minimum(np.abs(values) + 33, 8191)
    segment = np.searchsorted((0x40 << np.arange(8)) - 1, size).astype(np.int32)
    codes: NDArray[np.int32] = segment << 4 | size >> segment + 1 & 0x0F
    return codes ^ np.where(values < 0, 0x7F, 0xFF)


def _encode_alaw(values: NDArray[np.int32]) -> NDArray[np.int32]:
    values = values >> 3
    size = np.where(values < 0, -values - 1, values)
    segment = np.searchsorted((0x20 << np.arange(8)) - 1, size).astype(np.int32)
    codes: NDArray[np.int32] = segment << 4 | size >> np.maximum(segment, 1) & 0x0F
    return codes ^ np.where(values < 0, 0x55, 0xD5)


_CODES = np.arange(256, dtype=np.int32)
_VALUES = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
"""In the order of two's complement, so that a negative sample indexes from the end."""

_MULAW_DECODED: Samples = _decode_mulaw(_CODES).astype(np.float32) / _FULL
_ALAW_DECODED: Samples = _decode_alaw(_CODES).astype(np.float32) / _FULL
_MULAW_ENCODED: NDArray[np.uint8] = _encode_mulaw(_VALUES).astype(np.uint8)
_ALAW_ENCODED: NDArray[np.uint8] = _encode_alaw(_VALUES).astype(np.uint8)
