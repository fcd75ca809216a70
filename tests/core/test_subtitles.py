from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saywire.core.subtitles import HEIGHT, LONGEST, WIDTH, Cue, columns, to_cues, to_srt, to_vtt
from saywire.types import Segment, Word

SENTENCE = "The quick brown fox jumps over the lazy dog and then it runs all the way back to the forest again"


def spoken(text: str, start: float = 0.0, each: float = 0.5) -> Segment:
    """A segment with one word every ``each`` seconds."""
    words = tuple(
        Word(word, start + i * each, start + i * each + each * 0.8) for i, word in enumerate(text.split())
    )
    return Segment(text, start, words[-1].end, words)


def test_short_segment_is_one_cue_of_one_line():
    assert to_cues([Segment("Hello there.", 0.5, 1.25)]) == [Cue(500, 1250, ("Hello there.",))]


def test_srt():
    segments = [Segment("One.", 0.0, 1.0), Segment("Two & <3>.", 3661.5, 3662.0)]
    assert to_srt(segments) == (
        "1\n00:00:00,000 --> 00:00:01,000\nOne.\n\n2\n01:01:01,500 --> 01:01:02,000\nTwo & <3>.\n\n"
    )


def test_vtt_escapes():
    assert to_vtt([Segment("a --> <b> & c", 0.0, 1.0)]) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\na --&gt; &lt;b&gt; &amp; c\n\n"
    )


def test_nothing_said():
    assert (to_srt([]), to_vtt([])) == ("", "WEBVTT\n\n")
    assert to_cues([Segment("", 0.0, 1.0)]) == []


def test_two_lines_are_about_equally_long():
    (cue,) = to_cues([Segment("The quick brown fox jumps over the lazy dog again", 0.0, 2.0)])
    assert cue.lines == ("The quick brown fox jumps", "over the lazy dog again")


def test_long_segment_is_split_at_word_times():
    segment = spoken(SENTENCE, start=10.0, each=0.25)
    cues = to_cues([segment])
    assert len(cues) == 2
    starts = {round(word.start * 1000): word.text for word in segment.words}
    ends = {round(word.end * 1000): word.text for word in segment.words}
    for cue in cues:
        assert starts[cue.start] == cue.lines[0].split()[0]
        assert ends[cue.end] == cue.lines[-1].split()[-1]


def test_slow_speech_is_split_by_time():
    cues = to_cues([spoken("one two three four five six", each=3.0)])
    assert [cue.lines for cue in cues] == [("one two",), ("three four",), ("five six",)]


def test_without_word_times_time_runs_evenly_over_the_text():
    cues = to_cues([Segment(SENTENCE, 0.0, 9.0)])
    assert len(cues) == 2
    assert cues[0].start == 0 and cues[-1].end == 9000
    share = len(" ".join(cues[0].lines)) / len(SENTENCE)
    assert cues[0].end == pytest.approx(9000 * share, abs=100)


def test_sentence_ends_are_preferred():
    text = "This is the first sentence, long enough. " + "The second one follows at once here"
    cues = to_cues([spoken(text, each=0.2)])
    assert [" ".join(cue.lines) for cue in cues] == [text] or cues[0].lines[-1].endswith(".")
    longer = "This is the first sentence, and it is long enough. The second follows"
    assert to_cues([spoken(longer, each=0.2)])[0].lines[-1].endswith("enough.")


def test_chinese_counts_two_columns_and_never_starts_a_line_with_punctuation():
    text = "今天天气很好，我们一起去公园散步吧。" * 4
    cues = to_cues([Segment(text, 0.0, 20.0)])
    assert "".join(line for cue in cues for line in cue.lines) == text
    lines = [line for cue in cues for line in cue.lines]
    assert max(map(columns, lines)) <= WIDTH
    assert not any(line[0] in "，。" for line in lines)


def test_words_spelled_otherwise_than_the_text_still_give_times():
    words = (
        Word("hello", 1.0, 1.4),
        Word("DOCTOR", 1.5, 1.9),
        Word("missing", 2.0, 2.1),
        Word("smith", 5.0, 5.5),
    )
    segment = Segment("Hello, Dr. DOCTOR " + "Smith " * 20, 1.0, 30.0, words)
    assert to_cues([segment])[0].start == 1000


def test_a_word_that_is_not_in_the_text_here_is_not_taken_for_one_far_away():
    text = "red green blue yellow orange purple brown, and after many more colours comes the sea"
    words = [Word(word, i, i + 0.5) for i, word in enumerate(["red", "sea", "green", "blue", "yellow"])]
    cues = to_cues([Segment(text, 0.0, 20.0, tuple(words))])
    assert cues[0].lines[0].startswith("red green blue yellow")
    assert cues[0].end < 12_000


def test_word_wider_than_a_line_is_cut():
    cues = to_cues([Segment("x" * 100, 0.0, 5.0)])
    assert "".join(line for cue in cues for line in cue.lines) == "x" * 100
    assert max(len(line) for cue in cues for line in cue.lines) <= WIDTH


def test_newlines_in_text_do_not_break_a_cue():
    assert to_cues([Segment("one\n\ntwo", 0.0, 1.0)])[0].lines == ("one two",)


ALPHABET = "ab é你好。,.!? \n<&世"
times = st.floats(-1, 50, allow_nan=False)


@given(st.lists(st.tuples(st.text(ALPHABET, max_size=200), times, times), max_size=5), st.data())
def test_any_segments_make_valid_cues(raw, data):
    segments = []
    for text, start, end in raw:
        words = tuple(
            Word(word, data.draw(times), data.draw(times))
            for word in text.split()
            if data.draw(st.booleans())
        )
        segments.append(Segment(text, start, end, words))
    cues = to_cues(segments)
    after = 0
    for cue in cues:
        assert after <= cue.start < cue.end
        after = cue.end
        assert 1 <= len(cue.lines) <= HEIGHT
        assert all(line.strip() and columns(line) <= WIDTH for line in cue.lines)
    shown = "".join(line for cue in cues for line in cue.lines)
    assert re.sub(r"\s", "", shown) == re.sub(r"\s", "", "".join(text for text, _, _ in raw))


def test_no_cue_is_longer_than_it_can_be_read():
    for cue in to_cues([spoken(SENTENCE * 3, each=0.9)]):
        assert cue.end - cue.start <= LONGEST * 1000
