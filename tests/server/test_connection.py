from __future__ import annotations

import asyncio
import logging

import numpy as np
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from saywire import messages as m
from saywire.errors import EngineFailed, Overloaded, SaywireError, UnknownModel
from saywire.protocols.base import Surroundings
from saywire.server.connection import ROOM, Connection, thin
from saywire.server.limits import Admission
from saywire.server.logs import SessionLog
from saywire.types import Hypothesis, Options
from server.doubles import PlainWire, ScriptedHost, in_loop, polite, serving, settings, talkative

HALF = np.zeros(8000, np.float32).tobytes()


SCOPE = {"type": "websocket", "path": "/plain", "query_string": b"", "headers": [], "subprotocols": []}


def make_socket(sent: list) -> tuple[WebSocket, asyncio.Queue]:
    """A socket whose frames are put into a queue, and what it sends into a list."""
    frames = asyncio.Queue()
    frames.put_nowait({"type": "websocket.connect"})

    async def send(message):
        if message["type"] != "websocket.accept":
            sent.append(message.get("text") or message.get("code"))

    return WebSocket(SCOPE, frames.get, send), frames


def make_connection(socket: WebSocket) -> Connection:
    return Connection(socket, PlainWire(Surroundings(str, float)), SessionLog("1", "/plain", "?"), 1.0)


async def close_code(ws) -> int:
    await ws.wait_closed()
    return ws.close_code


@in_loop
async def test_frames_become_commands_and_events_become_frames():
    async with serving(ScriptedHost(talkative)) as at, connect(at.ws + "?x=y") as ws:
        await ws.send(HALF)
        await ws.send("finish")
        frames = [frame async for frame in ws]
        assert frames == ["hello /plain y", "partial 0 said", "final 0 said 0", "finished"]
        assert (ws.close_code, ws.close_reason) == (1000, "done")


@in_loop
async def test_session_is_closed_after_the_connection():
    host = ScriptedHost()
    async with serving(host) as at:
        async with connect(at.ws) as ws:
            await ws.send("finish")
            await ws.wait_closed()
        await host.sessions[0].closed.wait()


@in_loop
async def test_bad_frame_is_answered_and_the_session_lives_on():
    async with serving(ScriptedHost(talkative)) as at, connect(at.ws) as ws:
        await ws.send("nonsense")
        await ws.send(HALF)
        await ws.send("finish")
        frames = [frame async for frame in ws]
        assert frames[1] == "error invalid_request: no command 'nonsense'"
        assert frames[-2:] == ["final 0 said 0", "finished"]


@in_loop
async def test_client_that_leaves_gets_its_session_finished_and_closed():
    host = ScriptedHost()
    async with serving(host) as at:
        async with connect(at.ws) as ws:
            await ws.send(HALF)
            session = await host.first()
            await session.heard(m.Audio)
        await session.closed.wait()
        assert isinstance(session.commands[-1], m.Finish)


@in_loop
async def test_client_that_vanishes_without_a_close_frame_too():
    host = ScriptedHost()
    async with serving(host) as at:
        ws = await connect(at.ws)
        session = await host.first()
        ws.transport.abort()
        await session.closed.wait()
        assert isinstance(session.commands[-1], m.Finish)
        await ws.wait_closed()


@in_loop
async def test_drain_after_leaving_is_bounded():
    host = ScriptedHost(lambda session, command: [])  # never says Finished
    async with serving(host, settings(drain_seconds=0.01)) as at:
        async with connect(at.ws):
            session = await host.first()
        await session.closed.wait()


@in_loop
async def test_events_after_the_client_left_are_awaited_before_closing():
    host = ScriptedHost(lambda session, command: [])
    async with serving(host) as at:
        async with connect(at.ws):
            session = await host.first()
        await session.heard(m.Finish)
        assert not session.closed.is_set()
        session.say(m.Final(0, "late", 0, 1))
        session.say(m.Finished(1.0))
        await session.closed.wait()


@in_loop
async def test_commands_after_finish_do_not_reach_the_session():
    host = ScriptedHost(lambda session, command: [])
    async with serving(host) as at, connect(at.ws) as ws:
        session = await host.first()
        await ws.send("finish")
        await ws.send(HALF)
        await session.heard(m.Finish)
        await (await ws.ping())
        session.say(m.Finished(0.0))
        assert await close_code(ws) == 1000
        assert [type(c) for c in session.commands] == [m.Finish]


@in_loop
async def test_host_that_is_full_is_told_in_the_wires_words():
    async with serving(ScriptedHost(full=True)) as at, connect(at.ws) as ws:
        frames = [frame async for frame in ws_until_closed(ws)]
        assert frames[0] == "hello /plain -"
        assert frames[1].startswith("error overloaded: the engine is full")
        assert ws.close_code == 1013


async def ws_until_closed(ws):
    try:
        while True:
            yield await ws.recv()
    except ConnectionClosed:
        return


@in_loop
async def test_no_more_than_max_sessions():
    async with serving(ScriptedHost(), settings(max_sessions=1)) as at, connect(at.ws) as first:
        assert await first.recv() == "hello /plain -"
        async with connect(at.ws) as second:
            frames = [frame async for frame in ws_until_closed(second)]
            assert frames[1] == "error overloaded: all 1 sessions are taken; try again later"
            assert second.close_code == 1013
        await first.send("finish")
        await first.wait_closed()
        async with connect(at.ws) as third:
            assert await third.recv() == "hello /plain -"
            await third.send("echo here")
            assert await third.recv() == "echo here"


@in_loop
async def test_too_far_behind_ends_with_an_error_and_1013():
    host = ScriptedHost()
    async with serving(host) as at, connect(at.ws) as ws:
        session = await host.first()
        session.refuse = Overloaded("600 s of audio wait already; send slower")
        await ws.send(HALF)
        frames = [frame async for frame in ws_until_closed(ws)]
        assert frames[-1] == "error overloaded: 600 s of audio wait already; send slower"
        assert ws.close_code == 1013


@in_loop
async def test_failed_utterance_is_told_and_the_session_lives_on():
    host = ScriptedHost()
    async with serving(host) as at, connect(at.ws) as ws:
        session = await host.first()
        session.say(m.Failed(0, EngineFailed("no")))
        assert [await ws.recv(), await ws.recv()] == ["hello /plain -", "failed engine_failed"]
        await ws.send("finish")
        assert await close_code(ws) == 1000


@in_loop
async def test_fatal_failure_closes_with_1011():
    host = ScriptedHost()
    async with serving(host) as at, connect(at.ws) as ws:
        session = await host.first()
        session.say(m.Failed(None, SaywireError("worker lost for good")))
        assert [frame async for frame in ws_until_closed(ws)][-1] == "failed internal_error"
        assert ws.close_code == 1011


@in_loop
async def test_request_that_cannot_be_served_closes_with_1008():
    host = ScriptedHost()
    async with serving(host) as at, connect(at.ws) as ws:
        session = await host.first()
        session.end_with(m.Failed(None, UnknownModel("no model 'x'")))
        await ws.send(HALF)  # may come before the failure was told
        assert [frame async for frame in ws_until_closed(ws)][1:] == ["failed model_not_found"]
        assert ws.close_code == 1008


@in_loop
async def test_audio_that_crosses_the_sessions_own_end_is_nobodys_fault():
    host = ScriptedHost()
    sent = []
    socket, frames = make_socket(sent)
    running = asyncio.create_task(make_connection(socket).run(host, Admission(1), Options()))
    session = await host.first()
    frames.put_nowait({"type": "websocket.receive", "bytes": HALF})
    session.end_with(m.Finished(0.0))  # before either loop has run
    await running
    assert sent == ["hello /plain -", "finished", 1000]


@in_loop
async def test_socket_that_uvicorn_closed_meanwhile_is_a_client_that_left(caplog):
    class Closed(list):
        def append(self, item):
            raise RuntimeError("Unexpected ASGI message 'websocket.send', after sending 'websocket.close'.")

    host = ScriptedHost()
    socket, _ = make_socket(Closed())
    await make_connection(socket).run(host, Admission(1), Options())
    assert isinstance(host.sessions[0].commands[-1], m.Finish)
    assert not caplog.records


@in_loop
async def test_client_that_left_before_it_was_accepted(caplog):
    async def send(message):
        raise OSError("gone")

    socket = WebSocket(SCOPE, make_socket([])[0]._receive, send)
    await make_connection(socket).run(ScriptedHost(), Admission(1), Options())
    assert not caplog.records


@in_loop
async def test_a_bug_ends_only_its_connection(caplog):
    host = ScriptedHost(talkative)
    async with serving(host) as at, connect(at.ws) as well, connect(at.ws) as broken:
        await broken.send("break")
        assert await close_code(broken) == 1011
        await well.send(HALF)
        await well.send("finish")
        assert [frame async for frame in well][-1] == "finished"
    assert "a bug in an adapter" in caplog.text


@in_loop
async def test_message_over_the_limit_closes_with_1009():
    host = ScriptedHost()
    async with serving(host, settings(max_message_bytes=1000)) as at, connect(at.ws) as ws:
        await ws.send(b"\0" * 1001)
        assert await close_code(ws) == 1009
        await (await host.first()).closed.wait()


@in_loop
async def test_fragmented_message_arrives_whole():
    host = ScriptedHost(talkative)
    async with serving(host) as at, connect(at.ws) as ws:
        await ws.send([HALF[:8000], HALF[8000:]])
        await ws.send("finish")
        assert [frame async for frame in ws][-1] == "finished"
        assert host.sessions[0].seconds == 0.5


@in_loop
async def test_realtime_subprotocol_is_echoed_and_a_key_never():
    async with serving(ScriptedHost()) as at:
        offered = ["openai-insecure-api-key.secret", "realtime"]
        async with connect(at.ws, subprotocols=offered) as ws:
            assert ws.subprotocol == "realtime"
        async with connect(at.ws, subprotocols=["openai-insecure-api-key.secret"]) as ws:
            assert ws.subprotocol is None


@in_loop
async def test_slow_reader_holds_up_only_itself_and_gets_newest_partials():
    host = ScriptedHost()
    async with serving(host) as at, connect(at.ws, max_queue=1) as ws, connect(at.ws) as quick:
        session = await host.first()
        long = "x" * 100_000
        told = 0
        while session.takes >= told:  # until the socket takes no more and events stay in the session
            session.say(m.Partial(0, Hypothesis(f"{told} {long}")))
            told += 1
            await quick.send("echo on")  # the other client is served meanwhile
            await quick.recv()
            assert told < 1000
        for _ in range(500):
            session.say(m.Partial(0, Hypothesis("obsolete")))
        session.say(m.Partial(0, Hypothesis("newest")), m.Final(0, "all", 0, 1), m.Finished(1.0))
        frames = [frame async for frame in ws]
        assert frames[-3:] == ["partial 0 newest", "final 0 all", "finished"]
        assert "partial 0 obsolete" not in frames
        await quick.close()


@in_loop
async def test_client_that_asks_and_never_reads_is_not_read_either():
    asked = 0

    async def receive():
        nonlocal asked
        await asyncio.sleep(0)
        asked += 1
        return (
            {"type": "websocket.connect"} if asked == 1 else {"type": "websocket.receive", "text": "echo x"}
        )

    async def send(message):
        if message["type"] != "websocket.accept":
            await asyncio.Event().wait()  # the socket never takes it

    connection = make_connection(WebSocket(SCOPE, receive, send))
    running = asyncio.create_task(connection.run(ScriptedHost(), Admission(1), Options()))
    for _ in range(10 * ROOM):
        await asyncio.sleep(0)
    assert ROOM < asked < ROOM + 5
    running.cancel()
    await asyncio.wait([running])


@in_loop
async def test_shutdown_sends_the_finals_then_1012():
    def last_words(session, command):
        if isinstance(command, m.Finish):
            return [m.Final(0, "last words", 0, 1), m.Finished(1.0)]
        return polite(session, command)

    host = ScriptedHost(last_words)
    async with serving(host) as at, connect(at.ws) as ws:
        await ws.recv()
        at.server.stop()
        assert [frame async for frame in ws_until_closed(ws)] == ["final 0 last words", "finished"]
        assert ws.close_code == 1012
        await at.stopped


@in_loop
async def test_shutdown_does_not_wait_for_ever():
    host = ScriptedHost(lambda session, command: [])
    async with serving(host, settings(drain_seconds=0.01)) as at, connect(at.ws) as ws:
        await host.first()
        at.server.stop()
        assert await close_code(ws) == 1012
        await at.stopped
    assert host.sessions[0].closed.is_set()


@in_loop
async def test_second_signal_ends_the_draining_at_once():
    host = ScriptedHost(lambda session, command: [])
    async with serving(host, settings(drain_seconds=30.0)) as at, connect(at.ws) as ws:
        session = await host.first()
        at.server.stop()
        await session.heard(m.Finish)
        at.server.stop()
        assert await close_code(ws) == 1012
        await at.stopped


@in_loop
async def test_one_log_line_at_the_start_and_one_at_the_end(caplog):
    caplog.set_level(logging.INFO, "saywire")
    host = ScriptedHost(talkative)
    async with serving(host) as at:
        async with connect(at.ws) as ws:
            await ws.send("configure")
            await ws.send(HALF)
            await ws.send("finish")
            await ws.wait_closed()
        await host.sessions[0].closed.wait()
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("saywire")]
    assert len(lines) == 2
    assert " start wire=/plain client=127.0.0.1" in lines[0]
    assert "model=scripted audio=0.5s finals=1 failures=0" in lines[1]
    assert lines[1].endswith("cause=closed 1000 done")
    assert "said" not in caplog.text


def test_thin_keeps_the_newest_partial_of_each_utterance_and_everything_else():
    def partial(utterance: int, text: str) -> m.Partial:
        return m.Partial(utterance, Hypothesis(text))

    final = m.Final(0, "ab", 0, 1)
    events = [partial(0, "a"), m.SpeechStarted(1, 0.0), partial(0, "ab"), final, partial(1, "c")]
    assert thin(events) == [events[1], events[2], final, events[4]]
