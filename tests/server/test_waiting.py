from __future__ import annotations

import asyncio

import pytest
from starlette.requests import ClientDisconnect

from saywire.errors import Overloaded
from saywire.server.waiting import in_time, unless_gone, until_gone, until_one_ends
from server.doubles import in_loop


@in_loop
async def test_the_first_to_end_ends_the_others():
    ended = []

    async def never():
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("never")

    async def soon():
        await asyncio.sleep(0)

    await until_one_ends(never(), soon())
    assert ended == ["never"]


@in_loop
async def test_what_one_of_them_raises_comes_out():
    async def breaks():
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError, match="gone"):
        await until_one_ends(asyncio.Event().wait(), breaks())


@in_loop
async def test_whoever_is_cancelled_leaves_none_of_them():
    inside, left = asyncio.Event(), []

    async def never():
        inside.set()
        try:
            await asyncio.Event().wait()
        finally:
            left.append(True)

    waiting = asyncio.create_task(until_one_ends(never(), asyncio.Event().wait()))
    await inside.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert left == [True]


@in_loop
async def test_what_a_client_still_sends_is_no_going_away():
    said = [{"type": "http.request"}, {"type": "http.request"}, {"type": "http.disconnect"}]

    async def receive():
        return said.pop(0)

    await until_gone(receive)
    assert said == []


@in_loop
async def test_unless_gone_gives_the_work_up():
    class Leaving:
        async def receive(self):
            return {"type": "http.disconnect"}

    stopped = asyncio.Event()

    async def work():
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    with pytest.raises(ClientDisconnect):
        await unless_gone(Leaving(), work())
    assert stopped.is_set()


@in_loop
async def test_what_takes_too_long_is_given_up():
    async def slow():
        yield 1
        await asyncio.Event().wait()

    items = in_time(slow(), 0.01)
    assert await anext(items) == 1
    with pytest.raises(Overloaded, match=r"took longer than 0\.01 s"):
        await anext(items)
