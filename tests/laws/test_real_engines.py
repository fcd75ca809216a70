"""The laws of ARCHITECTURE.md on real engines, with the real voice detector."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.drive import Drive, cut, finals
from engines.recordings import read
from laws.speech import CASES, Case, load_detector, silence, trimmed
from saywire import messages as m
from saywire.types import RATE, Turns

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


class Real(Drive):
    """With Silero for a voice detector, a stream at a time."""

    def hear(self) -> None:
        session = self.session
        while (frame := session.next_frame()) is not None:
            (probability,), (session.voice,) = load_detector().judge(frame[None], [session.voice])
            session.hear(float(probability))
        self.events += session.events_to_send()


def outcome(events: list[m.Event]) -> list[list[m.Event]]:
    kinds = (m.SpeechStarted, m.SpeechStopped), (m.Final,), (m.Settled,)
    return [[event for event in events if isinstance(event, kind)] for kind in kinds]


@cache
def whole(case: Case) -> list[list[m.Event]]:
    return outcome(Real(case.load(), case.options).give(case.audio, m.Finish()))


@each_case
def test_the_words_are_right(case: Case) -> None:
    assert tuple(final.text for final in whole(case)[1] if isinstance(final, m.Final)) == case.texts


@each_case
@pytest.mark.parametrize("size", [1, 160, 999, 1600])
def test_law_1_cuts_do_not_matter(case: Case, size: int) -> None:
    drive = Real(case.load(), case.options)
    drive.give(*cut(case.audio, size), m.Finish())
    assert outcome(drive.events) == whole(case)


@each_case
@given(
    sizes=st.lists(st.integers(100, 8000), min_size=1, max_size=20),
    steps=st.lists(st.integers(0, 4), min_size=1, max_size=20),
)
@settings(max_examples=4, deadline=None)
def test_law_1_neither_do_random_cuts_nor_the_speed_of_decoding(
    case: Case, sizes: list[int], steps: list[int]
) -> None:
    drive = Real(case.load(), case.options, lag=True)
    rest, i = case.audio, 0
    while len(rest):
        size = sizes[i % len(sizes)]
        drive.give(rest[:size])
        drive.decode(steps[i % len(steps)])
        rest, i = rest[size:], i + 1
    drive.give(m.Finish())
    drive.decode()
    assert outcome(drive.events) == whole(case)


@each_case
def test_law_1_nor_does_who_shares_the_batch(case: Case) -> None:
    """Four sessions in step on one engine, where it holds so many."""
    engine = case.load()
    if engine.info.max_batch == 1:
        pytest.skip("it decodes one stream at a time")
    drives = [Real(engine, case.options, lag=True) for _ in range(4)]
    for i, drive in enumerate(drives):
        drive.give(silence(0.0), *cut(case.audio, 1600 + i), m.Finish())
    while any(drive.session.ready or not drive.session.finished for drive in drives):
        for drive in drives:
            drive.session.advance()
        ready = [drive.session.stream for drive in drives if drive.session.ready]
        if ready:
            engine.decode(ready)
    for drive in drives:
        drive.events += drive.session.events_to_send()
        assert outcome(drive.events) == whole(case)


@each_case
def test_law_4_stable_text_never_changes(case: Case) -> None:
    drive = Real(case.load(), case.options)
    drive.give(*cut(case.audio, 1600), m.Finish())
    stable: dict[int, str] = {}
    for event in drive.events:
        if isinstance(event, m.Partial):
            told, found = stable.get(event.utterance, ""), event.hypothesis
            assert found.text[: found.stable].startswith(told)
            stable[event.utterance] = found.text[: found.stable]
        elif isinstance(event, m.Final):
            assert event.text.startswith(stable.get(event.utterance, ""))
    assert any(isinstance(event, m.Partial) for event in drive.events)


@each_case
@pytest.mark.parametrize("voice", [True, False], ids=["by voice", "by hand"])
@pytest.mark.parametrize("end", [m.Commit(), m.Finish()], ids=lambda end: type(end).__name__)
def test_law_3_audio_that_stops_at_its_last_word_keeps_it(case: Case, voice: bool, end: m.Command) -> None:
    """A connection that closes gives the session Finish, as here."""
    options = replace(case.options, turns=Turns(voice=voice))
    for sample, text in zip(case.samples, case.texts, strict=True):
        events = Real(case.load(), options).give(trimmed(read(sample)), end)
        assert [final.text for final in finals(events)] == [text]


@each_case
def test_law_8_silence_and_noise_are_no_utterance(case: Case) -> None:
    noise = np.random.default_rng(0).normal(0, 0.03, 5 * RATE).astype(np.float32)
    assert not finals(Real(case.load(), case.options).give(silence(5), noise, m.Finish()))


@each_case
def test_a_session_goes_on_in_another_place_as_if_it_had_stayed(case: Case) -> None:
    """From each boundary on, a fresh session says the same as the one that was there from the start."""
    for point in whole(case)[2]:
        assert isinstance(point, m.Settled)
        drive = Real(case.load(), case.options, resume=point)
        drive.give(case.audio[point.position :], m.Finish())
        for said, before in zip(outcome(drive.events), whole(case), strict=True):
            assert said == before[len(before) - len(said) :]
        ends = [e for e in whole(case)[1] if isinstance(e, m.Final) and e.utterance >= point.utterance]
        assert outcome(drive.events)[1] == ends
