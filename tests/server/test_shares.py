from __future__ import annotations

import asyncio

import pytest

from saywire import messages as m
from saywire.errors import BadRequest, Overloaded
from saywire.server.feeds import Speaker
from saywire.server.problems import NotFound
from saywire.server.room import Line, Room, Seen
from saywire.server.shares import Shares, make_token
from saywire.types import Hypothesis
from server.doubles import in_loop

KEY, OTHER = "k" * 32, "o" * 43


def texts(room: Room) -> list[str]:
    return [line.text + line.unstable for line in room.changed(Seen())]


@in_loop
async def test_a_share_is_found_by_its_token_and_by_nothing_else():
    shares = Shares()
    token = shares.open(KEY, past=[Line(0, 0.0, 1.0, "before", final=True)])
    assert shares.open(KEY) == token
    assert texts(shares.find(token)) == ["before"]
    for wrong in (KEY, "", token[:-1], make_token(KEY, "another")):
        with pytest.raises(NotFound):
            shares.find(wrong)
    assert KEY not in token and len(token) > 40
    assert (len(shares), shares.watching) == (1, 0)


@in_loop
async def test_a_link_that_was_closed_stays_closed():
    shares = Shares()
    token = shares.open(KEY)
    room = shares.find(token)
    shares.close(KEY)
    shares.close(KEY)
    assert room.over
    assert shares.open(KEY) != token
    with pytest.raises(NotFound):
        shares.find(token)


@in_loop
async def test_a_share_goes_on_after_a_restart_with_its_own_token_only():
    token = Shares().open(KEY)
    assert Shares().open(KEY, token) == token
    for wrong in (make_token(OTHER, token[:16]), token[:16], "é", ""):
        with pytest.raises(BadRequest, match="another share"):
            Shares().open(KEY, wrong)


@in_loop
async def test_keys_that_could_be_guessed_and_shares_that_are_too_many():
    shares = Shares(most=1)
    for key in ("", "short", "k" * 129, "k" * 31 + " "):
        with pytest.raises(BadRequest, match="32 to 128"):
            shares.open(key)
    with pytest.raises(BadRequest, match="32 to 128"):
        shares.feed(Speaker("short"))
    with pytest.raises(BadRequest, match="expected seconds"):
        shares.feed(Speaker(start="soon"))
    shares.open(KEY)
    with pytest.raises(Overloaded, match="all 1 shares"):
        shares.open(OTHER)
    shares.close(KEY)
    shares.open(OTHER)


@in_loop
async def test_sessions_feed_the_share_of_their_key_and_no_other():
    shares = Shares()
    before = shares.feed(Speaker(KEY))
    room = shares.find(shares.open(KEY))
    assert room.speaking
    nobody, other = shares.feed(Speaker()), shares.feed(Speaker(OTHER))
    for feed in (before, nobody, other):
        feed.note(m.Final(0, "said", 1.0, 2.0))
        feed.end()
    assert texts(room) == ["said"]
    assert not room.speaking


@in_loop
async def test_a_session_without_a_clock_goes_on_after_the_last_final():
    shares = Shares()
    room = shares.find(shares.open(KEY, past=[Line(0, 3.0, 4.0, "before", final=True)]))
    for start, offset in ((None, 4.0), ("7.5", 7.5)):
        feed = shares.feed(Speaker(KEY, start))
        feed.note(m.Final(0, "said", 0.5, 1.0))
        feed.end()
        assert (room.changed(Seen())[-1].start, room.end) == (offset + 0.5, offset + 1.0)


@in_loop
async def test_sessions_of_one_connection_lie_one_after_the_other():
    shares, speaker = Shares(), Speaker(KEY, "10")
    room = shares.find(shares.open(KEY))
    first = shares.feed(speaker, 0.0)
    first.note(m.Final(0, "one", 1.0, 2.0))
    second = shares.feed(speaker, 4.0)  # while the first has not said its last
    second.note(m.Final(0, "three", 0.5, 1.5))
    first.note(m.Final(1, "two", 2.5, 3.5))
    first.end()
    lines = [(line.text, line.start, line.end) for line in room.changed(Seen())]
    assert lines == [("one", 11.0, 12.0), ("three", 14.5, 15.5), ("two", 12.5, 13.5)]


@in_loop
async def test_a_connection_that_says_all_its_sessions_again_says_nothing_twice():
    shares = Shares()
    room = shares.find(shares.open(KEY))
    for _ in range(2):
        speaker = Speaker(KEY, "0")
        for heard, text in ((0.0, "one"), (3.0, "two")):
            feed = shares.feed(speaker, heard)
            feed.note(m.SpeechStarted(0, 0.7))
            feed.note(m.Final(0, text, 1.0, 2.0))
            feed.end()
    assert texts(room) == ["one", "two"]


@in_loop
async def test_an_unfinished_line_stays_until_the_speaker_is_back():
    shares = Shares()
    room = shares.find(shares.open(KEY))
    lost = shares.feed(Speaker(KEY))
    lost.note(m.Partial(0, Hypothesis("half a", 4)))
    lost.end()
    assert texts(room) == ["half a"]
    again = shares.feed(Speaker(KEY))
    assert texts(room) == []
    again.note(m.Partial(0, Hypothesis("half", 4)))
    beside = shares.feed(Speaker(KEY))
    assert texts(room) == ["half"]
    again.end()
    assert texts(room) == []
    beside.end()


@in_loop
async def test_a_share_in_which_nobody_speaks_ends():
    shares = Shares(grace=0.0)
    room = shares.find(shares.open(KEY))
    while not room.closed:
        await room.move(room.now())
    assert not room.over  # the speaker may open it again
    feed = shares.feed(Speaker(KEY))
    room = shares.find(shares.open(KEY))
    await asyncio.sleep(0)
    assert not room.closed
    feed.end()
    while not room.closed:
        await room.move(room.now())
    assert not room.over  # the speaker may open it again
    assert len(shares) == 0


@in_loop
async def test_when_the_server_stops_viewers_shall_come_again():
    shares = Shares()
    room = shares.find(shares.open(KEY))
    shares.stop()
    assert (room.closed, room.over, len(shares)) == (True, False, 0)
