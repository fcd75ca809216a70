"""Frames of every shape become channels."""

from __future__ import annotations

import numpy as np
import pytest
from av import AudioFrame

from saywire.audio.channels import mix, split

RAMP = np.linspace(-0.5, 0.5, 64, dtype=np.float32)


def frame(planes: np.ndarray, layout: str, kind: str = "fltp") -> AudioFrame:
    data = planes if kind.endswith("p") else planes.T.reshape(1, -1)
    made = AudioFrame.from_ndarray(np.ascontiguousarray(data), kind, layout)
    made.sample_rate = 16_000
    return made


@pytest.mark.parametrize("kind", ["fltp", "flt"])
def test_channels_apart_are_as_they_were(kind: str) -> None:
    planes = np.stack([RAMP, -RAMP])
    apart = split(frame(planes, "stereo", kind))
    assert apart.dtype == np.float32 and np.array_equal(apart, planes)


def test_channels_of_whole_numbers() -> None:
    planes = np.array([[-32768, 0, 16384], [1, 2, 3]], np.int16)
    apart = split(frame(planes, "stereo", "s16p"))
    assert np.array_equal(apart, planes.astype(np.float32) / 32768)


def test_mixed_channels_are_one_and_no_louder() -> None:
    assert np.array_equal(mix(frame(RAMP[np.newaxis], "mono")), RAMP)
    assert np.allclose(mix(frame(np.stack([RAMP, RAMP]), "stereo")), RAMP)
    assert not mix(frame(np.stack([RAMP, -RAMP]), "stereo")).any()
    assert np.allclose(mix(frame(np.stack([RAMP] * 6), "5.1")), RAMP, atol=1e-6)
