from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

import numpy as np
import pytest
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from saywire import messages as m
from saywire.errors import EngineFailed, Overloaded, SaywireError, UnknownModel
from saywire.protocols.base import Surroundings
from saywire.protocols.solo import Solo
from saywire.server.claims import Claim
from saywire.server.connection import ROOM, Connection, House
from saywire.server.limits import Admission
from saywire.server.line import WebsocketLine
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


def make_connection(
    socket: WebSocket,
    host: ScriptedHost,
    wire: type[PlainWire] = PlainWire,
    now: Callable[[], float] = time.monotonic,
) -> Connection:
    solo = Solo(wire(Surroundings(str, now)), Options(), now)
    return Connection(
        WebsocketLine(socket),
        solo,
        House(host, Admission(1), now, 1.0),
        lambda: SessionLog("1", "/plain", "?"),
    )


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
        session.end_with(m.Failed(None, SaywireError("worker lost for good")))
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
    running = asyncio.create_task(make_connection(socket, host).run())
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
    await make_connection(socket, host).run()
    assert isinstance(host.sessions[0].commands[-1], m.Finish)
    assert not caplog.records


@in_loop
async def test_client_that_left_before_it_was_accepted(caplog):
    async def send(message):
        raise OSError("gone")

    socket = WebSocket(SCOPE, make_socket([])[0]._receive, send)
    await make_connection(socket, ScriptedHost()).run()
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

    connection = make_connection(WebSocket(SCOPE, receive, send), ScriptedHost())
    running = asyncio.create_task(connection.run())
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
async def test_a_session_that_is_claimed_again_leaves_its_first_connection():
    host = ScriptedHost(talkative)
    async with serving(host) as at, connect(at.ws) as first, connect(at.ws) as second:
        await first.send("claim A")
        await first.send("echo claimed")
        while await first.recv() != "echo claimed":
            pass
        await second.send("claim A")
        assert await close_code(first) == 4009 and first.close_reason == "replaced"
        await host.sessions[0].closed.wait()
        assert not any(isinstance(command, m.Finish) for command in host.sessions[0].commands)
        await second.send(HALF)
        assert [await second.recv() for _ in range(3)][-1] == "final 0 said 0"
        await second.close()


@in_loop
async def test_what_is_claimed_again_is_free_at_once_though_nobody_hears_of_it(caplog):
    """A client that is gone without a word: its socket takes nothing more, not even the close."""
    caplog.set_level(logging.INFO, "saywire.server")
    frames: asyncio.Queue = asyncio.Queue()
    frames.put_nowait({"type": "websocket.connect"})
    frames.put_nowait({"type": "websocket.receive", "text": "claim A"})
    frames.put_nowait({"type": "websocket.receive", "bytes": HALF})

    async def send(message):
        if message["type"] != "websocket.accept":
            await asyncio.Event().wait()

    host = ScriptedHost()
    connection = make_connection(WebSocket(SCOPE, frames.get, send), host)
    running = asyncio.create_task(connection.run())
    session = await host.first()
    await session.heard(m.Audio)
    Claim(connection._house.claims).take("A")
    await session.closed.wait()
    assert connection._house.admission.sessions == 0
    assert "cause=replaced" in caplog.text
    running.cancel()
    await asyncio.wait([running])


@in_loop
async def test_shutdown_lets_a_client_that_can_go_on_elsewhere_go_at_once():
    host = ScriptedHost(lambda session, command: [])
    async with serving(host) as at, connect(at.ws) as ws:
        await ws.send("claim A")
        await ws.send("echo claimed")
        while await ws.recv() != "echo claimed":
            pass
        at.server.stop()
        assert await close_code(ws) == 1012
        await at.stopped
    assert host.sessions[0].commands == []


@in_loop
async def test_shutdown_does_not_wait_for_ever():
    host = ScriptedHost(lambda session, command: [])
    async with serving(host, settings(drain_seconds=0.01)) as at, connect(at.ws) as ws:
        await host.first()
        at.server.stop()
        while await ws.recv() != "failed shutting_down":
            pass
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
    assert lines[1].endswith("cause=finished")
    assert "said" not in caplog.text


@in_loop
async def test_deadline_wakes_the_wire():
    async with serving(ScriptedHost()) as at, connect(at.ws) as ws:
        await ws.send("alarm 3000")
        await ws.send("alarm 0")  # sooner than before
        assert [await ws.recv(), await ws.recv()] == ["hello /plain -", "alarm"]
        await ws.send("alarm 0.001")
        assert await ws.recv() == "alarm"


@in_loop
async def test_deadline_that_has_moved_on_is_not_there_yet():
    read = asyncio.Event()

    class Counting(PlainWire):
        calls = 0

        def frames_to_send(self):
            self.calls += 1
            if self.calls == 4:  # after connect, two frames, and the writer's start
                read.set()
            return super().frames_to_send()

    sent = []
    socket, frames = make_socket(sent)
    connection = make_connection(socket, ScriptedHost(), Counting, lambda: 0.0)
    for message in ("alarm 0.001", "alarm 50"):
        frames.put_nowait({"type": "websocket.receive", "text": message})
    running = asyncio.create_task(connection.run())
    await read.wait()
    rung = asyncio.Event()
    asyncio.get_running_loop().call_later(0.002, rung.set)  # behind the alarm that was set by the first
    await rung.wait()
    frames.put_nowait({"type": "websocket.disconnect"})
    await running
    assert sent == ["hello /plain -"]


@in_loop
async def test_deadlines_that_are_due_at_once_may_be_set_again(caplog):
    sent = []
    socket, frames = make_socket(sent)
    connection = make_connection(socket, ScriptedHost(), PlainWire, lambda: 0.0)
    for message in ("alarm 0.0001", "alarm 0.0002", "echo on it goes"):
        frames.put_nowait({"type": "websocket.receive", "text": message})
    frames.put_nowait({"type": "websocket.disconnect"})
    await connection.run()
    assert "broke" not in caplog.text


@in_loop
async def test_lingering_leaves_the_socket_open_for_the_client_to_close():
    host = ScriptedHost()
    async with serving(host) as at:
        async with connect(at.ws + "?linger=600") as ws:
            await ws.send("finish")
            assert [await ws.recv(), await ws.recv()] == ["hello /plain -", "finished"]
            await host.sessions[0].closed.wait()  # its place is free
            await ws.send(HALF)
            await ws.send("echo still here")
            assert await ws.recv() == "echo still here"
        assert ws.close_code == 1000
        async with connect(at.ws + "?linger=0.001") as ws:
            await ws.send("finish")
            assert await close_code(ws) == 1000


@in_loop
async def test_shutdown_does_not_linger():
    host = ScriptedHost()
    async with serving(host) as at, connect(at.ws + "?linger=600") as ws:
        await ws.recv()
        at.server.stop()
        assert await close_code(ws) == 1012


@in_loop
async def test_several_sessions_at_once_and_one_after_another():
    host = ScriptedHost(talkative)
    async with serving(host) as at, connect(at.switch) as ws:
        for frame in ("begin a", "begin b", "audio b", "finish b", "begin b", "audio b", "audio a"):
            await ws.send(frame)
            if frame == "finish b":
                assert [await ws.recv(), await ws.recv()] == ["b final said 0", "b finished"]
        assert sorted([await ws.recv(), await ws.recv()]) == ["a final said 0", "b final said 0"]
        await ws.send("drop a")
        await host.sessions[0].closed.wait()
        await ws.send("finish b")
        assert await ws.recv() == "b finished"
        assert [len(session.commands) for session in host.sessions] == [1, 2, 2]


@in_loop
async def test_an_event_can_lead_to_orders():
    host = ScriptedHost()
    async with serving(host) as at, connect(at.switch) as ws:
        await ws.send("begin nexta")
        await ws.send("finish nexta")
        assert await ws.recv() == "nexta finished"
        await ws.send("finish a")
        assert await ws.recv() == "a finished"


@in_loop
async def test_a_wire_may_drop_a_session_for_what_it_says():
    host = ScriptedHost()
    async with serving(host) as at, connect(at.switch) as ws:
        await ws.send("begin a")
        session = await host.first()
        session.say(m.Failed(0, EngineFailed("no")))
        assert await ws.recv() == "a failed engine_failed"
        await session.closed.wait()


@in_loop
async def test_a_session_that_is_refused_leaves_the_others_alone():
    async with serving(ScriptedHost(talkative), settings(max_sessions=1)) as at, connect(at.switch) as ws:
        for frame in ("begin a", "begin b", "audio b", "audio a", "finish a"):
            await ws.send(frame)
        frames = [await ws.recv() for _ in range(3)]
        assert frames == ["b error all 1 sessions are taken; try again later", "a final said 0", "a finished"]


@in_loop
async def test_a_session_that_falls_behind_ends_alone():
    host = ScriptedHost()
    async with serving(host) as at, connect(at.switch) as ws:
        await ws.send("begin a")
        session = await host.first()
        session.refuse = Overloaded("too far behind")
        await ws.send("audio a")
        assert await ws.recv() == "a error too far behind"
        await session.closed.wait()
        await ws.send("begin a")
        await ws.send("finish a")
        assert await ws.recv() == "a finished"


@in_loop
async def test_no_room_for_what_a_wire_begins_with_refuses_the_connection():
    host = ScriptedHost()
    async with serving(host, settings(max_sessions=1)) as at:
        with pytest.raises(InvalidStatus) as raised:
            await connect(at.switch + "?begin=a+b")
        assert raised.value.response.body == b"/switch: overloaded"
        await host.sessions[0].closed.wait()
        async with connect(at.switch + "?begin=a") as ws:
            await ws.send("finish a")
            assert await ws.recv() == "a finished"


@in_loop
async def test_a_connection_without_sessions_stays_until_the_wire_closes_it():
    async with serving(ScriptedHost()) as at, connect(at.switch) as ws:
        await ws.send("nonsense")
        assert await ws.recv() == "None error no command 'nonsense'"
        await ws.send("wait 0.001")
        assert await close_code(ws) == 4408


@in_loop
async def test_an_error_that_a_multiplex_has_no_close_for_still_ends_it():
    async with serving(ScriptedHost()) as at, connect(at.switch) as ws:
        await ws.send("die")
        assert await ws.recv() == "None error as asked"
        assert await close_code(ws) == 1011


@in_loop
async def test_all_sessions_of_a_client_that_leaves_are_finished():
    host = ScriptedHost(talkative)
    async with serving(host) as at:
        async with connect(at.switch) as ws:
            for frame in ("begin a", "begin b", "audio a"):
                await ws.send(frame)
            await ws.recv()
        for session in host.sessions:
            await session.closed.wait()
            assert isinstance(session.commands[-1], m.Finish)


@in_loop
async def test_shutdown_finishes_all_sessions_of_a_connection():
    host = ScriptedHost()
    async with serving(host) as at, connect(at.switch) as ws, connect(at.switch) as idle:
        for frame in ("begin a", "begin b", "nonsense"):
            await ws.send(frame)
        await ws.recv()
        at.server.stop()
        assert sorted([await ws.recv(), await ws.recv()]) == ["a finished", "b finished"]
        assert await close_code(ws) == 1012
        assert await close_code(idle) == 1012
