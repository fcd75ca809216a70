import math

import pytest
from msgspec import UNSET

from saywire.protocols.openai.items import KEPT, Conversation, piece
from saywire.types import Word


def words(*texts, confidence=None):
    return tuple(Word(text, n, n + 0.5, confidence) for n, text in enumerate(texts))


def test_pieces_share_out_text_and_words():
    text, told = "one two three", words("one", "two", "three")
    parts = [piece(text, told, 0, 3), piece(text, told, 3, 9), piece(text, told, 9)]
    assert [part.text for part in parts] == ["one", " two t", "hree"]
    assert [[word.text for word, _ in part.words] for part in parts] == [["one"], ["two"], ["three"]]


def test_parts_of_all_words_are_the_text():
    text = "Ja, ja: ice-cream"
    whole = piece(text, words("Ja,", "ja:", "ice-cream"))
    assert [part for _, part in whole.words] == ["Ja,", " ja:", " ice-cream"]


def test_chinese_needs_no_blanks():
    assert [part for _, part in piece("打开灯", words("打", "开", "灯")).words] == ["打", "开", "灯"]


def test_a_word_spelled_otherwise_is_told_with_the_whole_only():
    text, told = "21 cats", words("twenty-one", "cats", confidence=0.5)
    assert [word.text for word, _ in piece(text, told, 0, 2).words] == []
    whole = piece(text, told)
    assert [prob.token for prob in whole.logprobs] == ["twenty-one", "21 cats"]
    assert [word.word for word in whole.timed] == ["twenty-one", "cats"]


@pytest.mark.parametrize(("confidence", "logprob"), [(1.0, 0.0), (0.5, math.log(0.5)), (1.2, 0.0)])
def test_logprobs_are_of_confidences(confidence, logprob):
    [told] = piece("né", words("né", confidence=confidence)).logprobs
    assert (told.token, told.bytes) == ("né", (110, 195, 169))
    assert told.logprob == pytest.approx(logprob, abs=1e-6)


def test_a_confidence_of_zero_is_a_number_on_the_wire():
    [told] = piece("a", words("a", confidence=0.0)).logprobs
    assert told.logprob < -20 and math.isfinite(told.logprob)


def test_without_words_or_confidences_nothing_is_made_up():
    assert piece("a b", ()).timed is UNSET
    assert piece("a b", words("a", "b")).logprobs == ()
    assert piece("a", words("a")).timed[0].confidence is UNSET


def test_a_conversation_is_a_chain_that_survives_deletion():
    talk = Conversation()
    assert talk.last is None
    talk.add("a")
    talk.add("b")
    assert talk.last == "b"
    assert talk.delete("b") and not talk.delete("b")
    assert talk.last == "a"


def test_a_transcript_is_kept_for_what_is_still_there():
    talk = Conversation()
    talk.add("a")
    talk.complete("a", "hello")
    talk.complete("gone", "nobody asks")
    assert talk.retrieve("a").content[0].transcript == "hello"
    assert talk.retrieve("gone") is None


def test_the_oldest_are_forgotten():
    talk = Conversation()
    for n in range(KEPT + 1):
        talk.add(str(n))
    assert talk.retrieve("0") is None and talk.retrieve("1") and talk.last == str(KEPT)


def test_the_chain_goes_on_from_the_item_before():
    conversation = Conversation()
    conversation.before = "item_0"
    assert conversation.last == "item_0" and conversation.retrieve("item_0") is None
    conversation.add("item_1")
    assert conversation.last == "item_1"
