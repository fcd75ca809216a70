"""Numbers recorded from faster-whisper 1.2.1's feature extractor; ``make test-whisper`` compares anew."""

from __future__ import annotations

import numpy as np
import pytest

from saywire.audio.log_mel import BANDS, HOP, WINDOW, log_mel
from saywire.types import RATE, Samples

MEANS = [-0.2084, 0.3259, 0.0250, -0.0234, -0.0135, -0.0508, -0.1289, -0.1958]
POINTS = [
    (0, 0, 0.147),
    (2, 3, 0.5461),
    (6, 60, 0.3999),
    (20, 200, 0.0028),
    (34, 300, 0.0145),
    (50, 450, -0.1027),
    (60, 555, -0.2047),
    (70, 700, -0.2833),
    (79, 799, -0.7639),
]


def chirp(seconds: float = 8.0) -> Samples:
    """From 100 to 7,300 Hz, louder in its middle, over a quiet harmonic sound."""
    t = np.arange(round(seconds * RATE)) / RATE
    rising = 0.3 * np.sin(2 * np.pi * (100 * t + 450 * t * t)) * np.sin(np.pi * t / seconds) ** 2
    below = sum(np.sin(2 * np.pi * 140 * n * t + n) / n for n in range(1, 50))
    return (rising + 0.01 * below).astype(np.float32)


def test_the_features_are_whispers() -> None:
    features = log_mel(chirp())
    assert features.shape == (BANDS, 800) and features.dtype == np.float32
    assert features.mean(axis=1)[::10].tolist() == pytest.approx(MEANS, abs=1e-4)
    assert [features[band, frame] for band, frame, _ in POINTS] == pytest.approx(
        [value for _, _, value in POINTS], abs=1e-4
    )


def test_silence_is_even() -> None:
    assert np.ptp(log_mel(np.zeros(RATE, np.float32))) == 0


@pytest.mark.parametrize("hz", [250.0, 1000.0, 3000.0, 7000.0])
def test_a_tone_is_loudest_in_its_band(hz: float) -> None:
    tone = np.sin(2 * np.pi * hz * np.arange(RATE) / RATE).astype(np.float32)
    mel = 3 * hz / 200 if hz < 1000 else 15 + 27 * np.log(hz / 1000) / np.log(6.4)
    highest = 15 + 27 * np.log(8) / np.log(6.4)
    loudest = int(log_mel(tone)[:, 50].argmax())
    assert loudest == pytest.approx(mel / highest * (BANDS + 1) - 1, abs=0.6)


def test_frames_are_ten_milliseconds_apart_and_begin_in_the_middle_of_a_window() -> None:
    click = np.zeros(RATE, np.float32)
    click[40 * HOP] = 1.0
    heard = np.flatnonzero(np.ptp(log_mel(click), axis=0) > 0.01)
    reach = (WINDOW // 2 - 1) // HOP
    assert heard.tolist() == list(range(40 - reach, 40 + reach + 1))
