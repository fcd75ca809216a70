"""The network: causal, 40 ms output frames, all of its memory in one vector, so that any streaming contract
can hold it.

Four 10 ms frames are stacked into one 40 ms frame; blocks of causal depthwise convolution look back 8 such
frames each; an LSTM remembers the rest; a linear layer gives CTC log-probabilities. Nothing looks ahead, so
cutting the audio into chunks of any multiple of 4 frames gives the same output.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SUBSAMPLING = 4


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of the network. `vocabulary` counts the blank."""

    vocabulary: int
    bins: int = 80
    width: int = 128
    blocks: int = 4
    kernel: int = 9
    memory: int = 192
    dropout: float = 0.1

    @property
    def state(self) -> int:
        """Floats of memory one stream needs between chunks."""
        return self.blocks * self.width * (self.kernel - 1) + 2 * self.memory


class Block(nn.Module):
    """Depthwise convolution over the past, a two-layer perceptron over channels, a residual, a norm."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.depthwise = nn.Conv1d(shape.width, shape.width, shape.kernel, groups=shape.width)
        self.expand = nn.Linear(shape.width, 2 * shape.width)
        self.contract = nn.Linear(2 * shape.width, shape.width)
        self.norm = nn.LayerNorm(shape.width)

    def forward(self, x: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
        """x: (N, T, width), past: (N, width, kernel - 1) -> the same shapes."""
        joined = torch.cat([past, x.transpose(1, 2)], 2)
        y = self.depthwise(joined).transpose(1, 2)
        y = self.contract(F.relu(self.expand(y)))
        return self.norm(x + y), joined[:, :, -past.shape[2] :]


class TinyNet(nn.Module):
    """The whole network; see the module's docstring."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.register_buffer("mean", torch.zeros(shape.bins))
        self.register_buffer("scale", torch.ones(shape.bins))
        self.front = nn.Linear(SUBSAMPLING * shape.bins, shape.width)
        self.front_norm = nn.LayerNorm(shape.width)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.blocks))
        self.lstm = nn.LSTM(shape.width, shape.memory, batch_first=True)
        self.drop = nn.Dropout(shape.dropout)
        self.out = nn.Linear(shape.memory, shape.vocabulary)

    def forward(self, features: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """features: (N, T, bins), T a multiple of 4; state: (N, shape.state), zeros at the start.

        Returns log-probabilities (N, T / 4, vocabulary) and the next state.
        """
        shape, (count, frames, _) = self.shape, features.shape
        cells = shape.memory
        cache = state[:, : -2 * cells].reshape(count, shape.blocks, shape.width, shape.kernel - 1)
        memory = state[:, -2 * cells : -cells].unsqueeze(0), state[:, -cells:].unsqueeze(0)
        x = ((features - self.mean) * self.scale).reshape(
            count, frames // SUBSAMPLING, SUBSAMPLING * shape.bins
        )
        x = self.front_norm(F.relu(self.front(x)))
        kept = []
        for index, block in enumerate(self.blocks):
            x, past = block(x, cache[:, index])
            kept.append(past.reshape(count, shape.width * (shape.kernel - 1)))
        x, (hidden, cell) = self.lstm(x, (memory[0].contiguous(), memory[1].contiguous()))
        log_probs = F.log_softmax(self.out(self.drop(x)).float(), -1)
        return log_probs, torch.cat([*kept, hidden[0], cell[0]], 1)
