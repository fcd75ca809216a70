"""When audio came."""

from __future__ import annotations

from saywire.server.timeline import KEPT, Timeline
from saywire.types import RATE


def test_a_place_came_with_its_piece() -> None:
    timeline = Timeline()
    assert not timeline and timeline.find(0.0) is None
    for number in range(5):
        timeline.add(0.5, 100.0 + number)
    assert timeline
    assert [timeline.find(at) for at in (0.0, 0.5, 0.6, 2.5)] == [100.0, 100.0, 101.0, 104.0]
    assert timeline.find(2.6) is None


def test_what_was_forgotten_is_not_known() -> None:
    timeline = Timeline()
    for number in range(5):
        timeline.add(0.5, 100.0 + number)
    timeline.forget(round(1.2 * RATE))
    assert (timeline.find(0.9), timeline.find(1.0), timeline.find(1.2)) == (None, 102.0, 102.0)
    timeline.forget(9 * RATE)
    assert timeline and timeline.find(2.4) is None


def test_it_stays_small() -> None:
    timeline = Timeline()
    for number in range(KEPT + 10):
        timeline.add(1.0, float(number))
    assert timeline.find(9.5) is None
    assert timeline.find(10.5) == 10.0
