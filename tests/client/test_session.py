"""The session of programs, over a real socket."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from client.real import GREETING, realtime_server, stranger
from saywire import messages as m
from saywire.client.connection import connect
from saywire.client.session import Waiting
from saywire.client.wire import RealtimeWire
from saywire.errors import BadRequest, EngineFailed
from saywire.types import Hypothesis
from server.doubles import ScriptedHost, ScriptedSession, in_loop, talkative

TENTH = np.zeros(1600, np.float32)


def partial(utterance: int, text: str) -> m.Partial:
    return m.Partial(utterance, Hypothesis(text))


def test_of_the_partials_that_wait_only_the_newest_is_told() -> None:
    waiting = Waiting()
    final = m.Final(0, "ab", 0.0, 1.0)
    for event in (
        partial(0, "a"),
        partial(0, "ab"),
        final,
        partial(1, "c"),
        partial(2, "d"),
        partial(2, "de"),
    ):
        waiting.put(event)
    taken = [waiting.take() for _ in range(len(waiting))]
    assert taken == [partial(0, "ab"), final, partial(1, "c"), partial(2, "de")]


@in_loop
async def test_all_may_be_sent_before_anything_is_taken() -> None:
    async with realtime_server(ScriptedHost(talkative)) as address, connect(address) as session:
        for _ in range(3):
            await session.send(TENTH)
        await session.finish()
        await session.finish()
        events = [event async for event in session]
        with pytest.raises(BadRequest, match="was finished"):
            await session.send(TENTH)
    assert [event.text for event in events if isinstance(event, m.Final)] == ["said 0", "said 1", "said 2"]
    assert isinstance(events[-1], m.Finished)
    assert not [event for event in events if isinstance(event, m.Configured)]


@in_loop
async def test_events_come_while_the_session_lives() -> None:
    def answer(session: ScriptedSession, command: m.Command) -> Sequence[m.Event]:
        return [m.Cleared(None)] if isinstance(command, m.Clear) else talkative(session, command)

    async with realtime_server(ScriptedHost(answer)) as address, connect(address) as session:
        await session.send(TENTH)
        assert isinstance(await anext(session), m.SpeechStarted)
        async for event in session:
            if isinstance(event, m.SpeechStopped):
                break
        await session.clear()
        async for event in session:
            if event == m.Cleared(None):
                break
        assert session.connections == 1


@in_loop
async def test_what_the_resampler_holds_back_is_heard_before_the_commit() -> None:
    host = ScriptedHost()
    async with realtime_server(host) as address, connect(address, rate=48_000) as session:
        await session.send(np.zeros(4800, np.float32))
        await session.commit()
        await (await host.first()).heard(m.Commit)
        await session.finish()
        assert isinstance([event async for event in session][-1], m.Finished)
    heard = [c for c in host.sessions[0].commands if isinstance(c, m.Audio | m.Commit)]
    assert sum(len(c.samples) for c in heard if isinstance(c, m.Audio)) == 1600
    assert isinstance(heard[-1], m.Commit)


@in_loop
async def test_a_session_that_is_lost_says_so() -> None:
    answers = (GREETING, '{"type": "session.updated"}', '{"type": "session.updated"}')
    updated = '{"type": "session.updated"}'
    async with stranger(*answers, updated, code=1011, listens=True) as address, connect(address) as session:
        for _ in range(2):
            with pytest.raises(EngineFailed, match="because"):
                await anext(session)


@in_loop
async def test_our_own_mistake_is_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*_: object) -> None:
        raise ValueError("a bug")

    async with realtime_server(ScriptedHost(talkative)) as address, connect(address) as session:
        monkeypatch.setattr(RealtimeWire, "receive", break_down)
        await session.send(TENTH)
        with pytest.raises(ValueError, match="a bug"):
            await anext(session)


@in_loop
async def test_who_left_hears_no_more() -> None:
    async with realtime_server(ScriptedHost(talkative)) as address, connect(address) as session:
        await session.send(TENTH)
    assert [type(event) async for event in session][4:] == []
    with pytest.raises(EngineFailed, match="was left"):
        await session.send(TENTH)
