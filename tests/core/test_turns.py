from __future__ import annotations

import pytest

from saywire.audio.vad import FRAME
from saywire.core.turns import MANUAL_LONGEST, Began, Ended, TurnDetector
from saywire.messages import Cause
from saywire.types import RATE, Turns


def hear(detector: TurnDetector, *probabilities: float) -> list[tuple[int, Began | Ended]]:
    """What it said, and after which frame."""
    said = [(i, detector.hear(p)) for i, p in enumerate(probabilities)]
    return [(i, turn) for i, turn in said if turn]


def test_voice_begins_after_enough_of_it_and_ends_after_enough_silence() -> None:
    detector = TurnDetector(Turns(), 0)
    said = hear(detector, *[0.1] * 20, *[0.9] * 10, *[0.1] * 16)
    assert said == [
        (23, Began(20 * FRAME - 4800, 20 * FRAME)),  # four frames are the first 100 ms
        (45, Ended(30 * FRAME, Cause.SILENCE)),  # sixteen frames are the first 500 ms
    ]


def test_padding_never_reaches_before_the_origin() -> None:
    detector = TurnDetector(Turns(), 1000)
    assert hear(detector, *[0.9] * 5)[0][1] == Began(1000, 1000)


def test_voice_hangs_on_between_the_thresholds() -> None:
    detector = TurnDetector(Turns(threshold=0.5), 0)
    assert not hear(detector, *[0.4] * 50)
    assert hear(detector, *[0.6] * 4)
    assert not hear(detector, *[0.4] * 50)
    assert hear(detector, *[0.3] * 16)


@pytest.mark.parametrize(("gap", "begins"), [(1, True), (2, True), (3, False)])
def test_a_beginning_survives_a_short_gap(gap: int, begins: bool) -> None:
    detector = TurnDetector(Turns(), 0)
    assert bool(hear(detector, 0.9, 0.9, *[0.0] * gap, 0.9, 0.9)) is begins


def test_by_hand_one_doubtful_frame_begins_and_silence_never_ends() -> None:
    detector = TurnDetector(Turns(voice=False), 0)
    assert hear(detector, 0.1, 0.25)[0][0] == 1
    frames = round(MANUAL_LONGEST * RATE / FRAME) + 20
    said = hear(detector, *[0.0] * frames)
    assert said[0][1] == Ended(2 * FRAME, Cause.LENGTH)


def test_begin_anyway_needs_some_voice() -> None:
    detector = TurnDetector(Turns(), 0)
    hear(detector, 0.1, 0.1)
    assert detector.begin_anyway() is None
    hear(detector, 0.9)
    assert detector.begin_anyway() == Began(0, 2 * FRAME)


def test_idle_counts_silence_only() -> None:
    detector = TurnDetector(Turns(), 500)
    hear(detector, 0.1, 0.1)
    assert detector.idle == 2 * FRAME
    hear(detector, 0.9)
    assert detector.idle == 0
