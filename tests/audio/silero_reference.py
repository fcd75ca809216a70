"""Silero VAD written out layer by layer, for one stream, as slowly as it reads: what the tests trust.

``halved`` is half precision as ggml has it: the Fourier basis of the file and what goes into each
convolution. ``left`` is what lies before the frame: the frame before (the authors' wrapper) or the
frame's own mirror image (the wheel).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from saywire.audio.vad import _tensors, _weights

Floats = NDArray[np.float32]
ANGLES = 2 * np.pi * np.arange(129)[:, None] * np.arange(256) / 256
HANN = (0.5 - 0.5 * np.cos(ANGLES[1])).astype(np.float32)
BASIS = np.concatenate((np.cos(ANGLES), -np.sin(ANGLES))).astype(np.float32)[:, None] * HANN.astype(
    np.float32
)


class Reference:
    def __init__(self, *, halved: bool = False) -> None:
        self.tensors = dict(_tensors(_weights()))
        self.halved = halved
        self.hidden = np.zeros(128, np.float32)
        self.cell = np.zeros(128, np.float32)

    def judge(self, frame: Floats, left: Floats) -> float:
        heard = np.concatenate((left, frame, frame[-2:-66:-1]))
        basis = self.tensors["_model.stft.forward_basis_buffer"] if self.halved else BASIS
        waves = self.convolve(heard[None], basis, np.zeros(258, np.float32), stride=128, padding=0)
        layer = np.sqrt(waves[:129] ** 2 + waves[129:] ** 2)
        for i, stride in enumerate((1, 2, 2, 1)):
            name = f"_model.encoder.{i}.reparam_conv"
            kernel, bias = self.tensors[name + ".weight"], self.tensors[name + ".bias"].reshape(-1)
            layer = np.maximum(self.convolve(layer, kernel, bias, stride=stride, padding=1), 0)
        self.remember(layer[:, 0])
        out = self.tensors["_model.decoder.decoder.2.weight"].reshape(-1)
        score = np.maximum(self.hidden, 0) @ out + self.tensors["_model.decoder.decoder.2.bias"]
        return float(logistic(score).reshape(()))

    def convolve(self, x: Floats, kernel: Floats, bias: Floats, *, stride: int, padding: int) -> Floats:
        x = np.pad(x, ((0, 0), (padding, padding)))
        if self.halved:
            x = x.astype(np.float16).astype(np.float32)
        taps = kernel.shape[2]
        windows = np.stack([x[:, i : i + taps] for i in range(0, x.shape[1] - taps + 1, stride)])
        return np.asarray(np.einsum("tik,oik->ot", windows, kernel) + bias[:, None], np.float32)

    def remember(self, features: Floats) -> None:
        rnn = {name: self.tensors[f"_model.decoder.rnn.{name}"] for name in ("weight_ih", "weight_hh")}
        bias = self.tensors["_model.decoder.rnn.bias_ih"] + self.tensors["_model.decoder.rnn.bias_hh"]
        gates = rnn["weight_ih"] @ features + rnn["weight_hh"] @ self.hidden + bias
        enter, keep, new, show = np.split(gates, 4)
        self.cell = logistic(keep) * self.cell + logistic(enter) * np.tanh(new)
        self.hidden = logistic(show) * np.tanh(self.cell)


def logistic(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-x)), np.float32)
