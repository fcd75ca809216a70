from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue

import numpy as np
import pytest

from client.real import realtime_server
from saywire import messages as m
from saywire.client.connection import connect
from saywire.errors import BadAudio, EngineFailed
from server.doubles import ScriptedHost, talkative

TENTH = np.zeros(1600, np.float32)


@contextmanager
def served() -> Iterator[str]:
    """A server in a thread of its own, for a program that has no loop."""
    told: SimpleQueue[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]] = SimpleQueue()

    async def serve() -> None:
        enough = asyncio.Event()
        async with realtime_server(ScriptedHost(talkative)) as address:
            told.put((address, asyncio.get_running_loop(), enough))
            await enough.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    address, loop, enough = told.get()
    try:
        yield address
    finally:
        loop.call_soon_threadsafe(enough.set)
        thread.join()


def test_a_session_without_asyncio() -> None:
    with served() as address, connect(address) as session:
        session.send(TENTH)
        session.send(TENTH.astype(np.int16).tobytes())
        session.finish()
        events = list(session)
        assert session.connections == 1
    assert [event.text for event in events if isinstance(event, m.Final)] == ["said 0", "said 1"]
    assert isinstance(events[-1], m.Finished)


def test_one_thread_sends_while_another_takes() -> None:
    with served() as address, connect(address) as session:
        finals: list[str] = []

        def take() -> None:
            finals.extend(event.text for event in session if isinstance(event, m.Final))

        taking = threading.Thread(target=take)
        taking.start()
        for _ in range(5):
            session.send(TENTH)
        session.commit()
        session.clear()
        session.finish()
        taking.join()
    assert finals == [f"said {n}" for n in range(5)]


def test_errors_come_to_the_thread_that_asked() -> None:
    with served() as address, connect(address) as session, pytest.raises(BadAudio):
        session.send(np.zeros((2, 2), np.float32))
    with pytest.raises(EngineFailed, match="cannot connect"), connect("http://127.0.0.1:9"):
        pass


def test_who_has_left_is_told_as_with_asyncio() -> None:
    with served() as address:
        with connect(address) as session:
            pass
        with pytest.raises(EngineFailed, match="was left"):
            session.send(TENTH)
        assert list(session) == []
