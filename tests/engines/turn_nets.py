"""Turn models of some 250 kB that the real library loads, and that a test can talk to by pitch."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engines.onnx_nets import gives, ints, model, node, takes, tensor
from saywire.types import RATE, Samples

FILE = "smart-turn-v3.2-cpu.onnx"
BANDS, FRAMES = 80, 800
LAST = 100
"""Frames of the last second."""
WHISTLE = 6000.0
"""Hz that say: I have finished."""
NEAR, AROUND = slice(70, 73), slice(64, 79)
"""The bands that have it, and those that have it among others."""


def make_turn_model(
    folder: Path, *, steepness: float = 100.0, bands: int = BANDS, outputs: int = 1, sure: bool = True
) -> Path:
    """Finds those finished in whose last second somebody whistles.

    ``sure``: it says a probability; otherwise the number before that.
    """
    folder.mkdir(parents=True)
    weights = np.zeros((1, bands, FRAMES), np.float32)
    weights[:, AROUND, -LAST:] = -steepness / (LAST * 15)
    weights[:, NEAR, -LAST:] += steepness / (LAST * 3)
    graph = tensor("weights", weights) + tensor("bias", np.array(-0.02 * steepness, np.float32))
    graph += node("Mul", ["input_features", "weights"], "weighed") + ints("axes", 1, 2)
    graph += node("ReduceSum", ["weighed", "axes"], "contrast", keepdims=0) + ints("shape", -1, outputs)
    graph += node("Add", ["contrast", "bias"], "score") + node("Reshape", ["score", "shape"], "scores")
    graph += node("Sigmoid" if sure else "Identity", ["scores"], "logits")
    graph += takes("input_features", ["batch_size", bands, FRAMES]) + gives("logits", ["batch_size", outputs])
    (folder / FILE).write_bytes(model(graph, {}))
    return folder


def whistle(seconds: float, level: float = 0.1) -> Samples:
    t = np.arange(round(seconds * RATE)) / RATE
    return (level * np.sin(2 * np.pi * WHISTLE * t)).astype(np.float32)
