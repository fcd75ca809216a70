"""The client over a real socket: this server behind it, and servers that misbehave."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from client.real import GREETING, realtime_server, stranger
from saywire import messages as m
from saywire.client import dial, realtime, wire
from saywire.client.realtime import connect
from saywire.errors import BadRequest, EngineFailed, NotAllowed
from saywire.types import RATE, Options
from server.doubles import ScriptedHost, in_loop, talkative


@in_loop
async def test_a_session_from_greeting_to_end() -> None:
    host = ScriptedHost(talkative)
    async with realtime_server(host) as address, connect(address) as session:
        await session.send(m.Configure(Options(language="en")))
        await session.send(m.Audio(np.zeros(1600, np.float32)))
        await session.send(m.Finish())
        events = [event async for event in session]
    assert isinstance(events[0], m.Configured) and isinstance(events[-1], m.Finished)
    assert [e.text for e in events if isinstance(e, m.Final)] == ["said 0"]
    assert [type(c) for c in host.sessions[0].commands][-2:] == [m.Audio, m.Finish]


@in_loop
async def test_a_key_is_asked_for_and_given() -> None:
    async with realtime_server(ScriptedHost(), api_keys=("sk-right",)) as address:
        async with connect(address, "sk-right") as session:
            await session.send(m.Finish())
            assert [type(event) async for event in session] == [m.Finished]
        for key in ("sk-wrong", None):
            with pytest.raises((NotAllowed, BadRequest, EngineFailed)) as caught:
                async with connect(address, key):
                    pass
            assert "sk-" not in caught.value.message


@in_loop
async def test_no_server_no_websocket_and_no_address_are_told_apart() -> None:
    with pytest.raises(EngineFailed, match="cannot connect to"):
        async with connect("ws://127.0.0.1:9/v1/realtime"):
            pass
    with pytest.raises(BadRequest, match="is no websocket address"):
        async with connect("127.0.0.1:8000"):
            pass
    async with realtime_server(ScriptedHost()) as address:
        with pytest.raises(EngineFailed, match="cannot connect to"):
            async with connect(address.replace("/v1/realtime", "/health")):
                pass


@in_loop
async def test_a_connection_that_breaks_is_an_error_and_not_an_end() -> None:
    async with stranger(GREETING, code=1011, listens=True) as address, connect(address) as session:
        with pytest.raises(EngineFailed, match="because"):
            await anext(session)
        with pytest.raises(EngineFailed):
            await session.send(m.Commit())


@in_loop
async def test_a_refusal_instead_of_a_greeting_is_raised() -> None:
    refusal = '{"type": "error", "error": {"message": "not you", "code": "beta_api_shape_disabled"}}'
    async with stranger(refusal) as address:
        with pytest.raises(BadRequest, match="not you"):
            async with connect(address):
                pass
    async with stranger(code=3000) as address:
        with pytest.raises(NotAllowed):
            async with connect(address):
                pass


@in_loop
async def test_a_server_that_does_not_greet_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(realtime, "GREETING", 0.01)

    async def keep_silent(socket: ServerConnection) -> None:
        await socket.wait_closed()

    async with serve(keep_silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(EngineFailed, match="did not greet"):
            async with connect(f"ws://127.0.0.1:{port}/"):
                pass


# Connections that break.


POINT = {"session": "s", "audio_start": 0, "settled": 0, "last_seq": 0, "event_id": None, "context": ""}
Say = Callable[["Visit"], Awaitable[None]]


class Visit:
    """One connection, to a server that is the test's."""

    def __init__(self, socket: ServerConnection) -> None:
        self.socket = socket
        self.heard: list[dict[str, Any]] = []

    async def tell(self, kind: str, **fields: object) -> None:
        await self.socket.send(json.dumps({"type": kind} | fields))

    async def until(self, kind: str) -> None:
        """Greet, and answer updates, until something is heard."""
        if not self.heard:
            await self.tell("session.created")
        while not self.heard or self.heard[-1]["type"] != kind:
            self.heard.append(json.loads(await self.socket.recv()))
            if self.heard[-1]["type"] == "session.update":
                await self.tell("session.updated", session={"resume": POINT})

    def vanish(self) -> None:
        self.socket.transport.abort()

    @property
    def resumed(self) -> dict[str, object]:
        place: dict[str, object] = self.heard[0]["session"]["resume"]
        return place


@asynccontextmanager
async def visited(*scripts: Say) -> AsyncIterator[tuple[str, list[Visit]]]:
    """Each connection meets the next script; when there is none, it is refused with 503."""
    visits: list[Visit] = []

    async def meet(socket: ServerConnection) -> None:
        visits.append(Visit(socket))
        await scripts[len(visits) - 1](visits[-1])

    def let_in(socket: ServerConnection, request: Request) -> Response | None:
        if len(visits) < len(scripts):
            return None
        return socket.respond(HTTPStatus.SERVICE_UNAVAILABLE, "later\n")

    async with serve(meet, "127.0.0.1", 0, process_request=let_in) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/realtime", visits


KIND = "conversation.item.input_audio_transcription"


async def finish(visit: Visit) -> None:
    await visit.until("session.close")
    await visit.tell(f"{KIND}.completed", item_id="b", transcript="x", seq=1)
    await visit.tell("session.closed")


async def vanish(visit: Visit) -> None:
    """In mid-sentence."""
    await visit.until("input_audio_buffer.append")
    await visit.tell("input_audio_buffer.speech_started", item_id="a", audio_start_ms=0)
    await visit.socket.ping()
    visit.vanish()


def leave_with(code: int) -> Say:
    async def leave(visit: Visit) -> None:
        await visit.until("input_audio_buffer.append")
        await visit.socket.close(code, "because")

    return leave


async def talk(session: realtime.RealtimeSession) -> list[m.Event]:
    async def say() -> None:
        await session.send(m.Audio(np.full(1600, 0.5, np.float32)))
        await session.send(m.Finish())

    saying = asyncio.create_task(say())
    try:
        return [event async for event in session]
    finally:
        await asyncio.gather(saying, return_exceptions=True)


@pytest.mark.parametrize("end", [vanish, leave_with(1001), leave_with(1012), leave_with(1013)])
def test_a_session_goes_on_when_its_connection_breaks(end: Say) -> None:
    @in_loop
    async def test() -> None:
        async with visited(end, finish) as (address, visits), connect(address) as session:
            events = await talk(session)
        assert [type(event) for event in events if not isinstance(event, m.SpeechStarted)] == [
            m.Final,
            m.Finished,
        ]
        assert "context" not in visits[0].resumed and visits[1].resumed["audio_start"] == 0
        audio = [[e for e in visit.heard if e["type"].endswith("append")] for visit in visits]
        assert audio[0] == audio[1] and len(audio[1]) == 1

    test()


@pytest.mark.parametrize("code", ["overloaded", "shutting_down"])
def test_a_server_that_has_no_room_just_now_is_asked_again(code: str) -> None:
    async def turn_away(visit: Visit) -> None:
        await visit.tell("error", error={"message": "not now", "code": code})
        await visit.socket.close(1013)

    @in_loop
    async def test() -> None:
        told = leave_with(1012), turn_away, turn_away, finish
        async with visited(*told) as (address, visits), connect(address) as session:
            assert isinstance((await talk(session))[-1], m.Finished)
        assert len(visits) == 4

    test()


@pytest.mark.parametrize("code", [1000, 1008, 1011, 4000, 4009])
def test_who_is_sent_away_for_good_does_not_come_back(code: int) -> None:
    @in_loop
    async def test() -> None:
        async with visited(leave_with(code), finish) as (address, visits), connect(address) as session:
            with pytest.raises(EngineFailed, match="because"):
                await talk(session)
            with pytest.raises(EngineFailed, match="because"):
                await session.send(m.Commit())
            assert len(visits) == 1

    test()


@in_loop
async def test_the_next_address_is_tried_and_an_unreachable_one_passed_over() -> None:
    async with (
        visited(vanish) as (first, _),
        visited(vanish, finish) as (second, visits),
        connect([first, "ws://127.0.0.1:9/", second]) as session,
    ):
        assert isinstance((await talk(session))[-1], m.Finished)
        assert len(visits) == 2


@in_loop
async def test_a_server_that_is_never_there_again_is_given_up() -> None:
    async with visited(vanish) as (address, _), connect(address, patience=0.2) as session:
        with pytest.raises(EngineFailed, match=r"given up after 0\.2 s: .*503"):
            await talk(session)
        with pytest.raises(EngineFailed, match="given up"):
            await anext(session)


@in_loop
async def test_who_only_sends_mends_the_connection_too() -> None:
    async with visited(vanish, finish) as (address, visits), connect(address) as session:
        while len(visits) < 2:
            await session.send(m.Audio(np.zeros(160, np.float32)))
        await session.send(m.Finish())
        events = [event async for event in session]
    assert isinstance(events[-1], m.Finished)


@in_loop
async def test_a_server_that_refuses_to_go_on_is_told_to_the_program() -> None:
    async def refuse(visit: Visit) -> None:
        await visit.tell("session.created")
        update = json.loads(await visit.socket.recv())
        error = {"message": "no such model", "code": "model_not_found", "event_id": update["event_id"]}
        await visit.tell("error", error=error)
        await visit.socket.wait_closed()

    async with visited(vanish, refuse) as (address, _), connect(address) as session:
        with pytest.raises(EngineFailed, match="the session cannot go on: no such model"):
            await talk(session)


@in_loop
async def test_a_program_that_gives_up_waiting_leaves_a_session_that_others_can_mend() -> None:
    called = asyncio.Event()

    async def keep_silent(visit: Visit) -> None:
        called.set()
        await visit.socket.wait_closed()

    async with visited(vanish, keep_silent, finish) as (address, _), connect(address) as session:
        talking = asyncio.create_task(talk(session))
        await called.wait()
        talking.cancel()
        await asyncio.gather(talking, return_exceptions=True)
        assert isinstance([event async for event in session][-1], m.Finished)


@in_loop
async def test_much_is_said_again_while_the_answers_are_taken() -> None:
    """More than sockets hold, both ways: the server stops reading while its answers are not taken, so who
    says all again before taking any would wait for ever."""

    async def listen(visit: Visit) -> None:
        for _ in range(100):
            await visit.until("input_audio_buffer.append")
            visit.heard[-1]["type"] = "heard"
        visit.vanish()

    async def chatter(visit: Visit) -> None:
        await visit.until("input_audio_buffer.append")
        for _ in range(100):
            await visit.tell("rate_limits.updated", padding="x" * 400_000)
        await finish(visit)

    async with visited(listen, chatter) as (address, _), connect(address, rate=48_000) as session:
        for _ in range(100):
            await session.send(m.Audio(np.zeros(3 * RATE, np.float32)))
        sending = asyncio.create_task(session.send(m.Finish()))
        assert isinstance([event async for event in session][-1], m.Finished)
        await sending


@in_loop
async def test_who_sends_waits_for_a_server_that_has_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "AHEAD", 1)
    monkeypatch.setattr(wire.RealtimeWire, "ease", lambda self: None)
    most = 0

    async def settle(visit: Visit) -> None:
        nonlocal most
        heard = settled = 0
        while heard < 10 * RATE:
            await visit.until("input_audio_buffer.append")
            heard += len(b64decode(visit.heard[-1]["audio"])) // 2
            visit.heard[-1]["type"] = "heard"
            most = max(most, heard - settled)
            if heard - settled >= RATE:
                settled = heard
                point = POINT | {"audio_start": settled, "settled": settled}
                await visit.tell("session.updated", resume=point)
        await finish(visit)

    async with visited(settle) as (address, _), connect(address) as session:
        sending = asyncio.create_task(say_much(session))
        assert isinstance([event async for event in session][-1], m.Finished)
        await sending
    assert most == RATE


async def say_much(session: realtime.RealtimeSession) -> None:
    for _ in range(100):
        await session.send(m.Audio(np.zeros(1600, np.float32)))
    await session.send(m.Finish())


@in_loop
async def test_who_leaves_does_not_wait_for_a_server_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who sends meanwhile is told."""
    waiting = asyncio.Event()

    def pause(*_: object) -> float:
        waiting.set()
        return 3600.0

    monkeypatch.setattr(realtime, "pause", pause)
    async with visited(vanish) as (address, visits):
        async with connect(address) as session:
            sending = asyncio.create_task(send_for_ever(session))
            await waiting.wait()
        with pytest.raises(EngineFailed, match="was left"):
            await sending
        assert len(visits) == 1 and not session._mending.locked()


@in_loop
async def test_who_leaves_does_not_wait_for_a_server_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """It never reads the end of the connection."""
    monkeypatch.setattr(dial, "FAREWELL", 0.01)
    hangs, over = asyncio.Event(), asyncio.Event()

    async def hang(visit: Visit) -> None:
        await visit.until("session.update")
        visit.socket.transport.pause_reading()
        hangs.set()
        await over.wait()
        visit.vanish()

    async with visited(hang) as (address, _):
        async with connect(address) as session:
            await hangs.wait()
        assert session._socket.close_code == 1006
        over.set()


async def send_for_ever(session: realtime.RealtimeSession) -> None:
    while True:
        await session.send(m.Audio(np.zeros(160, np.float32)))
