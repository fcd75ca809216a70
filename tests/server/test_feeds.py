from __future__ import annotations

import pytest

from saywire import messages as m
from saywire.errors import BadRequest, EngineFailed
from saywire.server.feeds import Feed, Speaker, read_start
from saywire.server.room import Room, Seen
from saywire.types import Hypothesis
from server.doubles import in_loop

Shown = tuple[float, float | None, str, str, bool]


class Place:
    """A room, which may be there or not, and who left."""

    def __init__(self) -> None:
        self.room: Room | None = Room(9)
        self.left: list[Feed] = []

    def feed(self, start: float | None = None) -> Feed:
        speaker = Speaker(start=None if start is None else str(start))
        return Feed(lambda: self.room, self.left.append, speaker, start or 0.0)

    @property
    def shown(self) -> list[Shown]:
        assert self.room
        lines = self.room.changed(Seen())
        return [(line.start, line.end, line.text, line.unstable, line.final) for line in lines]


def say(feed: Feed, *events: m.Event) -> None:
    for event in events:
        feed.note(event)


def final(utterance: int, text: str, start: float, end: float) -> m.Final:
    return m.Final(utterance, text, start, end)


@in_loop
async def test_an_utterance_grows_and_ends_as_its_final_on_the_clock_of_the_share():
    place = Place()
    feed = place.feed(10.0)
    say(feed, m.SpeechStarted(0, 1.0), m.Partial(0, Hypothesis("hello wor", 6)))
    assert place.shown == [(11.0, None, "hello ", "wor", False)]
    say(feed, m.SpeechStopped(0, 3.0, m.Cause.SILENCE), final(0, "hello world", 1.2, 2.5))
    assert place.shown == [(11.2, 12.5, "hello world", "", True)]
    feed.end()
    assert place.left == [feed]


@in_loop
async def test_what_was_not_said_leaves_no_line():
    place = Place()
    feed = place.feed()
    for number, end in enumerate((final(0, " ", 0, 1), m.Failed(1, EngineFailed("broken")), m.Cleared(2))):
        say(feed, m.Partial(number, Hypothesis("uh", 0)))
        assert place.shown == [(0.0, None, "", "uh", False)]
        say(feed, end)
        assert place.shown == []
    say(
        feed, m.Cleared(None), m.Failed(None, EngineFailed("no")), m.Partial(3, Hypothesis()), m.Finished(1.0)
    )
    assert place.shown == []


@in_loop
async def test_a_room_that_comes_in_mid_speech_or_in_place_of_another():
    place = Place()
    first, place.room = place.room, None
    feed = place.feed()
    say(feed, m.SpeechStarted(0, 1.0), m.Partial(0, Hypothesis("he", 0)), m.SpeechStarted(1, 5.0))
    place.room = first
    say(feed, m.Partial(0, Hypothesis("hello", 0)))
    assert place.shown == [(1.0, None, "", "hello", False)]
    place.room = Room(9)
    say(feed, m.Partial(1, Hypothesis("you", 0)), final(0, "hello", 1.0, 2.0))
    assert place.shown == [(5.0, None, "", "you", False), (1.0, 2.0, "hello", "", True)]


@in_loop
async def test_what_is_said_again_after_a_lost_connection_is_shown_once():
    place = Place()
    say(place.feed(0.0), m.SpeechStarted(0, 0.7), final(0, "one", 1.0, 2.0), m.SpeechStarted(1, 2.7))
    again = place.feed(0.0)
    say(again, m.SpeechStarted(0, 0.7), m.Partial(0, Hypothesis("one", 3)), final(0, "one", 1.0, 2.0))
    say(again, m.SpeechStarted(1, 2.0), m.Partial(1, Hypothesis("two", 0)), final(1, "two", 2.1, 3.0))
    assert [text for _, _, text, _, _ in place.shown] == ["one", "two"]


@in_loop
async def test_a_late_final_of_the_lost_connection_takes_the_place_of_what_is_said_again():
    place = Place()
    lost, again = place.feed(0.0), place.feed(0.0)
    say(lost, m.SpeechStarted(0, 0.7))
    say(again, m.SpeechStarted(0, 0.7), m.Partial(0, Hypothesis("on", 0)))
    say(lost, final(0, "one", 1.0, 2.0))
    say(again, final(0, "one", 1.0, 2.0))
    assert place.shown == [(1.0, 2.0, "one", "", True)]


@in_loop
async def test_two_speakers_at_once_are_both_shown():
    place = Place()
    one, other = place.feed(), place.feed()
    say(one, m.SpeechStarted(0, 0.0), final(0, "one", 0.0, 5.0))
    say(other, m.SpeechStarted(0, 1.0), final(0, "other", 1.0, 2.0))
    assert [text for _, _, text, _, _ in place.shown] == ["one", "other"]


@in_loop
async def test_lines_that_nobody_will_finish_can_be_dropped():
    place = Place()
    feed = place.feed()
    say(feed, final(0, "said", 0.0, 1.0), m.Partial(1, Hypothesis("half", 0)))
    feed.drop()
    assert [text for _, _, text, _, _ in place.shown] == ["said"]


def test_where_a_session_begins():
    assert [read_start(text) for text in (None, "", "0", "12.5")] == [None, None, 0.0, 12.5]
    for text in ("x", "-1", "nan", "inf", "1e10"):
        with pytest.raises(BadRequest, match="expected seconds"):
            read_start(text)
