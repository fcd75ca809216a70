from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from saywire.client.sound import Door, to_samples
from saywire.errors import BadAudio, BadRequest
from saywire.types import RATE

STEPS = np.arange(-32768, 32768, 99, dtype=np.int16)
FLOATS = STEPS.astype(np.float32) / 32768


def test_integers_floats_and_bytes_mean_the_same() -> None:
    for audio in (STEPS, FLOATS, FLOATS.astype(np.float64), STEPS.tobytes(), memoryview(STEPS.tobytes())):
        samples = Door(RATE).take(audio)
        assert samples.dtype == np.float32 and np.array_equal(samples, FLOATS)


def test_a_view_is_what_it_shows() -> None:
    for shown, samples in (
        (memoryview(STEPS), FLOATS),
        (memoryview(STEPS[::2]), FLOATS[::2]),
        (memoryview(FLOATS[::-1]), FLOATS[::-1]),
        (memoryview(STEPS.tobytes())[::-1], np.frombuffer(STEPS.tobytes()[::-1], "<i2") / np.float32(32768)),
    ):
        assert np.array_equal(Door(RATE).take(shown), samples)
    with pytest.raises(BadAudio, match="send mono floats"):
        Door(RATE).take(memoryview(STEPS.reshape(-1, 1)))


def test_bytes_may_be_cut_inside_a_sample() -> None:
    door, data = Door(RATE), STEPS.tobytes()
    assert np.array_equal(np.concatenate([door.take(data[:7]), door.take(data[7:])]), FLOATS)


def test_another_rate_becomes_that_of_the_house() -> None:
    door = Door(48_000)
    parts = [door.take(np.zeros(480, np.float32)) for _ in range(10)]
    assert len(np.concatenate([*parts, door.flush()])) == 1600
    with pytest.raises(BadRequest, match="rate 1 Hz"):
        Door(1)


def test_what_is_no_number_or_too_loud_is_made_good() -> None:
    assert to_samples(np.array([2, np.nan, -2], np.float32)).tolist() == [1, 0, -1]
    assert to_samples(np.array([2, 1e300])).tolist() == [1, 0]


@pytest.mark.parametrize(
    "audio", [np.zeros((2, 3), np.float32), np.zeros(3, np.int32), np.zeros(3, np.uint8), np.zeros(3, bool)]
)
def test_other_arrays_are_refused(audio: np.ndarray) -> None:
    with pytest.raises(BadAudio, match="send mono floats"):
        to_samples(audio)


@pytest.mark.parametrize("audio", [[0.5, 0.5], None, "talk.wav"])
def test_what_is_no_array_is_refused(audio: Any) -> None:
    with pytest.raises(BadAudio, match=f"audio is a {type(audio).__name__}"):
        Door(RATE).take(audio)
