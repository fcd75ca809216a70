"""Law 3, when workers die: with real speech, real engines and a real pool, nobody can tell afterwards."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence

import pytest

from laws.speech import CASES, Case
from runtime.talk import Talk
from saywire import messages as m
from saywire.config import Config, EngineConfig
from saywire.runtime.pool import Pool
from saywire.types import RATE, Samples

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="kill -9 is a word of Unix")

POINTS = 4
"""Where a worker is killed: evenly over the audio, once when all was decoded and once while it decodes."""
CHUNK = RATE // 10


def make_talk(pool: Pool, case: Case) -> Talk:
    return Talk(pool, case.options)


def give(talk: Talk, audio: Samples) -> None:
    talk.give(*(audio[at : at + CHUNK] for at in range(0, len(audio), CHUNK)))


def kill(pool: Pool) -> None:
    for pid in pool.processes:
        os.kill(pid, signal.SIGKILL)


async def interrupt(pool: Pool, case: Case, point: int, decoded: bool) -> list[m.Event]:
    """All that is said of the audio when the workers die at a sample of it."""
    talk = make_talk(pool, case)
    give(talk, case.audio[:point])
    if decoded:
        talk.give(m.Mark(point))
        await talk.until_kind(m.Marked)
    kill(pool)
    give(talk, case.audio[point:])
    return await talk.finish()


def outcome(events: Sequence[m.Event]) -> list[m.Event]:
    kept = m.SpeechStarted | m.SpeechStopped | m.Final | m.Failed | m.Cleared | m.Finished
    return [event for event in events if isinstance(event, kept)]


def in_order(events: Sequence[m.Event]) -> list[list[m.Event]]:
    """Hearing and decoding each keep their order; which of the two is ahead depends on the machine."""
    heard = m.SpeechStarted | m.SpeechStopped
    return [
        [event for event in outcome(events) if isinstance(event, heard)],
        [event for event in outcome(events) if not isinstance(event, heard)],
    ]


def partials_agree(events: Sequence[m.Event]) -> bool:
    """Stable text only grows, and the final begins with it (law 4), whoever says it."""
    stable: dict[int, str] = {}
    for event in events:
        if isinstance(event, m.Partial):
            text = event.hypothesis.text[: event.hypothesis.stable]
        elif isinstance(event, m.Final):
            text = event.text
        else:
            continue
        if not text.startswith(stable.get(event.utterance, "")):
            return False
        stable[event.utterance] = text
    return True


async def compare(case: Case, points: int) -> None:
    model = "sphinx" if case.name.startswith("sphinx") else "tiny"
    async with Pool(Config(engine=EngineConfig(model=model, workers=1))) as pool:
        unbroken = make_talk(pool, case)
        give(unbroken, case.audio)
        whole = in_order(await unbroken.finish())
        assert [event.text for event in whole[1] if isinstance(event, m.Final)] == list(case.texts)
        for i in range(points):
            point = len(case.audio) * (2 * i + 1) // (2 * points)
            for decoded in (True, False):
                events = await interrupt(pool, case, point, decoded)
                assert in_order(events) == whole, (point, decoded)
                assert partials_agree(events), (point, decoded)
        assert pool.sessions == 0


@pytest.mark.parametrize("case", [c for c in CASES if c.name != "tiny-hotwords"], ids=lambda case: case.name)
def test_a_killed_worker_changes_nothing(case: Case) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(300):
            await compare(case, POINTS)

    asyncio.run(bounded())
