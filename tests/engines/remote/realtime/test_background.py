"""The thread of an engine's connections."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future

from saywire.engines.remote.realtime.background import Background

LONGEST = 60.0


def test_calls_are_made_there_in_their_order() -> None:
    background = Background("some name")
    done: Future[list[str]] = Future()
    said: list[str] = []
    for word in ("one", "two", "three"):
        background.call(said.append, word)
    background.call(lambda: done.set_result([*said, threading.current_thread().name]))
    assert done.result(LONGEST) == ["one", "two", "three", "some name"]
    background.close()


def test_what_goes_on_is_cancelled_at_the_end_and_nothing_follows() -> None:
    background = Background("some name")
    started: Future[None] = Future()
    ended: Future[bool] = Future()

    async def work() -> None:
        started.set_result(None)
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.set_result(True)

    tasks: list[asyncio.Task[None]] = []
    background.call(lambda: tasks.append(asyncio.create_task(work())))
    started.result(LONGEST)
    background.close()
    assert ended.result(0)
    background.close()
    background.call(tasks.clear)
    assert tasks
