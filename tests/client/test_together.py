from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import numpy as np
import pytest

from audio.media import tone
from saywire.client.capture.blocks import Blocks
from saywire.client.together import Together, hear_all
from saywire.errors import BadAudio, SaywireError
from saywire.messages import Event, Final
from saywire.types import RATE


def captured(began: float) -> Blocks:
    blocks = Blocks(RATE)
    for _ in range(2):
        blocks.put(tone(0.1))
    blocks.stop()
    blocks.began = began
    return blocks


def joined(blocks):
    return np.concatenate([np.zeros(0, np.float32), *blocks])


def test_a_capture_that_began_later_is_moved_to_where_it_belongs():
    together = Together()
    first, second, earlier = (together.align(captured(began)) for began in (10.0, 11.5, 9.95))
    assert len(joined(first)) == 3200
    later = joined(second)
    assert len(later) == 24_000 + 3200 and not later[:24_000].any() and later[24_001:].any()
    assert len(joined(earlier)) == 3200


def test_nothing_captured_is_nothing():
    blocks = Blocks(RATE)
    blocks.stop()
    assert list(Together().align(blocks)) == []


def test_closing_gives_the_device_back():
    released = []
    blocks = Blocks(RATE)
    blocks.when_stopped(lambda: released.append(True))
    blocks.put(tone(0.1))
    aligned = Together().align(blocks)
    next(aligned)
    aligned.close()
    assert released == [True]


async def voice(*texts: str, error: SaywireError | None = None) -> AsyncGenerator[Event]:
    for number, text in enumerate(texts):
        await asyncio.sleep(0)
        yield Final(number, text, 0.0, 1.0)
    if error:
        raise error


async def heard(**voices: AsyncGenerator[Event]) -> list[tuple[str, str]]:
    async with aclosing(hear_all(voices)) as events:
        return [
            (name, event.text if isinstance(event, Final) else str(event)) async for name, event in events
        ]


def test_voices_keep_their_own_order():
    said = asyncio.run(heard(me=voice("a", "b", "c"), them=voice("1", "2")))
    assert [text for name, text in said if name == "me"] == ["a", "b", "c"]
    assert [text for name, text in said if name == "them"] == ["1", "2"]


def test_one_that_fails_leaves_the_others_alone():
    said = asyncio.run(heard(me=voice("a", error=BadAudio("gone")), them=voice("1", "2", "3")))
    assert [text for name, text in said if name == "me"] == ["a", "gone"]
    assert [text for name, text in said if name == "them"] == ["1", "2", "3"]


def test_what_is_our_own_mistake_is_raised():
    async def broken() -> AsyncGenerator[Event]:
        raise ValueError("a bug")
        yield

    with pytest.raises(ValueError, match="a bug"):
        asyncio.run(heard(me=broken(), them=voice("1")))


def test_closing_ends_all_of_them():
    ended = []

    async def endless(name: str) -> AsyncGenerator[Event]:
        try:
            yield Final(0, "a", 0.0, 1.0)
            await asyncio.Event().wait()
        finally:
            ended.append(name)

    async def take_one() -> None:
        async with aclosing(hear_all({"me": endless("me"), "them": endless("them")})) as events:
            async for _ in events:
                break

    asyncio.run(take_one())
    assert sorted(ended) == ["me", "them"]
