from saywire.protocols.funasr.stamps import Sentence, cut_sentences, show_times
from saywire.types import Word


def words(*texts):
    return [Word(text, 1 + i / 10, 1.1 + i / 10) for i, text in enumerate(texts)]


def test_times_count_from_where_speaking_began():
    assert show_times(words("a", "b"), 0.5) == "[[500,600],[600,700]]"
    assert show_times([], 0.5) == "[]"


def test_sentences_end_at_punctuation():
    said = words("正", "是", "因", "为", "那")
    assert cut_sentences("正是，因为那。", said, 1.0) == [
        Sentence("正 是", "，", 0, 200, [(0, 100), (100, 200)]),
        Sentence("因 为 那", "。", 200, 500, [(200, 300), (300, 400), (400, 500)]),
    ]


def test_punctuation_may_be_part_of_a_word():
    [sentence] = cut_sentences("hello there.", words("hello", "there."), 1.0)
    assert (sentence.text_seg, sentence.punc) == ("hello there", ".")


def test_words_that_are_not_in_the_text_lose_nothing():
    [sentence] = cut_sentences("12", words("twelve"), 1.0)
    assert (sentence.text_seg, sentence.punc, sentence.ts_list) == ("twelve", "", [(0, 100)])
