from __future__ import annotations

import json
from itertools import count
from typing import Any

import pytest
from msgspec import UNSET

from saywire import messages as m
from saywire.errors import BadRequest, EngineFailed
from saywire.protocols.openai import events as wire
from saywire.protocols.openai.options import Settings, opening_settings
from saywire.protocols.openai.outbox import Outbox
from saywire.protocols.openai.progress import Progress
from saywire.protocols.openai.resume import Start, read_wish
from saywire.protocols.openai.session import AudioInput, Format, ResumePoint, ResumeWish, SessionPatch
from saywire.types import Options

OPENING = opening_settings(None)
EIGHT = Settings(AudioInput(format=Format("audio/pcmu")))


def place(position: int, commands: int = 0) -> m.Settled:
    return m.Settled(position, commands, 0, "", "fake", m.Reentry(position, 16_000))


class Watched:
    """A session at 16 kHz whose client wants to know, and what it is told."""

    def __init__(self, start: Start | None = None) -> None:
        ids = count()
        self.outbox = Outbox(lambda kind: f"{kind}_{next(ids)}")
        self.progress = Progress(self.outbox)
        self.progress.rate = 16_000
        self.progress.wanted = True
        self.progress.begin(start or Start(), "sess_mine")

    def final(self, number: int, start: float = 0.0, end: float = 1.0) -> None:
        self.progress.follow(m.SpeechStopped(number, end, m.Cause.SILENCE))
        self.outbox.emit(wire.Completed("e", f"item_{number}", 0, "x", wire.Usage(1.0)))
        assert self.progress.follow(m.Final(number, "x", start, end)) is None

    def failed(self, number: int) -> None:
        error = EngineFailed("no")
        self.outbox.emit(wire.Failed("e", f"item_{number}", 0, wire.ErrorBody("x", "x", "x", None)))
        assert self.progress.follow(m.Failed(number, error)) is None

    def settle(self, position: int, commands: int = 0) -> ResumePoint | None:
        return self.progress.follow(place(position, commands))

    def said(self) -> list[dict[str, Any]]:
        return [json.loads(frame) for frame in self.outbox.take() if isinstance(frame, str)]


def test_a_transcript_goes_out_with_its_number_its_place_and_the_point() -> None:
    watched = Watched()
    watched.final(0, 0.25, 0.5)
    assert watched.said() == []
    assert watched.settle(9_600) is None
    (told,) = watched.said()
    assert (told["seq"], told["start_sample"], told["end_sample"]) == (1, 4_000, 8_000)
    assert told["resume"]["audio_start"] == 9_600 and told["resume"]["last_seq"] == 1
    assert told["resume"]["session"] == "sess_mine"


def test_transcripts_and_failures_are_numbered_together() -> None:
    watched = Watched(read_wish(ResumeWish(session="sess_x", audio_start=5, last_seq=41), 16_000))
    watched.final(0)
    watched.settle(100)
    watched.failed(1)
    watched.settle(200)
    assert [(told["seq"], told["resume"]["session"]) for told in watched.said()] == [
        (42, "sess_x"),
        (43, "sess_x"),
    ]


def test_silence_is_told_by_itself_and_nothing_twice() -> None:
    watched = Watched()
    point = watched.settle(100)
    assert point and point.audio_start == 100 and point.last_seq == 0
    assert watched.settle(100) is None


def test_a_transcript_that_is_overtaken_goes_without_a_point() -> None:
    watched = Watched()
    watched.final(0)
    watched.outbox.emit(wire.Cleared("e"))
    told, cleared = watched.said()
    assert told["seq"] == 1 and "resume" not in told and cleared["type"] == "input_audio_buffer.cleared"
    point = watched.settle(100)
    assert point and point.last_seq == 1


def test_the_last_order_that_has_settled_is_named() -> None:
    watched = Watched()
    for event_id, command in (("c1", m.Commit()), (None, m.Commit()), ("c3", m.Clear()), ("c4", m.Finish())):
        watched.progress.note([command], event_id, 2.0)
    named = []
    for position, commands in ((0, 0), (1, 1), (2, 2), (3, 3)):
        point = watched.settle(position, commands)
        assert point
        named.append(point.event_id)
    assert named == [None, "c1", "c1", "c3"]


def test_the_context_remembers_the_item_and_where_the_last_utterance_ended() -> None:
    watched = Watched()
    watched.progress.note([m.Clear()], "c1", 3.5)
    watched.final(0, 0.0, 1.5)
    watched.settle(100)
    start = read_wish(ResumeWish(audio_start=100, context=watched.said()[0]["resume"]["context"]), 16_000)
    assert (start.turn, start.item) == (1.5, "item_0")
    point = watched.settle(200, 1)
    assert point
    start = read_wish(ResumeWish(audio_start=200, context=point.context), 16_000)
    assert (start.turn, start.item) == (3.5, "item_0")


def test_who_did_not_ask_is_told_nothing_but_counted() -> None:
    ids = count()
    outbox = Outbox(lambda kind: f"{kind}_{next(ids)}")
    progress = Progress(outbox)
    progress.note([m.Configure(Options()), m.Commit()], "c1", 0.0)
    outbox.emit(wire.Completed("e", "item", 0, "x", wire.Usage(1.0)))
    assert progress.follow(m.Final(0, "x", 0.0, 1.0)) is None
    assert progress.follow(place(100, 2)) is None
    (frame,) = outbox.take()
    assert isinstance(frame, str) and "seq" not in frame and "resume" not in frame


def ask(progress: Progress, after: Settings, wish: ResumeWish | None, fresh: bool = True) -> Start | None:
    patch = SessionPatch(resume=UNSET if wish is None else wish)
    return progress.ask(wire.SessionUpdate(session=patch), OPENING, after, fresh=fresh)


def test_it_can_be_asked_for_before_the_first_audio_only() -> None:
    progress = Watched().progress
    assert ask(progress, OPENING, ResumeWish()) == Start()
    assert ask(progress, OPENING, None, fresh=False) is None
    with pytest.raises(BadRequest, match="only before the first audio"):
        ask(progress, OPENING, ResumeWish(), fresh=False)
    with pytest.raises(BadRequest, match=r"is for 'session\.update'"):
        beta = wire.FlatSessionUpdate(session=SessionPatch(resume=ResumeWish()))
        progress.ask(beta, OPENING, OPENING, fresh=True)


def test_the_rate_is_fixed_by_audio_and_by_a_place_to_go_on_from() -> None:
    progress = Watched().progress
    assert ask(progress, EIGHT, None) is None
    with pytest.raises(BadRequest, match="keeps the rate"):
        ask(progress, EIGHT, None, fresh=False)
    progress.begin(read_wish(ResumeWish(audio_start=5), 24_000), "sess_1")
    with pytest.raises(BadRequest, match="keeps the rate"):
        ask(progress, EIGHT, None)
    assert ask(progress, EIGHT, ResumeWish(audio_start=5))  # another place
    unasked = Progress(Outbox(lambda kind: kind))
    assert ask(unasked, EIGHT, None, fresh=False) is None
