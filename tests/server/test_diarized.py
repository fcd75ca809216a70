"""Speakers that are channels, whole and as a stream."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator

import pytest

from saywire import messages as m
from saywire.errors import EngineFailed, Unsupported
from saywire.server.answers import Heard
from saywire.server.diarized import MOST, Diarized
from saywire.server.forms import Ask, Format
from saywire.types import RATE, Options
from server.doubles import in_loop

CALL: tuple[Heard, ...] = (
    (0, m.Final(0, "hello ", 0.1, 1.0)),
    (1, m.Final(0, "hi there", 1.2, 2.0)),
    (1, m.Settled(4 * RATE, 0, 1)),
    (0, m.Final(1, "how are you?", 2.5, 3.0)),
    (0, m.Final(2, " ", 3.5, 3.6)),
    (0, m.Finished(4.25)),
    (1, m.Finished(4.25)),
)


def ask(*speakers: str) -> Ask:
    return Ask(io.BytesIO(), Options(), Format.DIARIZED_JSON, frozenset(), False, frozenset(), speakers)


async def hear(*heard: Heard, error: Exception | None = None) -> AsyncIterator[Heard]:
    for one in heard:
        yield one
    if error:
        raise error


@in_loop
async def test_whole() -> None:
    answer = await Diarized(ask(), 2).whole(hear(*CALL))
    assert json.loads(bytes(answer.body)) == {
        "task": "transcribe",
        "duration": 4.25,
        "text": "hello hi there how are you?",
        "segments": [
            {
                "type": "transcript.text.segment",
                "id": f"seg_{n}",
                "start": a,
                "end": b,
                "text": t,
                "speaker": s,
            }
            for n, (a, b, t, s) in enumerate(
                [(0.1, 1.0, "hello", "A"), (1.2, 2.0, "hi there", "B"), (2.5, 3.0, "how are you?", "A")]
            )
        ],
        "usage": {"type": "duration", "seconds": 5},
    }


@in_loop
async def test_names_go_to_channels_in_their_order() -> None:
    answer = json.loads(bytes((await Diarized(ask("agent"), 2).whole(hear(*CALL))).body))
    assert [segment["speaker"] for segment in answer["segments"]] == ["agent", "B", "agent"]


@in_loop
async def test_stream() -> None:
    lines = [json.loads(line[6:]) async for line in Diarized(ask(), 2).stream(hear(*CALL))]
    assert [line["type"].rpartition(".")[2] for line in lines] == ["delta", "segment"] * 3 + ["done"]
    deltas = [line for line in lines if line["type"].endswith("delta")]
    assert [line["segment_id"] for line in deltas] == ["seg_0", "seg_1", "seg_2"]
    assert "".join(line["delta"] for line in deltas) == lines[-1]["text"] == "hello hi there how are you?"
    assert lines[-1]["usage"]["seconds"] == 5


@in_loop
async def test_failures_come_through() -> None:
    with pytest.raises(EngineFailed):
        await Diarized(ask(), 2).whole(hear(CALL[0], error=EngineFailed("out of luck")))


@pytest.mark.parametrize(
    ("channels", "why"), [(1, "has one channel, or the same voices in all"), (MOST + 1, "takes up to 8")]
)
def test_channels_that_are_no_speakers_are_refused(channels: int, why: str) -> None:
    with pytest.raises(Unsupported, match=why) as refused:
        Diarized(ask(), channels)
    assert refused.value.param == "response_format"
