from __future__ import annotations

import asyncio
import threading
from contextlib import aclosing

import numpy as np
import pytest

from saywire import messages as m
from saywire.errors import BadAudio, Overloaded
from saywire.runtime.files import AHEAD, MARK_EVERY, read_channels, read_file
from saywire.types import RATE, Options
from server.doubles import ScriptedHost, in_loop, polite, talkative

SECOND = np.zeros(RATE, np.float32)


async def read(host, blocks) -> list[m.Event]:
    async with aclosing(read_file(host, iter(blocks), Options(model="x"))) as events:
        return [event async for event in events]


@in_loop
async def test_events_of_a_file_up_to_finished_without_the_marks():
    host = ScriptedHost(talkative)
    events = await read(host, [SECOND, SECOND[:8000]])
    assert [e.text for e in events if isinstance(e, m.Final)] == ["said 0", "said 1"]
    assert events[-1] == m.Finished(1.5)
    assert not any(isinstance(e, m.Marked) for e in events)
    (session,) = host.sessions
    assert session.options == Options(model="x")
    assert session.closed.is_set()


@in_loop
async def test_a_file_of_nothing_is_finished_too():
    assert await read(ScriptedHost(), []) == [m.Finished(0.0)]


@in_loop
async def test_reading_pauses_while_the_engine_is_behind():
    def slow(session, command):
        return [m.Finished(session.seconds)] if isinstance(command, m.Finish) else []

    host, blocks, allowed = ScriptedHost(slow), 20, 1 + AHEAD // RATE
    reading = asyncio.create_task(read(host, [SECOND] * blocks))
    session = await host.first()
    for answered in range(blocks):
        may_be_given = min(answered + allowed, blocks)
        await session.heard(m.Mark, may_be_given)
        for _ in range(10):  # as many chances to go on as ten more blocks take
            await asyncio.to_thread(int)
        assert session.seconds == may_be_given
        session.say(m.Marked(answered))
    assert isinstance((await reading)[-1], m.Finished)


@in_loop
async def test_small_blocks_are_not_marked_each():
    host = ScriptedHost()
    await read(host, [SECOND[:160]] * 250)
    marks = [c for c in host.sessions[0].commands if isinstance(c, m.Mark)]
    assert len(marks) == 250 * 160 // MARK_EVERY


@in_loop
async def test_a_block_longer_than_the_limit_does_not_stop_it():
    assert isinstance((await read(ScriptedHost(), [np.zeros(3 * AHEAD, np.float32)] * 2))[-1], m.Finished)


@in_loop
async def test_what_the_decoder_raises_comes_out_and_the_session_is_closed():
    def blocks():
        yield SECOND
        raise BadAudio("broken off")

    host = ScriptedHost()
    with pytest.raises(BadAudio, match="broken off"):
        await read(host, blocks())
    assert host.sessions[0].closed.is_set()


@in_loop
async def test_what_was_read_before_a_source_fails_is_written_down():
    def blocks():
        yield SECOND
        raise BadAudio("unplugged")

    def last_words(session, command):
        said = [m.Final(0, "the last words", 0.0, 1.0)] if isinstance(command, m.Finish) else []
        return [*said, *polite(session, command)]

    texts = []
    with pytest.raises(BadAudio, match="unplugged"):
        async for event in read_file(ScriptedHost(last_words), blocks(), Options()):
            texts += [event.text] if isinstance(event, m.Final) else []
    assert texts == ["the last words"]


@in_loop
async def test_a_full_host_is_told_before_anything_is_read():
    def blocks():
        raise AssertionError("read although there is no place")
        yield SECOND

    with pytest.raises(Overloaded):
        await read(ScriptedHost(full=True), blocks())


@in_loop
async def test_blocks_are_taken_in_another_thread_and_closed_at_the_end():
    threads, closed = set(), []

    def blocks():
        try:
            for _ in range(3):
                threads.add(threading.current_thread())
                yield SECOND
        finally:
            closed.append(True)

    async with aclosing(read_file(ScriptedHost(talkative), blocks(), Options())) as events:
        await anext(events)
    assert closed == [True]
    assert threading.current_thread() not in threads


@in_loop
async def test_cancelling_waits_for_the_thread_that_reads():
    inside, go_on = threading.Event(), threading.Event()
    closed = []

    class Slow:
        def __iter__(self):
            return self

        def __next__(self):
            inside.set()
            go_on.wait(10)
            return SECOND

        def close(self):
            closed.append(go_on.is_set())

    host = ScriptedHost()
    reading = asyncio.create_task(read(host, Slow()))
    await asyncio.to_thread(inside.wait, 10)
    reading.cancel()
    await asyncio.sleep(0)
    assert not reading.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert closed == [True]
    assert host.sessions[0].closed.is_set()


@in_loop
async def test_a_session_that_ends_early_ends_the_reading():
    def fails(session, command):
        return [m.Failed(None, Overloaded("too much"))] if isinstance(command, m.Audio) else []

    events = await read(ScriptedHost(fails), [SECOND] * 100)
    assert [type(e) for e in events] == [m.Failed]


@in_loop
async def test_each_channel_is_a_session_and_none_runs_ahead_of_the_others():
    def slow(session, command):
        return [m.Finished(session.seconds)] if isinstance(command, m.Finish) else []

    async def read_two() -> list[tuple[int, m.Event]]:
        blocks = iter([np.stack([SECOND, SECOND + 0.5])] * 20)
        async with aclosing(read_channels(host, blocks, 2, Options())) as events:
            return [event async for event in events]

    host, allowed = ScriptedHost(slow), 1 + AHEAD // RATE
    reading = asyncio.create_task(read_two())
    await (await host.first()).heard(m.Mark, allowed)
    one, other = host.sessions
    await other.heard(m.Mark, allowed)
    one.say(*(m.Marked(n) for n in range(allowed)))
    for _ in range(10):  # as many chances to go on as ten more blocks take
        await asyncio.to_thread(int)
    assert one.seconds == other.seconds == allowed
    assert (one.commands[0].samples[0], other.commands[0].samples[0]) == (0.0, 0.5)
    for answered in range(20):
        if answered >= allowed:
            await one.heard(m.Mark, answered + 1)
            one.say(m.Marked(answered))
        other.say(m.Marked(answered))
    assert await reading == [(0, m.Finished(20.0)), (1, m.Finished(20.0))]
    assert one.closed.is_set() and other.closed.is_set()


@in_loop
async def test_a_channel_that_fails_ends_them_all():
    def fails(session, command):
        fatal = [m.Failed(None, Overloaded("too much"))]
        return fatal if isinstance(command, m.Audio) and session is host.sessions[1] else []

    host = ScriptedHost(fails)
    async with aclosing(read_channels(host, iter([np.stack([SECOND] * 2)] * 99), 2, Options())) as events:
        heard = [event async for event in events]
    assert [(channel, type(event)) for channel, event in heard] == [(1, m.Failed)]
    assert all(session.closed.is_set() for session in host.sessions)


@in_loop
async def test_where_there_is_room_for_one_channel_of_two_none_is_kept():
    host = ScriptedHost()
    open_one = host.open

    def open_first(options, moved):
        session = open_one(options, moved)
        host.full = True
        return session

    host.open = open_first
    with pytest.raises(Overloaded):
        async with aclosing(read_channels(host, iter([]), 2, Options())) as events:
            await anext(events)
    assert host.sessions[0].closed.is_set()


@in_loop
async def test_events_come_while_the_source_waits():
    """A pipe that stays open, a microphone that is slow: nobody's text waits for more audio."""
    more = threading.Event()

    def blocks():
        yield SECOND
        more.wait()
        yield SECOND

    said = []
    async for event in read_file(ScriptedHost(talkative), blocks(), Options()):
        if isinstance(event, m.Final):
            said.append(event.text)
            more.set()
    assert said == ["said 0", "said 1"]


@in_loop
async def test_who_leaves_while_the_source_waits_leaves_no_thread_at_it():
    inside, more, closed = threading.Event(), threading.Event(), []

    class Waits:
        def __iter__(self):
            return self

        def __next__(self):
            if not host.sessions[0].commands:
                return SECOND
            inside.set()
            more.wait(10)
            return SECOND

        def close(self):
            closed.append(more.is_set())

    host = ScriptedHost(talkative)
    async with aclosing(read_file(host, Waits(), Options())) as events:
        await anext(events)
        await asyncio.to_thread(inside.wait, 10)
        asyncio.get_running_loop().call_soon(more.set)
    assert closed == [True]
    assert host.sessions[0].closed.is_set()


@in_loop
async def test_who_leaves_stops_a_source_that_can_be_stopped():
    """Nothing would ever come of it."""
    stopped, inside = threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    class Silent:
        def __iter__(self):
            return self

        def __next__(self):
            loop.call_soon_threadsafe(inside.set)
            stopped.wait()
            raise StopIteration

        def stop(self):
            stopped.set()

    reading = asyncio.create_task(read(ScriptedHost(talkative), Silent()))
    await inside.wait()
    reading.cancel()
    await asyncio.wait([reading])
    assert stopped.is_set() and reading.cancelled()
