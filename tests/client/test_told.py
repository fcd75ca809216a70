from __future__ import annotations

import pytest

from saywire import messages as m
from saywire.client.told import Told, is_on_its_way
from saywire.errors import EngineFailed
from saywire.types import Hypothesis, Options

STARTED, STOPPED = m.SpeechStarted(0, 0.0), m.SpeechStopped(0, 1.0, m.Cause.SILENCE)
FINAL = m.Final(0, "hello", 0.0, 1.0)


def partial(text: str, stable: int = 0, utterance: int = 0) -> m.Partial:
    return m.Partial(utterance, Hypothesis(text, stable))


def told(*events: m.Event) -> Told:
    before = Told()
    assert all(before.is_new(event) for event in events)
    return before


def test_once_everything_is_new() -> None:
    told(m.Configured(Options()), STARTED, partial("he"), partial("hel"), STOPPED, FINAL, m.Cleared(None))


@pytest.mark.parametrize("end", [FINAL, m.Failed(0, EngineFailed("no")), m.Cleared(0)])
def test_what_is_said_again_of_an_utterance_that_has_ended_is_old(end: m.Event) -> None:
    before = told(STARTED, partial("hel"), STOPPED, end)
    before.repeat(0)
    assert not any(before.is_new(event) for event in (STARTED, partial("something else"), STOPPED, end))
    assert before.is_new(m.SpeechStarted(1, 2.0)) and before.is_new(m.Final(1, "", 2.0, 3.0))


def test_text_on_its_way_to_what_was_shown_is_held_back() -> None:
    before = told(STARTED, partial("hello wor", 5))
    before.repeat(0)
    news = [
        partial("he"),
        partial("hello", 3),
        partial("hello", 5),
        partial("hello wor", 5),
        partial("hello world"),
    ]
    assert [before.is_new(one) for one in news] == [False, False, False, True, True]
    assert before.is_new(partial("help"))  # it has caught up, and may change its mind


def test_text_that_is_another_is_shown() -> None:
    before = told(STARTED, partial("hello wor", 5))
    before.repeat(0)
    assert before.is_new(partial("yellow", 6))
    assert before.is_new(partial("hel", 0, utterance=1))


def test_answers_and_errors_of_the_session_are_always_new() -> None:
    before = told(m.Cleared(None))
    before.repeat(0)
    error = m.Failed(None, EngineFailed("no"))
    assert before.is_new(m.Cleared(None)) and before.is_new(error) and before.is_new(error)


@pytest.mark.parametrize(
    ("now", "shown", "on_its_way"),
    [
        (Hypothesis(), Hypothesis("hello"), True),
        (Hypothesis("hello"), Hypothesis("hello"), False),
        (Hypothesis("hello", 2), Hypothesis("hello", 5), True),
        (Hypothesis("help", 3), Hypothesis("hello", 5), True),
        (Hypothesis("help", 4), Hypothesis("hello", 5), False),
        (Hypothesis("help"), Hypothesis("hello"), False),
        (Hypothesis("hello you"), Hypothesis("hello"), False),
    ],
)
def test_on_its_way(now: Hypothesis, shown: Hypothesis, on_its_way: bool) -> None:
    assert is_on_its_way(now, shown) is on_its_way


def test_what_was_begun_is_abandoned_once_and_ends_so() -> None:
    told = Told()
    assert told.next == 0 and told.abandon(0) == []
    for number in range(3):
        told.is_new(m.SpeechStarted(number, 0.0))
    told.is_new(m.Final(0, "", 0.0, 1.0))
    told.is_new(m.Partial(3, Hypothesis("a")))
    assert told.abandon(0) == [1, 2, 3] and told.abandon(0) == []
    assert told.next == 4
    assert not told.is_new(m.Final(2, "late", 0.0, 1.0))
    assert told.is_new(m.SpeechStarted(4, 0.0))
