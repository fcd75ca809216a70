import itertools

import pytest

from saywire import messages as m
from saywire.protocols.dashscope.sentences import BEAT, Sentences, show_words, spread
from saywire.protocols.dashscope.task_options import Manner
from saywire.types import Hypothesis, Word

MANNER = Manner(intermediate=True, heartbeat=True, numbered=True, gummy=False)


def final(utterance, text, end):
    return m.Final(utterance, text, end - 1.0, end)


def test_punctuation_is_apart_from_its_word():
    words = (Word("hello,", 0.0, 0.5), Word("world!?", 0.5, 1.0))
    shown = show_words("hello, world!?", words, 0.0, 1.0, None)
    assert [(word.text, word.punctuation) for word in shown] == [("hello", ","), ("world", "!?")]
    assert [(word.begin_time, word.end_time) for word in shown] == [(0, 500), (500, 1000)]


def test_words_without_times_take_time_by_their_length():
    shown = show_words("今天 okay。", (), 1.0, 2.2, None)
    assert [word.text for word in shown] == ["今", "天", "okay"]
    assert [word.begin_time for word in shown] == [1000, 1171, 1343] and shown[-1].end_time == 2200


@pytest.mark.parametrize("text", ["", " ", "。", "one", "今天天气 very good。好"])
def test_times_that_are_spread_fill_the_sentence(text):
    words = list(spread(text, 3.0, 5.0))
    assert "".join(word.text for word in words) == text.replace(" ", "") or text == "。"
    if words:
        assert words[0].start == 3.0 and words[-1].end == pytest.approx(5.0)
        assert all(a.end == b.start for a, b in itertools.pairwise(words))


def test_what_is_stable_is_fixed():
    words = (Word("one", 0.0, 0.4), Word("two", 0.4, 0.8))
    assert [word.fixed for word in show_words("one two", words, 0.0, 1.0, 3)] == [True, False]


def test_an_utterance_that_says_nothing_is_no_sentence():
    sentences = Sentences(MANNER)
    sentences.begin(0, 0.5)
    assert sentences.grow(m.Partial(0, Hypothesis("")), 1.0) is None
    assert sentences.end(final(0, "", 2.0)) is None and sentences.voiced == 2.0
    sentences.begin(1, 3.0)
    grown = sentences.grow(m.Partial(1, Hypothesis("one")), 4.0).output.sentence
    assert (grown.sentence_id, grown.begin_time, grown.end_time) == (1, 3000, None)
    ended = sentences.end(final(1, "one two", 5.0))
    assert (ended.output.sentence.sentence_id, ended.output.sentence.end_time) == (1, 5000)
    assert ended.usage.duration == 5
    assert sentences.end(final(2, "three", 7.0)).output.sentence.sentence_id == 2


def test_a_heart_beats_in_silence_only():
    sentences = Sentences(MANNER)
    sentences.end(final(0, "one", 3.0))
    assert sentences.beat(3.0 + BEAT - 0.1) is None
    assert sentences.beat(3.0 + BEAT).output.sentence.heartbeat
    assert sentences.beat(3.1 + BEAT) is None
