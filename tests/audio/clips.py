"""Speech for the tests: our own synthesised sample, and recordings beside the checkout where present."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

TWO_VOICES = Path(__file__).parent / "data" / "two_voices.flac"
"""8.59 s at 16 kHz: silence, a sentence with two pauses, a second of silence, another voice."""
_BESIDE = Path(__file__).parents[3] / "shared" / "clips"


def clip(name: str) -> Path:
    """A recording beside the checkout; skips the test where it is absent."""
    path = _BESIDE / name
    if not path.exists():
        pytest.skip(f"needs the recording ../shared/clips/{name}")
    return path


def load(path: Path) -> NDArray[np.float32]:
    """A short file as 16 kHz mono float32, decoded with nothing of ours."""
    resampler = av.AudioResampler("flt", "mono", 16_000)
    with av.open(str(path)) as container:
        decoded = [*container.decode(audio=0), None]
        blocks = [part.to_ndarray()[0] for frame in decoded for part in resampler.resample(frame)]
    return np.concatenate(blocks)


def frames(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, 512), what is left over at the end cut off."""
    return samples[: len(samples) // 512 * 512].reshape(-1, 512)
