from __future__ import annotations

import logging
from functools import partial

import numpy as np
import pytest

from saywire import messages as m
from saywire.errors import EngineFailed, OutOfOrder, Overloaded, SaywireError
from saywire.protocols.base import Begin, Drop, Give
from saywire.server.feeds import Feed, Speaker
from saywire.server.limits import Admission
from saywire.server.logs import SessionLog
from saywire.server.seats import Seats, thin
from saywire.server.shares import Shares
from saywire.types import Hypothesis
from server.doubles import ScriptedHost, in_loop

AUDIO = m.Audio(np.zeros(1600, np.float32))


class Room:
    def __init__(self, places: int = 9) -> None:
        self.host = ScriptedHost()
        self.admission = Admission(places)
        self.asked_to_finish = 0
        names = iter("1234567890")
        self.seats = Seats(
            self.host,
            self.admission,
            lambda: SessionLog(next(names), "/", "?"),
            lambda: None,
            self.finish,
            partial(Shares().feed, Speaker()),
        )

    def finish(self) -> None:
        self.asked_to_finish += 1

    def obey(self, *orders) -> None:
        for order in orders:
            self.seats.obey(order)

    def events(self) -> list[str]:
        return [f"{name} {type(event).__name__}" for name, event in self.seats.take_events()]

    @property
    def heard(self) -> list[list[m.Command]]:
        return [session.commands for session in self.host.sessions]


@in_loop
async def test_each_command_reaches_its_session_and_each_event_has_its_name():
    room = Room()
    room.obey(Begin("a"), Begin("b"), Give("b", AUDIO), Give("a", m.Mark(1)), Give("b", m.Finish()))
    assert room.heard == [[m.Mark(1)], [AUDIO, m.Finish()]]
    assert (room.seats.unfinished, room.seats.finishing) == (["a"], True)
    assert room.events() == ["a Marked", "b Finished"]
    assert (room.seats.unfinished, room.seats.finishing) == (["a"], False)


@in_loop
async def test_each_session_takes_a_place_and_gives_it_back():
    room = Room(places=1)
    room.obey(Begin("a"))
    with pytest.raises(Overloaded):
        room.obey(Begin("b"))
    room.obey(Give("a", m.Finish()))
    assert room.events() == ["a Finished"] and not room.seats
    room.obey(Begin("b"))
    room.admission.close()
    assert room.asked_to_finish == 1
    room.seats.close("enough")
    assert room.admission.sessions == 0
    assert all(session.closed.is_set() for session in room.host.sessions)


@in_loop
async def test_each_feed_is_told_how_much_was_heard_before_it():
    room, told = Room(), []

    def new_feed(heard: float) -> Feed:
        told.append(heard)
        return Shares().feed(Speaker(), heard)

    room.seats.new_feed = new_feed
    room.obey(Begin("a"), Give("a", AUDIO), Begin("b"), Give("b", AUDIO), Give("b", AUDIO), Drop("a"))
    room.obey(Begin("c"), Drop("b"), Begin("d"))
    assert told == pytest.approx([0.0, 0.1, 0.3, 0.3])


@in_loop
async def test_a_name_is_free_when_its_session_has_ended():
    room = Room()
    room.obey(Begin("a"))
    with pytest.raises(OutOfOrder):
        room.obey(Begin("a"))
    room.obey(Give("a", m.Finish()))
    for _ in room.seats.take_events():
        room.obey(Begin("a"))  # while the end is being told
    assert len(room.host.sessions) == 2 and room.seats.unfinished == ["a"]


@in_loop
async def test_what_is_for_nobody_leads_nowhere():
    room = Room()
    room.obey(Give("a", AUDIO), Drop("a"), Begin("a"), Drop("a"), Give("a", AUDIO))
    assert room.heard == [[]] and room.host.sessions[0].closed.is_set()
    room.obey(Begin("b"), Give("b", m.Finish()), Give("b", AUDIO))
    assert room.heard[1] == [m.Finish()]


@in_loop
async def test_nothing_is_heard_of_a_session_that_was_dropped_meanwhile():
    room = Room()
    room.obey(Begin("a"), Give("a", m.Mark(1)), Give("a", m.Mark(2)))
    told = []
    for _, event in room.seats.take_events():
        told.append(event)
        room.obey(Drop("a"))
    assert told == [m.Marked(1)]


@in_loop
async def test_a_command_that_crosses_the_sessions_own_end_is_nobodys_fault():
    room = Room()
    room.obey(Begin("a"))
    room.host.sessions[0].end_with(m.Failed(None, SaywireError("lost")))
    room.obey(Give("a", AUDIO))
    assert room.events() == ["a Failed"] and not room.seats


@in_loop
async def test_a_failed_utterance_does_not_end_its_session():
    room = Room()
    room.obey(Begin("a"))
    room.host.sessions[0].say(m.Failed(0, EngineFailed("no")))
    assert room.events() == ["a Failed"] and room.seats.unfinished == ["a"]


@in_loop
async def test_two_lines_in_the_log_for_each_session(caplog):
    caplog.set_level(logging.INFO, "saywire")
    room = Room(places=3)
    room.obey(Begin("a"), Begin("b"), Begin("c"))
    with pytest.raises(Overloaded):
        room.obey(Begin("d"))
    room.obey(Give("a", AUDIO), Give("a", m.Finish()), Drop("b"))
    assert room.seats.ids == ["1", "3"]
    room.events()
    room.seats.close("client left")
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 8
    ends = [(line.split()[1], line.rpartition("cause=")[2]) for line in lines if " end " in line]
    assert ends == [("4", "overloaded"), ("2", "dropped"), ("1", "finished"), ("3", "client left")]


def test_thin_keeps_the_newest_partial_of_each_utterance_and_everything_else():
    def partial(utterance: int, text: str) -> m.Partial:
        return m.Partial(utterance, Hypothesis(text))

    final = m.Final(0, "ab", 0, 1)
    events = [partial(0, "a"), m.SpeechStarted(1, 0.0), partial(0, "ab"), final, partial(1, "c")]
    assert thin(events) == [events[1], events[2], final, events[4]]
