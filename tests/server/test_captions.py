from __future__ import annotations

import asyncio
from typing import Any

import httpx
import numpy as np
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from saywire import messages as m
from saywire.server import captions as module
from saywire.server import room as rooms
from saywire.server.captions import HOME, Stream, read_seen
from saywire.server.room import Line, Room, Seen
from saywire.types import Hypothesis
from server.doubles import ScriptedHost, Serving, in_loop, serving, settings, talkative
from server.viewers import KEY, see, share, watching

TENTH = np.zeros(1600, np.float32).tobytes()


def speak(at: Serving, query: str = "") -> connect:
    return connect(f"{at.ws}?share={KEY}{query}")


def client_of(at: Serving) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=at.http, timeout=None)


@in_loop
async def test_viewers_see_what_was_said_and_what_is_said():
    host = ScriptedHost(talkative)
    async with serving(host) as at, client_of(at) as client, speak(at) as ws:
        await ws.send(TENTH)
        token = await share(client, lines=[{"text": "before", "start": 0.5, "end": 1}, {"text": "the start"}])
        async with watching(client, token) as (viewer, events):
            await see(events, "before", "the start")
            assert viewer.speaking
            await ws.send(TENTH)
            await see(events, "before", "the start", "said 1")
            session = await host.first()
            session.say(m.SpeechStarted(9, 0.2), m.Partial(9, Hypothesis("not quite", 4)))
            await see(events, "before", "the start", "said 1", "not ...")
            last = viewer.lines[max(viewer.lines)]
            assert (last["start"], last["end"], last["unstable"], last["final"]) == (
                0.2,
                None,
                "quite",
                False,
            )
            async with watching(client, token) as (_, late):
                await see(late, *viewer.texts)
            session.say(m.Final(9, "not that", 0.3, 0.5))
            await see(events, "before", "the start", "said 1", "not that")


@pytest.mark.parametrize(
    ("more", "chosen"),
    [
        ({"additional_headers": {"saywire-share": KEY}}, None),
        ({"subprotocols": [f"saywire-share.{KEY}"]}, f"saywire-share.{KEY}"),
    ],
)
@in_loop
async def test_a_speakers_key_need_not_stand_in_an_address(more, chosen):
    async with serving(ScriptedHost(talkative)) as at, client_of(at) as client:
        token = await share(client)
        async with connect(at.ws, **more) as ws, watching(client, token) as (viewer, events):
            assert ws.subprotocol == chosen
            await ws.send(TENTH)
            await see(events, "said 0")
            assert (await client.delete(HOME, headers={"saywire-share": KEY})).status_code == 204
            async for _ in events:
                pass
            assert viewer.over


@in_loop
async def test_who_comes_again_is_told_only_what_is_new():
    async with serving(ScriptedHost(talkative)) as at, client_of(at) as client, speak(at) as ws:
        token = await share(client, lines=[{"text": "before"}])
        async with watching(client, token) as (viewer, events):
            await see(events, "before")
        await ws.send(TENTH)
        async with watching(client, token, viewer.last) as (_, events):
            await see(events, "said 0")
        async with watching(client, token, "another.7") as (_, events):
            await see(events, "before", "said 0")


@in_loop
async def test_who_missed_what_is_no_longer_kept_is_told_so(monkeypatch):
    monkeypatch.setattr(rooms, "KEPT", 2)
    async with serving(ScriptedHost(talkative)) as at, client_of(at) as client, speak(at) as ws:
        token = await share(client)
        await ws.send(TENTH)
        async with watching(client, token) as (viewer, events):
            await see(events, "said 0")
        async with watching(client, token) as (present, events):
            for number in range(1, 4):
                await ws.send(TENTH)
                await see(events, *(f"said {nth}" for nth in range(number + 1)))
            assert not viewer.missing and not present.missing
        async with watching(client, token) as (late, events):
            await see(events, "said 2", "said 3")
            assert late.missing
        async with watching(client, token, viewer.last) as (again, events):
            await see(events, "said 2", "said 3")
            assert again.missing
        async with watching(client, token, again.last) as (again, events):
            await see(events)
            assert not again.missing


@pytest.mark.parametrize(
    "more", [{"lines": [{"text": "a"}] * 3}, {"lines": [{"text": "a"}] * 2, "missing": True}]
)
@in_loop
async def test_what_was_said_before_a_share_may_have_been_more(more, monkeypatch):
    monkeypatch.setattr(rooms, "KEPT", 2)
    async with serving(ScriptedHost()) as at, client_of(at) as client:
        token = await share(client, **more)
        async with watching(client, token) as (viewer, events):
            await see(events, "a", "a")
            assert viewer.missing


@in_loop
async def test_a_viewer_needs_its_token_only_and_can_do_nothing_with_it():
    locked = settings(api_keys=("sk",))
    async with serving(ScriptedHost(), locked) as at, client_of(at) as client:
        assert (await client.post(HOME, json={"share": KEY})).status_code == 401
        client.headers["authorization"] = "Bearer sk"
        token = await share(client)
        client.headers["authorization"] = f"Bearer {token}"
        async with watching(client, token) as (_, events):
            await see(events)
        for method, path in (("POST", HOME), ("DELETE", f"{HOME}?share={KEY}"), ("GET", "/v1/models")):
            assert (await client.request(method, path)).status_code == 401
        for method in ("POST", "PUT", "DELETE"):
            assert (await client.request(method, f"{HOME}/{token}", content=TENTH)).status_code == 405
        with pytest.raises(InvalidStatus):
            await connect(f"{at.http.replace('http', 'ws')}{HOME}/{token}")


@in_loop
async def test_a_share_that_is_closed_is_over_for_its_viewers():
    async with serving(ScriptedHost()) as at, client_of(at) as client:
        token = await share(client)
        async with watching(client, token) as (viewer, events):
            await see(events)
            assert (await client.delete(HOME, params={"share": KEY})).status_code == 204
            async for _ in events:
                pass
            assert viewer.over
        gone = await client.get(f"{HOME}/{token}")
        assert (gone.status_code, gone.json()["error"]["code"]) == (404, "not_found")


@in_loop
async def test_it_ends_with_the_session_when_nobody_goes_on():
    config = settings(share_grace_seconds=0.0)
    async with serving(ScriptedHost(), config) as at, client_of(at) as client, speak(at) as ws:
        await ws.recv()
        token = await share(client)
        async with watching(client, token) as (viewer, events):
            await see(events)
            await ws.close()
            async for _ in events:
                pass
            assert not viewer.over
            assert (await client.get(f"{HOME}/{token}")).status_code == 404
            assert await share(client, token=token) == token


@in_loop
async def test_at_the_end_of_the_server_viewers_see_the_last_and_are_to_come_again():
    host = ScriptedHost(lambda session, command: [])
    async with serving(host) as at, client_of(at) as client, speak(at):
        token = await share(client)
        async with watching(client, token) as (viewer, events):
            await see(events)
            session = await host.first()
            at.server.stop()
            await session.heard(m.Finish)
            session.say(m.Final(0, "the last", 0.0, 1.0), m.Finished(1.0))
            async for _ in events:
                pass
            assert (viewer.texts, viewer.over) == (["the last"], False)
        await at.stopped


@in_loop
async def test_limits_are_told():
    config = settings(max_shares=1, max_viewers=1)
    async with serving(ScriptedHost(), config) as at, client_of(at) as client:
        token = await share(client)
        full = await client.post(HOME, json={"share": "another_" * 4})
        assert (full.status_code, full.json()["error"]["code"]) == (503, "overloaded")
        async with watching(client, token) as (_, events):
            await see(events)
            metrics = (await client.get("/metrics")).text
            assert "saywire_shares_open 1.0" in metrics and "saywire_viewers 1.0" in metrics
            crowded = await client.get(f"{HOME}/{token}")
            assert crowded.status_code == 503
            assert "all 1 places for viewers" in crowded.json()["error"]["message"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"share": 3}',
        b'{"share": "short"}',
        b'{"share": "%s", "token": "x"}' % KEY.encode(),
        b'{"share": "%s", "lines": [{"text": "a", "start": -1}]}' % KEY.encode(),
        b'{"share": "%s", "lines": [{"text": "%s"}]}' % (KEY.encode(), b"a" * 10_001),
    ],
)
@in_loop
async def test_what_opens_no_share(body):
    async with serving(ScriptedHost()) as at, client_of(at) as client:
        answer = await client.post(HOME, content=body)
        assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")
        assert (await client.delete(HOME)).status_code == 400


@in_loop
async def test_a_session_with_a_bad_key_is_refused_in_the_words_of_its_wire():
    async with serving(ScriptedHost()) as at, connect(f"{at.ws}?share=short") as ws:
        assert str(await ws.recv()).startswith("hello")
        assert str(await ws.recv()).startswith("error invalid_request: share is the speaker's secret")


class Socket:
    """The two ends of an ASGI response, whose reader may stop."""

    def __init__(self) -> None:
        self.reads = asyncio.Event()
        self.bodies: list[bytes] = []
        self.read = asyncio.Event()
        self.left = asyncio.Event()

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.body":
            await self.reads.wait()
            self.bodies.append(message["body"])
            self.read.set()

    async def body(self) -> bytes:
        """The next."""
        await self.read.wait()
        self.read.clear()
        return self.bodies[-1]

    async def receive(self) -> dict[str, Any]:
        await self.left.wait()
        return {"type": "http.disconnect"}


@in_loop
async def test_for_a_viewer_that_stalls_nothing_is_kept_and_it_gets_what_is_true_then():
    room = Room(2)
    slow, quick = Socket(), Socket()
    quick.reads.set()
    running = [asyncio.create_task(Stream(room, Seen())({}, one.receive, one.send)) for one in (slow, quick)]
    line = room.new_id()
    for number in range(500):
        room.put(Line(line, 0.0, text=f"word {number}"))
        assert f'word {number}"' in (await quick.body()).decode()
    assert not slow.bodies
    slow.reads.set()
    room.close(over=True)
    await asyncio.gather(*running)
    assert len(slow.bodies) == 2 and len(quick.bodies) > 500
    assert b"word 499" in slow.bodies[-1] and slow.bodies[-1].endswith(b"event: over\ndata:\n\n")
    assert room.viewers == 0


@in_loop
async def test_a_viewer_that_leaves_leaves_nothing():
    room, socket = Room(1), Socket()
    running = asyncio.create_task(Stream(room, Seen())({}, socket.receive, socket.send))
    await asyncio.sleep(0)
    assert room.viewers == 1
    socket.left.set()
    await running
    assert room.viewers == 0 and len(asyncio.all_tasks()) == 1


@in_loop
async def test_a_viewer_is_told_even_that_nothing_is_new(monkeypatch):
    monkeypatch.setattr(module, "BEAT", 0.0)
    room, socket = Room(1), Socket()
    socket.reads.set()
    running = asyncio.create_task(Stream(room, Seen())({}, socket.receive, socket.send))
    for _ in range(3):
        assert b'"lines":[]' in await socket.body()
    room.close(over=False)
    await running


def test_where_a_viewer_was():
    texts = ("ab.12", "ab", "", "ab.x", "é.1", "ab.-1")
    assert [read_seen(text) for text in texts] == [
        Seen("ab", 12),
        Seen(),
        Seen(),
        Seen(),
        Seen("é", 1),
        Seen("ab", -1),
    ]
