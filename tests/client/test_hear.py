from __future__ import annotations

from collections.abc import Iterator
from contextlib import aclosing

import numpy as np
import pytest

from client.real import realtime_server, stranger
from saywire.client.connection import connect
from saywire.client.hear import hear
from saywire.errors import BadAudio, EngineFailed
from saywire.messages import Final, Finished
from saywire.types import Samples
from server.doubles import ScriptedHost, in_loop, polite, talkative


def blocks(count: int, error: BadAudio | None = None) -> Iterator[Samples]:
    for _ in range(count):
        yield np.zeros(1600, np.float32)
    if error:
        raise error


@in_loop
async def test_what_is_sent_is_heard_up_to_the_end() -> None:
    async with realtime_server(ScriptedHost(talkative)) as address:
        events = [event async for event in hear(connect(address), blocks(3))]
    assert [event.text for event in events if isinstance(event, Final)] == ["said 0", "said 1", "said 2"]
    assert isinstance(events[-1], Finished) and events[-1].seconds == pytest.approx(0.3)


@in_loop
async def test_a_device_that_is_gone_is_told_after_what_it_heard() -> None:
    said: list[str] = []
    async with realtime_server(ScriptedHost(talkative)) as address:
        with pytest.raises(BadAudio, match="unplugged"):
            async for event in hear(connect(address), blocks(2, BadAudio("unplugged"))):
                said += [event.text] if isinstance(event, Final) else []
    assert said == ["said 0", "said 1"]


@in_loop
async def test_a_server_that_goes_is_told() -> None:
    async with stranger('{"type": "session.created"}', code=1008) as address:
        with pytest.raises(EngineFailed):
            [event async for event in hear(connect(address), blocks(1))]


@in_loop
async def test_who_closes_it_gives_it_up() -> None:
    closed = []

    def endless() -> Iterator[Samples]:
        try:
            while True:
                yield np.zeros(1600, np.float32)
        finally:
            closed.append(True)

    async with realtime_server(ScriptedHost(talkative)) as address:
        async with aclosing(hear(connect(address), endless())) as events:
            async for _ in events:
                break
        assert closed == [True]
    async with realtime_server(ScriptedHost(polite)) as address:
        assert [type(event) async for event in hear(connect(address), blocks(0))] == [Finished]


@in_loop
async def test_our_own_mistake_in_a_source_is_raised_and_does_not_wait_for_ever() -> None:
    def broken() -> Iterator[Samples]:
        yield from blocks(1)
        raise ValueError("a bug")

    said: list[str] = []
    async with realtime_server(ScriptedHost(talkative)) as address:
        with pytest.raises(ValueError, match="a bug"):
            async for event in hear(connect(address), broken()):
                said += [event.text] if isinstance(event, Final) else []
    assert said == ["said 0"]
