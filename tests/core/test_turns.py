from __future__ import annotations

import math
from dataclasses import replace

import pytest

from saywire.audio.vad import FRAME
from saywire.core.turns import MANUAL_LONGEST, Began, Ended, Paused, TurnDetector, check_turns
from saywire.errors import BadRequest
from saywire.messages import Cause
from saywire.types import RATE, Turns


def hear(detector: TurnDetector, *probabilities: float) -> list[tuple[int, Began | Paused | Ended]]:
    """What it said, and after which frame."""
    said = [(i, detector.hear(p)) for i, p in enumerate(probabilities)]
    return [(i, turn) for i, turn in said if turn]


def test_voice_begins_after_enough_of_it_and_ends_after_enough_silence() -> None:
    detector = TurnDetector(Turns(), 0)
    said = hear(detector, *[0.1] * 20, *[0.9] * 10, *[0.1] * 16)
    assert said == [
        (23, Began(20 * FRAME - 4800, 20 * FRAME)),  # four frames are the first 100 ms
        (45, Ended(30 * FRAME, Cause.SILENCE)),  # sixteen frames are the first 500 ms
    ]


def test_padding_never_reaches_before_the_origin() -> None:
    detector = TurnDetector(Turns(), 1000)
    assert hear(detector, *[0.9] * 5)[0][1] == Began(1000, 1000)


def test_voice_hangs_on_between_the_thresholds() -> None:
    detector = TurnDetector(Turns(threshold=0.5), 0)
    assert not hear(detector, *[0.4] * 50)
    assert hear(detector, *[0.6] * 4)
    assert not hear(detector, *[0.4] * 50)
    assert hear(detector, *[0.3] * 16)


@pytest.mark.parametrize(("gap", "begins"), [(1, True), (2, True), (3, False)])
def test_a_beginning_survives_a_short_gap(gap: int, begins: bool) -> None:
    detector = TurnDetector(Turns(), 0)
    assert bool(hear(detector, 0.9, 0.9, *[0.0] * gap, 0.9, 0.9)) is begins


def test_by_hand_one_doubtful_frame_begins_and_silence_never_ends() -> None:
    detector = TurnDetector(Turns(voice=False), 0)
    assert hear(detector, 0.1, 0.25)[0][0] == 1
    frames = round(MANUAL_LONGEST * RATE / FRAME) + 20
    said = hear(detector, *[0.0] * frames)
    assert said[0][1] == Ended(2 * FRAME, Cause.LENGTH)


def test_begin_anyway_needs_some_voice() -> None:
    detector = TurnDetector(Turns(), 0)
    hear(detector, 0.1, 0.1)
    assert detector.begin_anyway() is None
    hear(detector, 0.9)
    assert detector.begin_anyway() == Began(0, 2 * FRAME)


def test_idle_counts_silence_only() -> None:
    detector = TurnDetector(Turns(), 500)
    hear(detector, 0.1, 0.1)
    assert detector.idle == 2 * FRAME
    hear(detector, 0.9)
    assert detector.idle == 0


SEMANTIC = Turns(semantic=True, certainty=0.6, patience=2.0, silence=0.8)
PAUSE = 7  # frames: the first 200 ms


def paused(rules: Turns = SEMANTIC) -> TurnDetector:
    """Somebody spoke for ten frames and paused: the question is open."""
    detector = TurnDetector(rules, 0, judged=True)
    assert hear(detector, *[0.9] * 10, *[0.1] * PAUSE)[1:] == [(9 + PAUSE, Paused())]
    return detector


@pytest.mark.parametrize("probability", [0.6, 1.0])
def test_who_has_finished_has_finished_at_once(probability: float) -> None:
    assert paused().answer(probability) == Ended(10 * FRAME, Cause.SILENCE)


@pytest.mark.parametrize(
    ("answer", "seconds"), [(0.0, SEMANTIC.patience), (0.59, SEMANTIC.patience), (None, SEMANTIC.silence)]
)
def test_who_has_not_is_waited_for_and_where_nobody_can_say_silence_decides(
    answer: float | None, seconds: float
) -> None:
    detector = paused()
    assert detector.answer(answer) is None
    frames = math.ceil(seconds * RATE / FRAME) - PAUSE
    assert hear(detector, *[0.1] * frames) == [(frames - 1, Ended(10 * FRAME, Cause.SILENCE))]


def test_each_pause_is_one_question() -> None:
    detector = paused()
    detector.answer(0.1)
    assert hear(detector, *[0.1] * 20) == []
    assert hear(detector, *[0.9] * 3, *[0.1] * (PAUSE - 1), 0.9, *[0.1] * PAUSE) == [(16, Paused())]
    assert detector.answer(0.9) == Ended(detector.last_voice, Cause.SILENCE)


def test_an_answer_holds_for_its_pause_only() -> None:
    """Nobody can say after the first, and the second is no longer than the model's patience."""
    detector = paused()
    detector.answer(None)
    hear(detector, 0.9, *[0.1] * PAUSE)
    detector.answer(0.1)
    assert hear(detector, *[0.1] * math.ceil(SEMANTIC.silence * RATE / FRAME)) == []


@pytest.mark.parametrize("rules", [replace(SEMANTIC, semantic=False), replace(SEMANTIC, voice=False)])
def test_nobody_is_asked_who_was_not_to_be(rules: Turns) -> None:
    said = hear(TurnDetector(rules, 0, judged=True), *[0.9] * 10, *[0.1] * 30)
    assert Paused() not in [turn for _, turn in said]


def test_without_a_model_silence_ends() -> None:
    said = hear(TurnDetector(SEMANTIC, 0), *[0.9] * 10, *[0.1] * 25)
    assert said[1:] == [(34, Ended(10 * FRAME, Cause.SILENCE))]


def test_a_long_utterance_ends_at_a_short_pause_without_a_question() -> None:
    detector = TurnDetector(replace(SEMANTIC, longest=3.0), 0, judged=True)
    said = hear(detector, *[0.9] * 64, *[0.1] * 4)
    assert said[1:] == [(67, Ended(64 * FRAME, Cause.LENGTH))]


@pytest.mark.parametrize("name", ["certainty", "patience"])
def test_rules_that_no_arithmetic_can_follow(name: str) -> None:
    with pytest.raises(BadRequest, match=name):
        check_turns(replace(SEMANTIC, **{name: math.nan}))


@pytest.mark.parametrize("name", ["threshold", "certainty"])
def test_a_probability_beyond_one_is_refused_for_nothing_would_be_heard(name: str) -> None:
    check_turns(replace(SEMANTIC, **{name: 1.0}))
    with pytest.raises(BadRequest, match=f"{name} is 1.5; it is a probability"):
        check_turns(replace(SEMANTIC, **{name: 1.5}))
