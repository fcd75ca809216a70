from hypothesis import given
from hypothesis import strategies as st

from saywire.engines.remote.words import fit
from saywire.texts import lead
from saywire.types import Word


def texts(words: tuple[Word, ...]) -> list[str]:
    return [word.text for word in words]


def timed(*words: str) -> list[Word]:
    return [Word(word, float(n), n + 0.5) for n, word in enumerate(words)]


def test_punctuation_goes_with_the_word_before_it() -> None:
    found = fit("Well — hello, (big) World!", timed("well", "hello", "big", "world"))
    assert texts(found) == [" Well", " — hello,", " (big)", " World!"]
    assert [word.start for word in found] == [0, 1, 2, 3]


def test_chinese_words_are_fitted_too() -> None:
    assert texts(fit("今天，天气好。", timed("今天", "天气", "好"))) == ["今天，", "天气", "好。"]


def test_words_with_spaces_of_their_own_are_taken_too() -> None:
    assert texts(fit("one two", timed(" one", " two "))) == [" one", " two"]


def test_a_word_that_is_not_in_the_line_loses_no_text() -> None:
    assert texts(fit("It costs $5 now", timed("it", "costs", "five", "dollars", "now"))) == [
        " It",
        " costs",
        " $5 now",
    ]


def test_words_that_fit_nowhere_are_one() -> None:
    assert fit("完全不同", timed("a", "b")) == (Word("完全不同", 0.0, 1.5),)
    assert fit("", timed("a")) == ()


LETTERS = st.text(st.sampled_from("aBİß 好，. é"), max_size=30)


@given(LETTERS, st.lists(LETTERS, max_size=8))
def test_fitted_words_put_together_are_the_line(text: str, said: list[str]) -> None:
    line = lead(text)
    fitted = fit(text, timed(*said))
    assert not fitted or "".join(texts(fitted)) == line
    assert bool(fitted) == bool(line and said)
