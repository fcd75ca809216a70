from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from av import AudioFrame

from saywire.server.track import LONGEST_HOLE, Ears


def frame(samples: np.ndarray, at: int | None, rate: int = 48_000, clock: int | None = None) -> AudioFrame:
    """``samples`` are int16 of shape (n, channels)."""
    layout = {1: "mono", 2: "stereo"}[samples.shape[1]]
    made = AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout=layout)
    made.sample_rate, made.pts, made.time_base = rate, at, Fraction(1, clock or rate)
    return made


SILENT = np.zeros((960, 1), np.int16)


def lengths(ears: Ears, *frames: AudioFrame) -> list[int]:
    return [len(audio.samples) for each in frames for audio in ears.hear(each)]


def test_channels_are_averaged():
    left_only = np.stack([np.full(960, 16_384, np.int16), np.zeros(960, np.int16)], axis=1)
    [audio] = Ears().hear(frame(left_only, 0))
    assert audio.rate == 48_000 and audio.samples.dtype == np.float32
    assert np.all(audio.samples == 0.25)


def test_each_codec_has_its_rate():
    [audio] = Ears().hear(frame(np.zeros((160, 1), np.int16), 0, 8_000))
    assert (audio.rate, len(audio.samples)) == (8_000, 160)


def test_lost_packets_become_silence():
    loud = np.full((960, 1), 1000, np.int16)
    ears = Ears()
    heard = [audio.samples for at in (500, 1460, 3380) for audio in ears.hear(frame(loud, at))]
    assert list(map(len, heard)) == [960, 960, 960, 960]
    assert [bool(samples.any()) for samples in heard] == [True, True, False, True]


@pytest.mark.parametrize("at", [None, 0, 500])
def test_time_that_stands_still_or_goes_back_adds_nothing(at):
    assert lengths(Ears(), frame(SILENT, 0), frame(SILENT, at)) == [960, 960]


def test_a_pause_is_not_filled_whole():
    most = round(LONGEST_HOLE * 48_000)
    assert lengths(Ears(), frame(SILENT, 0), frame(SILENT, 10**9)) == [960, most, 960]


def test_a_clock_that_does_not_count_samples_tells_nothing():
    wide = np.zeros((320, 1), np.int16)
    frames = [frame(wide, at, 16_000, 8_000) for at in (0, 160, 5_000)]
    assert lengths(Ears(), *frames) == [320, 320, 320]
