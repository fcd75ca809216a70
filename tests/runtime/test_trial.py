"""Engines tried by running them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from engines.remote.peer import answer, open_peer
from runtime.talk import BROKEN, DEADLY, FAKE, SINGLE
from saywire.config import Config, RemoteConfig
from saywire.engines import Entry
from saywire.engines.configured import make_remote_entry
from saywire.runtime.trial import Trial, try_engine
from server.doubles import in_loop


def clock() -> Iterator[float]:
    return map(float, count(0, 2))


@pytest.mark.parametrize("entry", [FAKE, SINGLE, DEADLY], ids=lambda entry: entry.name)
def test_what_runs_is_timed(entry: Entry) -> None:
    @in_loop
    async def test() -> None:
        times = clock()
        assert await try_engine(entry, Config(), lambda: next(times)) == Trial(entry, 2.0)

    test()


@in_loop
async def test_what_cannot_run_says_why_and_nothing_is_raised() -> None:
    trial = await try_engine(BROKEN, Config())
    assert trial.seconds is None
    assert "pip install nothing" in trial.problem


@pytest.mark.parametrize(("status", "problem"), [("200 OK", ""), ("404 Not Found", "no model x")])
def test_a_remote_is_really_asked(status: str, problem: str) -> None:
    @in_loop
    async def test() -> None:
        body = b'{"text":""}' if not problem else b'{"error":{"message":"no model x"}}'
        with open_peer(answer(body, status=status)) as peer:
            trial = await try_engine(make_remote_entry(RemoteConfig("cloud", peer.url, "x")), Config())
        assert (trial.seconds is None, problem in trial.problem) == (bool(problem), True)
        assert len(peer.asked) == 1

    test()
