"""Synthesised speech in tests/data: 16 kHz, 16-bit, mono."""

import wave
from pathlib import Path

import numpy as np

from saywire.types import Samples

DATA = Path(__file__).parent.parent / "data"


def read(name: str) -> Samples:
    with wave.open(str(DATA / f"{name}.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16_000, 1, 2)
        pcm = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    return (pcm / 32768).astype(np.float32)
