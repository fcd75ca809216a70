"""Pipecat's Smart Turn: has somebody finished, or only paused? ONNX Runtime, one thread, a few ms.

It hears the last eight seconds, silence in front of what is shorter, at mean 0 and variance 1, as Whisper's
features. Source: inference.py of pipecat-ai/smart-turn (v3.2, BSD 2-Clause, November 2026), whose
WhisperFeatureExtractor normalises over the silence in front, too.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as raised

from ..audio.log_mel import log_mel
from ..errors import EngineFailed
from ..types import RATE, Samples
from .base import TurnModel
from .layout import TURNS, recognise

LENGTH = 8 * RATE
INPUT = "input_features"
TINY = 1e-7
"""Under the variance, so that silence is not divided by nothing."""
QUIET = 4
"""Of ONNX Runtime's levels: it says nothing but what ends the process. What is wrong it also raises."""
ERRORS = (
    raised.EPFail,
    raised.Fail,
    raised.InvalidArgument,
    raised.InvalidGraph,
    raised.InvalidProtobuf,
    raised.NoSuchFile,
    raised.NotImplemented,
    raised.RuntimeException,
    RuntimeError,
    ValueError,
)


def load(folder: Path) -> TurnModel:
    """Raises EngineFailed for a folder that is no such model."""
    layout = recognise(folder)
    if layout.family != TURNS:
        raise EngineFailed(f"'{folder.name}' is of family '{layout.family}'; it tells no end of a turn")
    name = layout.files["model"]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = QUIET
    try:
        session = onnxruntime.InferenceSession(
            str(folder / name), options, providers=["CPUExecutionProvider"]
        )
    except ERRORS as e:
        raise EngineFailed(f"turn model '{name}' cannot be loaded: {_in_a_line(e)}; download it again") from e

    def judge(audio: Samples) -> float:
        try:
            (answer,) = session.run(None, {INPUT: extract(audio)[None]})
            probability = np.asarray(answer, np.float64).item()
        except ERRORS as e:
            raise EngineFailed(f"turn model '{name}' failed: {_in_a_line(e)}") from e
        if not 0 <= probability <= 1:
            raise EngineFailed(f"turn model '{name}' says {probability:g}; expected a probability")
        return probability

    judge(np.zeros(LENGTH, np.float32))
    return judge


def _in_a_line(error: Exception) -> str:
    return " ".join(str(error).split())


def extract(audio: Samples) -> Samples:
    """The features (80, 800) of the last eight seconds."""
    heard = audio[-LENGTH:]
    heard = np.concatenate([np.zeros(LENGTH - len(heard), np.float32), heard])
    return log_mel((heard - heard.mean()) / np.sqrt(heard.var() + TINY))
