from __future__ import annotations

from saywire import messages as m
from saywire.errors import EngineFailed, Unsupported
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
    events = [STARTED, PARTIAL, PARTIAL, STOPPED, FINAL, m.Settled(1, 0, 1), m.Marked(0), m.Finished(1.0)]
    assert all(echo.is_new(event) for event in events)


def test_what_the_second_repeats_is_not_new() -> None:
    echo = begun()
    for event in (STARTED, PARTIAL, STOPPED, FINAL):
        echo.is_new(event)
    echo.begin(0, 0)
    assert not any(echo.is_new(event) for event in (STARTED, PARTIAL, STOPPED, FINAL))
    assert not echo.is_new(m.Failed(0, EngineFailed("late")))
    assert echo.is_new(m.SpeechStarted(1, 2.0))


def test_partials_are_silent_until_the_replay_caught_up() -> None:
    echo = begun()
    echo.is_new(PARTIAL)
    echo.begin(0, 0)
    assert not echo.is_new(PARTIAL)
    assert not echo.is_new(m.Marked(Echo.mark.id))
    assert echo.is_new(PARTIAL)


def test_answers_are_counted() -> None:
    echo = begun()
    configured, refused = m.Configured(Options()), m.Failed(None, Unsupported("no"))
    assert echo.is_new(configured) and echo.is_new(refused) and echo.is_new(m.Cleared(None))
    echo.begin(2, 1)
    assert [echo.is_new(event) for event in (configured, refused, configured)] == [False, False, True]
    assert [echo.is_new(m.Cleared(None)) for _ in range(2)] == [False, True]


def test_a_cleared_utterance_stays_silent() -> None:
    echo = begun()
    assert echo.is_new(m.Cleared(0))
    assert not echo.is_new(PARTIAL) and not echo.is_new(FINAL)
