"""Audio at the pace of a microphone, and what is written down of the answers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from client.real import GREETING, realtime_server, stranger
from saywire import messages as m
from saywire.client import replay as module
from saywire.client.measure import Heard
from saywire.client.realtime import connect
from saywire.client.replay import CHUNK, replay
from saywire.errors import EngineFailed
from saywire.types import RATE
from server.doubles import ScriptedHost, ScriptedSession, in_loop, polite, talkative

SAMPLES = np.linspace(-0.5, 0.5, 5 * CHUNK + 100, dtype=np.float32)


@in_loop
async def test_all_audio_is_played_in_order_with_commits_at_their_places() -> None:
    host = ScriptedHost()
    stop = 3 * CHUNK / RATE
    async with realtime_server(host) as address, connect(address) as session:
        played = await replay(session, SAMPLES, (stop,))
    commands = [c for c in host.sessions[0].commands if not isinstance(c, m.Configure)]
    kinds = [type(c) for c in commands]
    assert kinds == [m.Audio] * 3 + [m.Commit] + [m.Audio] * 3 + [m.Finish]
    heard = np.concatenate([c.samples for c in commands if isinstance(c, m.Audio)])
    assert np.allclose(heard, SAMPLES, atol=1 / 32768)
    assert len(played.stops) == 1
    assert isinstance(played.heard[-1].event, m.Finished)


@in_loop
async def test_nothing_is_sent_before_it_could_have_been_recorded() -> None:
    async with realtime_server(ScriptedHost(talkative)) as address, connect(address) as session:
        watched: list[Heard] = []
        played = await replay(session, SAMPLES, (0.1,), watched.append)
    assert tuple(watched) == played.heard
    finals = [x for x in played.heard if isinstance(x.event, m.Final)]
    assert len(finals) == 6
    early = 0.002  # the loop's timers are as exact as its clock's milliseconds
    assert all(x.at >= (i + 1) * CHUNK / RATE - early for i, x in enumerate(finals[:5]))
    assert finals[5].at >= len(SAMPLES) / RATE - early
    assert played.stops[0] >= 0.1 - early


@in_loop
async def test_a_session_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.05)

    def never_finishes(session: ScriptedSession, command: m.Command) -> Sequence[m.Event]:
        return () if isinstance(command, m.Finish) else polite(session, command)

    host = ScriptedHost(never_finishes)
    async with realtime_server(host) as address, connect(address) as session:
        with pytest.raises(EngineFailed, match="did not end"):
            await replay(session, SAMPLES[:CHUNK])
        host.sessions[0].end_with(m.Finished(0.0))


@in_loop
async def test_a_connection_that_breaks_ends_the_playing_too() -> None:
    async with stranger(GREETING, code=1011, listens=True) as address, connect(address) as session:
        with pytest.raises(EngineFailed, match="because"):
            await replay(session, np.zeros(60 * RATE, np.float32))
