from __future__ import annotations

import asyncio

import pytest

from saywire.errors import Overloaded, SaywireError
from saywire.protocols.base import Close, Handshake
from saywire.server import call as module
from saywire.server.call import TOO_SLOW, Call
from saywire.server.ice import Reach
from saywire.server.line import Gone
from server.doubles import in_loop


def make() -> Call:
    return Call("rtc_1", Handshake("/v1/realtime/calls"), Reach())


@in_loop
async def test_it_waits_until_it_is_decided():
    call = make()
    waiting = asyncio.create_task(call.accepted())
    await call.accept(None)
    await waiting
    denied = make()
    assert await denied.deny(Overloaded("full"), None)
    with pytest.raises(Overloaded):
        await denied.accepted()
    broken = make()
    await broken.close(Close())
    with pytest.raises(SaywireError, match="log"):
        await broken.accepted()


@in_loop
async def test_what_came_before_the_end_is_read_before_it():
    call = make()
    await call.say("a")
    call.hang_up()  # it was never connected
    call.hang_up()
    assert await call.receive() == "a"
    for _ in range(2):
        with pytest.raises(Gone, match="hung up"):
            await call.receive()
    await call.accept(None)


@in_loop
async def test_the_end_wakes_who_waits():
    call = make()
    waiting = asyncio.create_task(call.receive())
    await asyncio.sleep(0)
    call.hang_up()
    with pytest.raises(Gone):
        await waiting
    await call.accept(None)


@in_loop
async def test_a_client_that_says_more_than_is_read_has_left(monkeypatch):
    monkeypatch.setattr(module, "LONGEST_QUEUE", 2)
    call = make()
    for _ in range(3):
        call._peer._came("a")  # as the peer does
    assert [await call.receive(), await call.receive()] == ["a", "a"]
    with pytest.raises(Gone, match="not read"):
        await call.receive()
    await call.accept(None)


@in_loop
async def test_who_joins_hears_what_is_sent_then_the_end():
    call = make()
    await call.accept(None)
    with call.join() as side:
        await call.send("a")
        await call.close(Close(1000, "over"))
        assert [side.get_nowait(), side.get_nowait()] == ["a", Close(1000, "over")]


@in_loop
async def test_who_does_not_read_is_left_behind(monkeypatch):
    monkeypatch.setattr(module, "MOST_UNREAD", 2)
    call = make()
    await call.accept(None)
    with call.join() as slow, call.join() as fast:
        for text in "abc":
            await call.send(text)
            assert fast.get_nowait() == text
        assert slow.get_nowait() == TOO_SLOW
