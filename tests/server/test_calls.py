"""Calls from a real peer, over loopback, into a server whose sessions are scripted."""

from __future__ import annotations

import gc
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import numpy as np
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from saywire import messages as m
from saywire.config import WebRtcConfig
from saywire.protocols import PROTOCOLS
from saywire.server import call, calls, peer
from server.caller import Caller, calling
from server.doubles import ScriptedHost, Serving, in_loop, polite, serving, settings

SESSION = {"type": "transcription", "audio": {"input": {"transcription": {"language": "en"}}}}


@asynccontextmanager
async def house(host: ScriptedHost, **server) -> AsyncIterator[tuple[Serving, httpx.AsyncClient]]:
    config = replace(settings(**server), webrtc=WebRtcConfig(addresses=("127.0.0.1",)))
    async with (
        serving(host, config, PROTOCOLS) as at,
        httpx.AsyncClient(base_url=at.http) as http,
    ):
        yield at, http


def last_words(session, command):
    """A final only when it must come."""
    if isinstance(command, m.Finish):
        said = m.Final(0, "last words", 0.0, 0.1, language="en")
        return [m.SpeechStopped(0, 0.1, m.Cause.FINISH), said, m.Finished(session.seconds)]
    return polite(session, command)


async def form(caller: Caller, session: object = None) -> dict:
    """What openai-python posts."""
    parts = {"sdp": (None, (await caller.offer()).encode(), "application/sdp")}
    if session is not None:
        parts["session"] = (None, json.dumps(session).encode(), "application/json")
    return {"files": parts}


async def refusal(http: httpx.AsyncClient, **request) -> tuple[int, str, str | None]:
    answer = await http.post("/v1/realtime/calls", **request)
    error = answer.json()["error"]
    assert error["message"]
    return answer.status_code, error["code"], error["param"]


@in_loop
async def test_a_call_is_answered_and_heard():
    host = ScriptedHost()
    async with house(host) as (_, http), calling() as caller:
        told = await caller.dial(http)
        assert told.status_code == 201 and told.headers["content-type"] == "application/sdp"
        assert told.headers["location"].startswith("/v1/realtime/calls/rtc_")
        assert (await caller.event("session.created"))["session"]["type"] == "transcription"
        session = await host.first()
        await session.heard(m.Audio, 5)
        heard = [c for c in session.commands if isinstance(c, m.Audio)]
        assert {(each.rate, len(each.samples)) for each in heard} == {(48_000, 960)}
        caller.say(type="session.update", session=SESSION)
        shown = await caller.event("session.updated")
        assert shown["session"]["audio"]["input"]["transcription"]["language"] == "en"
        caller.say(type="nonsense")
        assert (await caller.event("error"))["error"]["code"] == "invalid_value"


@in_loop
async def test_the_audio_of_the_track_can_be_committed():
    host = ScriptedHost()
    async with house(host) as (_, http), calling() as caller:
        await caller.dial(http)
        session = await host.first()
        await session.heard(m.Audio, 6)
        caller.say(type="input_audio_buffer.commit")
        await session.heard(m.Commit)


@in_loop
async def test_settings_may_come_with_the_offer():
    host = ScriptedHost()
    async with house(host) as (_, http), calling() as caller:
        assert (await caller.dial(http, **await form(caller, SESSION))).status_code == 201
        await (await host.first()).heard(m.Configure)
        assert host.sessions[0].commands[0].options.language == "en"


@in_loop
async def test_the_older_address_takes_the_model_in_its_query():
    host = ScriptedHost()
    async with house(host) as (_, http), calling() as caller:
        assert (await caller.dial(http, "/v1/realtime?model=scripted")).status_code == 201
        await (await host.first()).heard(m.Configure)
        assert host.sessions[0].commands[0].options.model == "scripted"


@in_loop
async def test_an_offer_in_json_is_answered_in_json():
    host = ScriptedHost()
    async with house(host) as (_, http), calling() as caller:
        body = {"offer": await caller.offer(), "model": "scripted"}
        told = (await http.post("/rtc/offer", json=body)).json()
        assert told["type"] == "answer" and told["call_id"].startswith("rtc_")
        await caller.take(told["sdp"])
        await caller.event("session.created")
        assert host.sessions[0].commands[0].options.model == "scripted"


@in_loop
async def test_what_cannot_be_a_call_is_refused_over_http():
    host = ScriptedHost()
    async with house(host) as (_, http), calling() as caller:
        sdp = {"content-type": "application/sdp"}
        assert await refusal(http, **await form(caller, {"type": "realtime"})) == (
            *(400, "invalid_parameter", "session.type"),
        )
        assert await refusal(http, **await form(caller, [])) == (400, "invalid_type", "session")
        assert await refusal(http, content="v=0\r\n", headers=sdp) == (400, "invalid_offer", "sdp")
        assert await refusal(http, content="hello", headers=sdp) == (400, "invalid_offer", "sdp")
        assert await refusal(http, headers=sdp) == (400, "missing_required_parameter", "sdp")
        offer = await caller.offer()
        for broken in (
            offer.replace("sendrecv", "recvonly"),
            offer.replace("opus", "x").replace("PCM", "y").replace("G722", "z"),
            offer.replace("a=rtcp-mux\r\n", ""),
            offer.replace("a=ice-ufrag", "a=x"),
            offer[: offer.index("m=audio")],
        ):
            assert await refusal(http, content=broken, headers=sdp) == (400, "invalid_offer", "sdp")
        assert host.sessions == []


@in_loop
async def test_a_full_house_says_so_over_http():
    async with (
        house(ScriptedHost(), max_sessions=1) as (_, http),
        calling() as first,
        calling() as second,
    ):
        assert (await first.dial(http)).status_code == 201
        refused = await second.dial(http)
        assert refused.status_code == 503 and refused.json()["error"]["code"] == "overloaded"


@in_loop
async def test_without_the_extra_the_routes_name_it(monkeypatch):
    monkeypatch.setattr(calls, "is_installed", lambda: False)
    async with house(ScriptedHost()) as (_, http):
        answer = await http.post("/v1/realtime/calls", content="v=0")
        assert answer.status_code == 501
        assert answer.json()["error"]["code"] == "not_installed"
        assert "saywire[webrtc]" in answer.json()["error"]["message"]


@in_loop
async def test_hanging_up_says_what_there_is_to_say_and_ends_the_call():
    host = ScriptedHost(last_words)
    async with house(host) as (_, http), calling() as caller:
        await caller.dial(http)
        session = await host.first()
        await session.heard(m.Audio)
        assert (await http.post(f"/v1/realtime/calls/{caller.call}/hangup")).status_code == 200
        completed = await caller.event("conversation.item.input_audio_transcription.completed")
        assert completed["transcript"] == "last words"
        await caller.event("session.closed")
        await caller.closed.wait()
        await session.closed.wait()
        assert sum(isinstance(c, m.Finish) for c in session.commands) == 1
        other = await http.post("/v1/realtime/calls/rtc_other/hangup")
        assert other.status_code == 404 and other.json()["error"]["code"] == "not_found"


@in_loop
async def test_a_call_that_never_connected_can_be_hung_up():
    host = ScriptedHost()
    async with house(host) as (_, http), calling() as caller:
        answer = await http.post("/rtc/offer", json={"sdp": await caller.offer()})
        assert (await http.post(f"/v1/realtime/calls/{answer.json()['call_id']}/hangup")).status_code == 200
        await (await host.first()).closed.wait()


@in_loop
async def test_nor_does_it_hold_its_place_for_ever(monkeypatch):
    monkeypatch.setattr(peer, "CONNECT_WITHIN", 0.01)
    host = ScriptedHost()
    async with house(host) as (_, http), calling() as caller:
        await http.post("/rtc/offer", json={"sdp": await caller.offer()})
        await (await host.first()).closed.wait()


@in_loop
async def test_the_session_ends_with_its_peer():
    host = ScriptedHost()
    async with house(host) as (_, http), calling() as caller:
        await caller.dial(http)
        await caller.event("session.created")
        await caller.connection.close()
        session = await host.first()
        await session.closed.wait()
        assert isinstance(session.commands[-1], m.Finish)


@in_loop
async def test_a_server_that_stops_lets_calls_say_their_last():
    host = ScriptedHost(last_words)
    async with house(host) as (at, http), calling() as caller:
        await caller.dial(http)
        session = await host.first()
        await session.heard(m.Audio)
        at.server.stop()
        await caller.event("conversation.item.input_audio_transcription.completed")
        await caller.closed.wait()
        await at.stopped
        assert session.closed.is_set()


@in_loop
async def test_a_server_that_stops_does_not_wait_for_calls_that_do_not_end():
    host = ScriptedHost(lambda session, command: [])
    async with house(host, drain_seconds=0.0) as (at, http), calling() as caller:
        await caller.dial(http)
        at.server.stop()
        await at.stopped
        assert host.sessions[0].closed.is_set()


@in_loop
async def test_an_event_longer_than_the_peer_takes_ends_the_call_not_the_server():
    host = ScriptedHost()
    async with house(host) as (_, http), calling() as caller:
        await caller.dial(http)
        await caller.event("session.created")
        session = await host.first()
        session.say(m.SpeechStopped(0, 0.1, m.Cause.SILENCE), m.Final(0, "x" * 300_000, 0.0, 0.1))
        await session.closed.wait()


@asynccontextmanager
async def joined(at: Serving, caller: Caller) -> AsyncIterator[object]:
    address = f"ws://127.0.0.1:{at.port}/v1/realtime?call_id={caller.call}"
    async with connect(address, subprotocols=["realtime"]) as ws:
        yield ws


@in_loop
async def test_a_websocket_that_joins_hears_and_says_the_same():
    host = ScriptedHost()
    async with house(host) as (at, http), calling() as caller:
        await caller.dial(http)
        await caller.event("session.created")
        async with joined(at, caller) as ws:
            assert json.loads(await ws.recv())["type"] == "session.created"
            await ws.send(json.dumps({"type": "session.update", "session": SESSION}))
            await caller.event("session.updated")
            assert json.loads(await ws.recv())["type"] == "session.updated"
        caller.say(type="input_audio_buffer.clear")  # the call goes on without it
        await (await host.first()).heard(m.Clear)
        async with joined(at, caller) as ws:
            await http.post(f"/v1/realtime/calls/{caller.call}/hangup")
            with pytest.raises(ConnectionClosed):
                while True:
                    await ws.recv()
            assert ws.close_code == 1000
        assert len(host.sessions) == 1


@in_loop
async def test_who_joined_hears_the_last_words_of_a_peer_that_left():
    host = ScriptedHost(last_words)
    async with house(host) as (at, http), calling() as caller:
        await caller.dial(http)
        await caller.event("session.created")
        async with joined(at, caller) as ws:
            await (await host.first()).heard(m.Audio)
            await caller.connection.close()
            told = [json.loads(frame) async for frame in ws]
        assert told[-1]["transcript"] == "last words" and ws.close_code == 1000


@in_loop
async def test_a_call_without_a_channel_is_led_by_who_joins():
    host = ScriptedHost()
    async with house(host) as (at, http), calling(channel=False) as caller:
        assert (await caller.dial(http)).status_code == 201
        async with joined(at, caller) as ws:
            assert json.loads(await ws.recv())["type"] == "session.created"
            await (await host.first()).heard(m.Audio, 3)
            await ws.send(json.dumps({"type": "input_audio_buffer.clear"}))
            await host.sessions[0].heard(m.Clear)


@in_loop
async def test_not_everybody_may_join(monkeypatch):
    monkeypatch.setattr(call, "MOST_SIDES", 1)
    async with house(ScriptedHost()) as (at, http), calling() as caller:
        await caller.dial(http)
        async with joined(at, caller), joined(at, caller) as second:
            await second.wait_closed()
            assert second.close_code == 1013
        unknown = f"ws://127.0.0.1:{at.port}/v1/realtime?call_id=rtc_other"
        async with connect(unknown) as ws:
            assert "There is no call 'rtc_other'" in await ws.recv()
            await ws.wait_closed()
            assert ws.close_code == 4000


@in_loop
async def test_a_key_is_needed_and_a_client_secret_will_do():
    host = ScriptedHost()
    async with house(host, api_keys=("sesame",)) as (_, http), calling() as caller:
        assert (await http.post("/v1/realtime/calls")).status_code == 401
        bearer = {"authorization": "Bearer sesame"}
        made = await http.post("/v1/realtime/client_secrets", json={"session": SESSION}, headers=bearer)
        secret = {"authorization": f"Bearer {made.json()['value']}", "content-type": "application/sdp"}
        assert (await caller.dial(http, content=await caller.offer(), headers=secret)).status_code == 201
        await (await host.first()).heard(m.Configure)
        assert host.sessions[0].commands[0].options.language == "en"


@in_loop
async def test_a_hole_in_the_track_is_silence():
    """A client that sends nothing for a while, as in silence: time goes on all the same."""
    host = ScriptedHost()
    samples = np.full(48_000, 0.1, np.float32)
    async with house(host) as (_, http), calling(samples) as caller:
        await caller.dial(http)
        session = await host.first()
        await session.heard(m.Audio, 3)
        caller.microphone.skip(10)
        await session.heard(m.Audio, 30)
        lengths = {len(c.samples) for c in session.commands if isinstance(c, m.Audio)}
        assert lengths == {960, 9_600}


@in_loop
async def test_an_offer_without_candidates_connects():
    """As OpenAI's own examples post it: the offer as it was made, before the browser knows its addresses."""
    async with house(ScriptedHost()) as (_, http), calling() as caller:
        offer = await caller.offer()
        bare = "".join(
            line
            for line in offer.splitlines(keepends=True)
            if not line.startswith(("a=candidate", "a=end-of"))
        )
        assert "127.0.0.1" in offer and "typ host" not in bare
        told = await caller.dial(http, content=bare, headers={"content-type": "application/sdp"})
        assert told.status_code == 201
        await caller.event("session.created")


@in_loop
async def test_the_sdk_calls_hangs_up_and_makes_secrets():
    openai = pytest.importorskip("openai")
    host = ScriptedHost()
    async with (
        house(host, api_keys=("sesame",)) as (at, _),
        openai.AsyncOpenAI(api_key="sesame", base_url=f"{at.http}/v1", max_retries=0) as sdk,
        calling() as caller,
        calling() as page,
    ):
        made = await sdk.realtime.calls.create(sdp=await caller.offer(), session=SESSION)
        await caller.take(made.text)
        await caller.event("session.created")
        id = made.response.headers["location"].rpartition("/")[2]
        async with sdk.realtime.connect(call_id=id) as side:
            assert (await side.recv()).type == "session.created"
            await sdk.realtime.calls.hangup(id)
        await caller.closed.wait()
        secret = await sdk.realtime.client_secrets.create(session=SESSION)
        made = await sdk.with_options(api_key=secret.value).realtime.calls.create(sdp=await page.offer())
        await page.take(made.text)
        await page.event("session.created")
        with pytest.raises(openai.BadRequestError) as refused:
            await sdk.realtime.calls.create(sdp="v=0")
        assert refused.value.code == "invalid_offer"


@in_loop
async def test_an_offer_that_is_none_leaves_nothing_behind(caplog):
    async with house(ScriptedHost()) as (_, http):
        for _ in range(3):
            await refusal(http, content="v=0", headers={"content-type": "application/sdp"})
        gc.collect()
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
