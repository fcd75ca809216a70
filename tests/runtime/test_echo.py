from __future__ import annotations

import pytest

from saywire import messages as m
from saywire.errors import EngineFailed, OutOfOrder, Unsupported
from saywire.runtime.echo import Echo
from saywire.types import Hypothesis, Options

STARTED, STOPPED = m.SpeechStarted(0, 0.0), m.SpeechStopped(0, 1.0, m.Cause.SILENCE)
PARTIAL, FINAL = m.Partial(0, Hypothesis("one")), m.Final(0, "one", 0.0, 1.0)


def begun() -> Echo:
    echo = Echo()
    echo.begin(0, 0)
    return echo


def test_the_first_worker_has_no_echo() -> None:
    echo = begun()
    events = [STARTED, PARTIAL, STOPPED, FINAL, m.Settled(1, 0, 1), m.Marked(0), m.Finished(1.0)]
    assert [echo.sift(event) for event in events] == [[event] for event in events]


def test_what_the_second_repeats_is_not_new() -> None:
    echo = begun()
    for event in (STARTED, PARTIAL, STOPPED, FINAL):
        echo.sift(event)
    echo.begin(0, 0)
    assert not any(echo.sift(event) for event in (STARTED, PARTIAL, STOPPED, FINAL))
    assert not echo.sift(m.Failed(0, EngineFailed("late")))
    assert echo.sift(m.SpeechStarted(1, 2.0))


CAUGHT_UP = m.Marked(Echo.mark.id)
MORE = m.Partial(0, Hypothesis("one two"))


def test_partials_are_silent_until_the_replay_caught_up() -> None:
    echo = begun()
    echo.sift(PARTIAL)
    echo.begin(0, 0)
    assert not echo.sift(PARTIAL)
    assert not echo.sift(CAUGHT_UP)
    assert echo.sift(MORE) == [MORE]


def test_what_nobody_was_told_is_due_when_the_replay_caught_up() -> None:
    echo = begun()
    echo.sift(PARTIAL)
    echo.begin(0, 0)
    assert not echo.sift(PARTIAL) and not echo.sift(MORE)
    assert echo.sift(CAUGHT_UP) == [MORE]
    assert not echo.sift(CAUGHT_UP)


def test_whoever_asked_how_far_decoding_is_hears_first_what_was_decoded() -> None:
    """Had a mark had its answer, nobody would have asked again: the replay is past all that was told."""
    echo = begun()
    echo.sift(PARTIAL)
    echo.begin(0, 0)
    echo.sift(MORE)
    assert echo.sift(m.Marked(7)) == [MORE, m.Marked(7)]
    assert echo.sift(CAUGHT_UP) == []


@pytest.mark.parametrize("end", [FINAL, m.Failed(0, EngineFailed("late")), m.Cleared(0)])
def test_of_an_utterance_that_ended_nothing_is_due(end: m.Event) -> None:
    echo = begun()
    echo.begin(0, 0)
    echo.sift(MORE)
    assert echo.sift(end) == [end]
    echo.sift(m.Settled(1, 0, 1))
    assert not echo.sift(CAUGHT_UP)


def test_what_a_worker_said_before_it_died_in_its_replay_is_forgotten() -> None:
    echo = begun()
    echo.begin(0, 0)
    echo.sift(MORE)
    echo.begin(0, 0)
    assert not echo.sift(CAUGHT_UP)


def test_answers_are_counted() -> None:
    echo = begun()
    configured, refused = m.Configured(Options()), m.Failed(None, Unsupported("no"))
    assert echo.sift(configured) and echo.sift(refused) and echo.sift(m.Cleared(None))
    echo.begin(2, 1)
    assert [echo.sift(event) for event in (configured, refused, configured)] == [[], [], [configured]]
    assert [echo.sift(m.Cleared(None)) for _ in range(2)] == [[], [m.Cleared(None)]]


def test_a_cleared_utterance_stays_silent() -> None:
    echo = begun()
    assert echo.sift(m.Cleared(0))
    assert not echo.sift(PARTIAL) and not echo.sift(FINAL)


def test_a_session_that_breaks_in_its_replay_has_broken() -> None:
    echo = begun()
    echo.begin(1, 0)
    broken = m.Failed(None, OutOfOrder("a bug"))
    assert echo.sift(broken) == [broken]
