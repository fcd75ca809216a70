from __future__ import annotations

import random

import msgspec
import pybase64
import pytest

from saywire.errors import BadRequest
from saywire.messages import Reentry, Settled
from saywire.protocols.openai.resume import (
    LONGEST_CONTEXT,
    LONGEST_ID,
    MOST_FINALS,
    MOST_SAMPLES,
    Start,
    make_point,
    read_wish,
)
from saywire.protocols.openai.session import ResumePoint, ResumeWish

PLACE = Reentry(45_600, 24_000, 1_600, 800)
SETTLED = Settled(32_000, 0, 0, "41.2,-3", "sphinx", PLACE)
POINT = make_point(ResumePoint("sess_1", last_seq=7, event_id="c9"), SETTLED, 1.75, "item_1")


def wish(**changes: object) -> ResumeWish:
    """What a client hands in that was told ``POINT``, but for some changes."""
    told = {"session": "sess_1", "audio_start": 45_600, "last_seq": 7, "context": POINT.context}
    return msgspec.convert(told | changes, ResumeWish)


def context(*fields: object) -> str:
    return pybase64.urlsafe_b64encode(msgspec.msgpack.encode(fields)).decode().rstrip("=")


def test_a_point_is_in_the_client_s_samples() -> None:
    assert (POINT.session, POINT.last_seq, POINT.event_id) == ("sess_1", 7, "c9")
    assert POINT.audio_start == 45_600 and POINT.settled == 48_000
    assert POINT.context and POINT.context.isascii() and len(POINT.context) < 200


def test_what_was_told_comes_back_whole() -> None:
    start = read_wish(wish(), 24_000)
    assert start.settled == SETTLED
    assert (start.turn, start.item) == (1.75, "item_1")
    assert start.point == ResumePoint("sess_1", 45_600, 48_000, 7, None, POINT.context)


def test_an_empty_wish_begins_at_the_beginning() -> None:
    assert read_wish(ResumeWish(), 24_000) == Start()


def test_without_a_context_it_goes_on_where_the_client_says() -> None:
    start = read_wish(wish(context="", audio_start=48_001), 24_000)
    assert start.settled == Settled(32_000, 0, 0, reentry=Reentry(48_001, 24_000))
    assert start.turn == 48_001 / 24_000 and start.item is None
    assert read_wish(ResumeWish(last_seq=3), 8_000).settled == Settled(0, 0, 0, reentry=Reentry(0, 8_000))


@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000, 44_100])
def test_the_largest_engine_context_fits(rate: int) -> None:
    settled = Settled(10**11, 0, 0, "x" * 4096, "m" * 100, Reentry(10**11, rate))
    point = make_point(ResumePoint(), settled, 1e6, "i" * 50)
    assert len(point.context) < LONGEST_CONTEXT
    assert read_wish(ResumeWish(audio_start=10**11, context=point.context), rate).settled == settled


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"audio_start": -1}, "audio_start", "integer_below_min_value"),
        ({"audio_start": MOST_SAMPLES + 1}, "audio_start", "integer_above_max_value"),
        ({"audio_start": 45_601}, "audio_start", "invalid_value"),
        ({"last_seq": -1}, "last_seq", "integer_below_min_value"),
        ({"last_seq": MOST_FINALS + 1}, "last_seq", "integer_above_max_value"),
        ({"session": "x" * (LONGEST_ID + 1)}, "session", "string_above_max_length"),
        ({"context": "x" * (LONGEST_CONTEXT + 1)}, "context", "string_above_max_length"),
        ({"context": POINT.context[:-4]}, "context", "invalid_value"),
        ({"context": "é" + POINT.context[1:]}, "context", "invalid_value"),
        ({"context": "\ud800"}, "context", "invalid_value"),
        ({"context": context()}, "context", "invalid_value"),
        ({"context": context(2, 32_000, 45_600, 24_000)}, "context", "invalid_value"),
        ({"context": context(1, -1, 45_600, 24_000)}, "context", "invalid_value"),
        ({"context": context(1, 32_000, -45_600, 24_000)}, "context", "invalid_value"),
        ({"context": context(1, 10**13, 45_600, 24_000)}, "context", "invalid_value"),
        ({"context": context(1, 32_000, 45_600, 0)}, "context", "invalid_value"),
        ({"context": context(1, 32_000, 45_600, 24_000, 10**9)}, "context", "invalid_value"),
        ({"context": context(1, 32_000, 45_600, 24_000, 0, 0, float("nan"))}, "context", "invalid_value"),
        ({"context": context(1, 32_000, 45_600, 24_000, 0, 0, float("inf"))}, "context", "invalid_value"),
        ({"context": context(1, 32_000, 45_600, 24_000, 0, 0, -1.0)}, "context", "invalid_value"),
        ({"context": context(1, 32_000, 45_600, 24_000, 0, 0, 1.0, "i" * 1000)}, "context", "invalid_value"),
        (
            {"context": context(1, 32_000, 45_600, 24_000, 0, 0, 1.0, None, "m", "x", "more")},
            "context",
            "invalid_value",
        ),
    ],
)
def test_what_no_server_told_is_refused(changes: dict[str, object], field: str, code: str) -> None:
    with pytest.raises(BadRequest) as refused:
        read_wish(wish(**changes), 24_000)
    assert (refused.value.param, refused.value.code) == (f"session.resume.{field}", code)
    assert len(refused.value.message) < 300


def test_a_context_goes_with_the_rate_it_was_told_at() -> None:
    with pytest.raises(BadRequest, match="goes on at sample 45600 of audio at 24000 Hz"):
        read_wish(wish(), 16_000)


def test_a_bent_context_is_refused_or_means_a_place_that_can_be() -> None:
    dice = random.Random(1)
    data = bytearray(pybase64.urlsafe_b64decode(POINT.context + "=" * (-len(POINT.context) % 4)))
    refused = 0
    for _ in range(3000):
        bent = bytearray(data)
        for _ in range(dice.randrange(1, 4)):
            bent[dice.randrange(len(bent))] = dice.randrange(256)
        handed_in = pybase64.urlsafe_b64encode(bent).decode().rstrip("=")
        try:
            settled = read_wish(wish(context=handed_in), 24_000).settled
        except BadRequest:
            refused += 1
            continue
        assert settled and 0 <= settled.position <= MOST_SAMPLES and settled.reentry.heard == 45_600
    assert refused > 500
