"""Frames and pieces are a function of the audio."""

from __future__ import annotations

import numpy as np
import pytest

from engines.contract import cut, cuts
from saywire.engines.remote.realtime.frames import FRAME, SHORTEST, Frame, Frames
from saywire.types import RATE, Samples


def noise(seconds: float, level: float = 0.1, seed: int = 0) -> Samples:
    drawn = np.random.default_rng(seed).uniform(-level, level, round(seconds * RATE))
    return drawn.astype(np.float32)


def gather(samples: Samples, longest: float = 30.0, size: int | str = 1600) -> list[Frame]:
    frames = Frames(longest)
    return [f for chunk in cut(samples, cuts(size)) for f in frames.feed(chunk)] + frames.finish()


def pieces(frames: list[Frame]) -> list[int]:
    """How many frames each has."""
    ends = [number for number, frame in enumerate(frames, 1) if frame.last]
    assert ends[-1] == len(frames)
    return np.diff([0, *ends]).tolist()


@pytest.mark.parametrize("size", [1, 160, 1600, 7777, 99_999, "a seed"])
def test_however_audio_is_cut_the_frames_are_the_same(size: int | str) -> None:
    samples = np.concatenate([noise(1.234), noise(0.5, 0.0), noise(0.3, 0.0001), noise(1)])
    frames = gather(samples, 2.0, size)
    alike = gather(samples, 2.0, len(samples))
    assert pieces(frames) == pieces(alike)
    assert [f.silent for f in frames] == [f.silent for f in alike]
    joined = np.concatenate([frame.samples for frame in frames])
    assert np.array_equal(joined, np.concatenate([frame.samples for frame in alike]))
    assert np.array_equal(joined[: len(samples)], samples) and not joined[len(samples) :].any()


@pytest.mark.parametrize(
    ("seconds", "count"), [(0.0, 0), (0.0001, SHORTEST), (0.3, SHORTEST), (0.5, 6), (0.51, 6), (1.0, 11)]
)
def test_a_piece_is_filled_up_and_ends(seconds: float, count: int) -> None:
    frames = gather(noise(seconds))
    assert len(frames) == count
    assert [frame.last for frame in frames] == [False] * (count - 1) + [True] * bool(count)
    assert all(len(frame.samples) == FRAME for frame in frames)


def test_what_is_too_long_ends_at_a_pause_in_the_last_third_or_at_the_limit() -> None:
    assert pieces(gather(noise(3.95), 1.5)) == [15, 15, 10]
    early, late = np.concatenate([noise(0.7), noise(0.1, 0.001)]), np.concatenate([noise(1.2), noise(0.2, 0)])
    assert pieces(gather(np.concatenate([early, noise(1.45)]), 1.5)) == [15, 8]
    assert pieces(gather(np.concatenate([late, noise(0.95)]), 1.5)) == [13, 11]


def test_a_piece_that_ends_with_the_audio_is_followed_by_none() -> None:
    frames = Frames(1.5)
    assert [frame.last for frame in frames.feed(noise(1.5))] == [False] * 14 + [True]
    assert frames.finish() == []


def test_silence_is_told_from_sound() -> None:
    assert [f.silent for f in gather(np.concatenate([noise(0.25, 0.0005), noise(0.2)]))] == [
        True,
        True,
        False,
        False,
        False,
    ]


def test_frames_keep_no_audio_that_is_gone() -> None:
    frames = Frames(30.0)
    frames.feed(noise(10.05))
    assert frames._rest.base is None
