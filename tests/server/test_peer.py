"""One peer, answered without a server around it."""

from __future__ import annotations

import asyncio

import pytest

from saywire.errors import BadRequest, Overloaded
from saywire.messages import Audio
from saywire.server import peer
from saywire.server.ice import Reach
from saywire.server.line import Gone
from saywire.server.peer import Peer, is_installed
from server.caller import Caller, calling
from server.doubles import in_loop

HERE = Reach(addresses=("127.0.0.1",))


class Heard:
    def __init__(self, reach: Reach = HERE) -> None:
        self.came: asyncio.Queue = asyncio.Queue()
        self.left: asyncio.Queue[str] = asyncio.Queue()
        self.peer = Peer(reach, self.came.put_nowait, self.left.put_nowait)

    async def next(self, kind: type) -> object:
        while not isinstance(came := await self.came.get(), kind):
            pass
        return came


@in_loop
async def test_audio_and_text_come_and_text_goes():
    assert is_installed()
    heard = Heard()
    async with calling() as caller:
        assert not heard.peer.connected
        await caller.take(await heard.peer.answer(await caller.offer()))
        await caller.opened.wait()
        caller.say(type="hello")
        assert await heard.next(str) == '{"type": "hello"}'
        assert (await heard.next(Audio)).rate == 48_000
        assert heard.peer.connected
        await heard.peer.send('{"type":"back"}')
        await caller.event("back")
        await heard.peer.send('{"type":"last"}')
        await heard.peer.close()
        await caller.event("last")
        await caller.closed.wait()
        assert await heard.left.get() == "client left"  # its end of the channel
        with pytest.raises(Gone):
            await heard.peer.send("late")
        await heard.peer.close()
        assert heard.left.empty()


@in_loop
async def test_who_closes_the_channel_has_left():
    heard = Heard()
    async with calling() as caller:
        await caller.take(await heard.peer.answer(await caller.offer()))
        await caller.opened.wait()
        caller.say(type="hello")
        await heard.next(str)
        caller.channel.close()
        assert await heard.left.get() == "client left"
        await heard.peer.close()


@in_loop
async def test_video_and_a_second_microphone_are_declined():
    heard = Heard()
    caller = Caller()
    caller.connection.addTransceiver("audio", "sendonly")
    caller.connection.addTransceiver("video", "sendonly")
    await caller.connection.setLocalDescription(await caller.connection.createOffer())
    answer = await heard.peer.answer(caller.connection.localDescription.sdp)
    directions = [line for line in answer.splitlines() if line in ("a=recvonly", "a=inactive")]
    assert directions == ["a=recvonly", "a=inactive", "a=inactive"]
    await heard.peer.close()
    await caller.connection.close()


@in_loop
async def test_peers_that_do_not_bundle_are_answered_too():
    heard = Heard()
    async with calling() as caller:
        offer = await caller.offer()
        plain = "\r\n".join(line for line in offer.split("\r\n") if "BUNDLE" not in line)
        answer = await heard.peer.answer(plain)
        assert len({line for line in answer.splitlines() if "typ host" in line}) == 2
        await heard.peer.close()


@in_loop
async def test_a_peer_is_told_the_address_that_leads_here():
    heard = Heard(Reach(addresses=("127.0.0.1",), announced="203.0.113.5"))
    async with calling() as caller:
        answer = await heard.peer.answer(await caller.offer())
        assert "203.0.113.5" in answer and "127.0.0.1 " not in "".join(
            line for line in answer.splitlines(keepends=True) if line.startswith("a=candidate")
        )
        await heard.peer.close()


@in_loop
async def test_without_a_free_port_there_is_no_call():
    async with calling() as caller:
        offer = await caller.offer()
        taken = caller.connection.sctp.transport.transport._connection.local_candidates[0].port
        heard = Heard(Reach(addresses=("127.0.0.1",), ports=range(taken, taken + 1)))
        with pytest.raises(Overloaded):
            await heard.peer.answer(offer)
        await heard.peer.close()


@in_loop
async def test_no_offer_breaks_it():
    """Lines lost, doubled and mutilated: an answer, or BadRequest."""
    async with calling() as caller:
        lines = (await caller.offer()).split("\r\n")
        for place in range(len(lines)):
            for broken in ([], [lines[place]] * 2, [lines[place][:7]], ["a=" + "9" * 300], ["m=audio"]):
                heard = Heard()
                try:
                    await heard.peer.answer("\r\n".join([*lines[:place], *broken, *lines[place + 1 :]]))
                except BadRequest as e:
                    assert e.code == "invalid_offer"
                await heard.peer.close()


@in_loop
async def test_who_reads_slowly_is_waited_for_and_gets_everything(monkeypatch):
    monkeypatch.setattr(peer, "MOST_UNSENT", 1_000)
    heard = Heard()
    async with calling() as caller:
        await caller.take(await heard.peer.answer(await caller.offer()))
        await caller.opened.wait()
        for number in range(100):
            await heard.peer.send(f'{{"type":"n","n":{number},"more":"{"x" * 900}"}}')
            assert heard.peer._channel.bufferedAmount < 3_000
        assert [(await caller.event("n"))["n"] for _ in range(100)] == list(range(100))
        await heard.peer.close()


@in_loop
async def test_who_waits_for_a_channel_is_told_that_there_will_be_none():
    heard = Heard()
    async with calling() as caller:
        await heard.peer.answer(await caller.offer())
        waiting = asyncio.create_task(heard.peer.send("never"))
        await asyncio.sleep(0)
        await heard.peer.close()
        with pytest.raises(Gone):
            await waiting
