from __future__ import annotations

import numpy as np

from saywire.client.capture.silence import PATIENCE, SLACK, Clock, Zeros

RATE = 1000


class Time:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_clock_makes_up_for_what_did_not_come() -> None:
    time = Time()
    clock = Clock(RATE, time)
    time.now += SLACK - 0.1
    assert clock.missing(0) == 0, "it may only be late"
    time.now += 2.0
    assert clock.missing(400) == 2000
    assert clock.missing(5000) == 0, "more than there should be"


def test_a_clock_counts_from_when_it_was_made_if_it_fills() -> None:
    time = Time()
    clock, idle = Clock(RATE, time), Clock(RATE, time, fills=False)
    time.now += 3.0
    assert (clock.start(100), idle.start(100)) == (100.0, 102.9)
    assert idle.missing(0) == 0


def heard(*blocks: np.ndarray) -> list[str]:
    said: list[str] = []
    zeros = Zeros("withheld", RATE, said.append)
    for block in blocks:
        zeros.hear(block)
    return said


def test_zeros_from_the_beginning_are_said_once() -> None:
    second = np.zeros(RATE, np.float32)
    assert heard(*[second] * int(PATIENCE - 1)) == []
    assert heard(*[second] * int(PATIENCE + 5)) == ["withheld"]


def test_one_sound_shows_that_nothing_is_withheld() -> None:
    second = np.zeros(RATE, np.float32)
    assert heard(second, second + 1e-4, *[second] * 20) == []
