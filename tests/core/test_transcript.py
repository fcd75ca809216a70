from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saywire.core.transcript import Deltas, Transcript, to_json, to_segment, to_transcript
from saywire.errors import OutOfOrder
from saywire.messages import Final, Finished, Partial
from saywire.texts import join
from saywire.types import Hypothesis, Segment, Word


def test_finals_without_text_leave_no_segment():
    finals = [Final(0, "", 0, 1), Final(1, " one ", 1, 2, (Word("one", 1, 2),), "en"), Final(2, "  ", 2, 3)]
    transcript = to_transcript(finals, 3.0)
    assert transcript.segments == (Segment("one", 1, 2, (Word("one", 1, 2),), "en"),)
    assert (transcript.text, transcript.seconds, transcript.language) == ("one", 3.0, "en")
    assert transcript.words == (Word("one", 1, 2),)


def test_language_is_that_of_most_segments():
    segments = tuple(Segment("x", 0, 1, language=code) for code in ("en", "zh", "zh", None, None, None))
    assert Transcript(segments, 6.0).language == "zh"
    assert Transcript(segments[3:], 6.0).language is None


def test_json_rounds_to_the_millisecond_and_leaves_out_what_is_not_known():
    word = Word("hi", 0.12345, 0.5, 0.98765)
    body = json.loads(
        to_json(Transcript((Segment("hi", 0.12345, 0.5, (word,)), Segment("ho", 1, 2)), 2.00049))
    )
    assert body == {
        "text": "hi ho",
        "language": None,
        "seconds": 2.0,
        "segments": [
            {
                "start": 0.123,
                "end": 0.5,
                "text": "hi",
                "words": [{"text": "hi", "start": 0.123, "end": 0.5, "confidence": 0.9877}],
            },
            {"start": 1, "end": 2, "text": "ho"},
        ],
    }


def partial(utterance: int, text: str, stable: int) -> Partial:
    return Partial(utterance, Hypothesis(text, stable))


def test_deltas_give_out_stable_text_only():
    deltas = Deltas()
    events = [
        partial(0, "one to", 4),  # the space may yet turn out to be the end
        partial(0, "one two", 7),
        partial(0, "one two", 7),
        Final(0, "one two three", 0, 1),
        Final(1, "", 1, 2),
        partial(2, "four", 0),
        Final(2, "four", 2, 3),
        Finished(3.0),
    ]
    assert [deltas.take(event) for event in events] == ["one", " two", "", " three", "", "", " four", ""]


def test_partials_that_come_after_their_final_say_nothing():
    deltas = Deltas()
    assert [deltas.take(Final(0, "one", 0, 1)), deltas.take(partial(0, "one", 3))] == ["one", ""]


def test_changing_stable_text_is_our_bug():
    deltas = Deltas()
    deltas.take(partial(0, "won", 3))
    with pytest.raises(OutOfOrder, match="at character 0"):
        deltas.take(Final(0, "one", 0, 1))


@given(st.lists(st.text(st.sampled_from("ab 你好,。"), max_size=6)), st.data())
def test_deltas_put_together_are_the_joined_finals(texts, data):
    deltas = Deltas()
    pieces = []
    for number, text in enumerate(texts):
        for stable in sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=3))):
            pieces.append(deltas.take(partial(number, text, stable)))
        pieces.append(deltas.take(Final(number, text, number, number + 1)))
    assert "".join(pieces) == join(texts)


def test_segment_of_a_final():
    assert to_segment(Final(3, " hi ", 1.0, 2.0, (), "en")) == Segment("hi", 1.0, 2.0, (), "en")
