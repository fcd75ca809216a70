from __future__ import annotations

import asyncio
import os
import signal
import sys

import pytest

from saywire.cli.interrupts import interruptible

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a signal ends the process there")


async def wait(times: int, number: signal.Signals, said: list[str]) -> None:
    called = asyncio.Event()

    def first() -> None:
        said.append("first")
        called.set()

    with interruptible(first):
        for _ in range(times):
            os.kill(os.getpid(), number)
        await called.wait()
        if times > 1:
            await asyncio.Event().wait()
        said.append("ended well")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_for_an_end(number):
    said: list[str] = []
    before = signal.getsignal(number)
    asyncio.run(wait(1, number, said))
    assert said == ["first", "ended well"]
    assert signal.getsignal(number) is before


def test_the_second_one_ends_it():
    said: list[str] = []
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(wait(2, signal.SIGTERM, said))
    assert said == ["first"]
