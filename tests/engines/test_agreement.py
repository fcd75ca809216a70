from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saywire.engines.agreement import (
    LocalAgreement,
    Rollback,
    count_common,
    count_told,
    fold,
    news,
    split_words,
)
from saywire.types import Word


def line(text: str) -> tuple[Word, ...]:
    return tuple(Word(" " + word, 0.0, 0.0) for word in text.split())


def read(words: Sequence[Word]) -> str:
    return "".join(word.text for word in words).strip()


def test_what_two_hypotheses_begin_with_alike_is_stable() -> None:
    agreement = LocalAgreement()
    for hypothesis, stable, opened in [
        ("it", "", "it"),
        ("it was the", "it", "was the"),
        ("it was a", "it was", "a"),
        ("it was the best", "it was", "the best"),
        ("it was the best of times", "it was the best", "of times"),
    ]:
        agreement.hear(line(hypothesis))
        assert (read(agreement.stable), read(agreement.open)) == (stable, opened)
    assert read(agreement.finish(line("it was the best of times."))) == "it was the best of times."


def test_agreement_does_not_care_for_case_and_commas_and_takes_the_later_spelling() -> None:
    agreement = LocalAgreement()
    agreement.hear(line("hello. world"))
    agreement.hear(line("Hello, world again"))
    assert read(agreement.stable) == "Hello, world"


def test_stable_text_stays_when_a_later_hypothesis_denies_it() -> None:
    agreement = LocalAgreement()
    for text in ("my cat is", "my cat is", "why cat is asleep now"):
        agreement.hear(line(text))
    assert read(agreement.stable) == "my cat is"
    assert read(agreement.finish(line("why cat is asleep now"))) == "my cat is asleep now"


def test_forgotten_words_are_not_told_again() -> None:
    agreement = LocalAgreement()
    agreement.hear(line("one two three four"))
    agreement.hear(line("one two three four five"))
    agreement.forget(3)
    agreement.hear(line("four five six"))
    assert read(agreement.stable) == "four five"
    assert read(agreement.finish(line("four five six"))) == "four five six"


@pytest.mark.parametrize(
    ("stable", "words", "rest"),
    [
        ("", "a b", "a b"),
        ("a b", "", ""),
        ("a b", "a b c", "c"),
        ("a b", "a x b c", "c"),
        ("a b c", "a c d", "d"),
        ("no no", "no no no", "no"),
        ("no no no", "no no go", "go"),
        ("a b", "x y z", "z"),
        ("of the people by the people", "of the people buy the people for", "for"),
    ],
)
def test_the_news_of_a_hypothesis(stable: str, words: str, rest: str) -> None:
    assert read(news(line(stable), line(words))) == rest


def test_words_are_compared_without_case_and_punctuation_but_punctuation_is_something() -> None:
    assert fold(" Dickens, ") == fold("dickens")
    assert fold("好。") == "好"
    assert fold(" …") == "…"
    assert count_common(line("A b, c"), line("a B d")) == 2


def test_a_line_is_split_into_words_without_times() -> None:
    assert split_words("it was") == (Word(" it", 0, 0), Word(" was", 0, 0))


def test_a_recogniser_is_rolled_back_by_its_last_words() -> None:
    rollback = Rollback(keep_back=2, free=2)
    for text, stable in [
        ("a b c", ""),
        ("a b c d", ""),
        ("a b c d e", "a b c"),
        ("a b c", "a b c"),
        ("a b c x y z", "a b c x"),
    ]:
        rollback.hear(line(text))
        assert read(rollback.stable) == stable
    assert read(rollback.finish(line("a b c x y z q"))) == "a b c x y z q"


def grow(draw: random.Random) -> list[tuple[Word, ...]]:
    """Hypotheses about one growing text, each with its own mistakes, the later the more likely."""
    truth = [draw.choice("abcd") for _ in range(draw.randrange(1, 25))]
    hypotheses = []
    known = 0
    for _ in range(draw.randrange(1, 12)):
        known = min(len(truth), known + draw.randrange(0, 5))
        words = [
            draw.choice("abcdxyz") if draw.random() < (0.5 if at > known - 3 else 0.05) else word
            for at, word in enumerate(truth[:known])
            if draw.random() > 0.03
        ]
        hypotheses.append(line(" ".join(words)))
    return hypotheses


@pytest.mark.parametrize("policy", [LocalAgreement, Rollback])
def test_stable_words_never_change_and_no_word_of_the_last_hypothesis_is_lost(
    policy: type[LocalAgreement] | type[Rollback],
) -> None:
    draw = random.Random(1)
    grew = 0
    for _ in range(1000):
        agreement, hypotheses, held = policy(), grow(draw), ()
        for words in hypotheses:
            agreement.hear(words)
            assert agreement.stable[: len(held)] == held
            held = agreement.stable
        grew += bool(held)
        last = hypotheses[-1]
        shown = agreement.stable + agreement.open
        text = agreement.finish(last)
        assert text == shown
        assert text[: len(held)] == held
        rest = text[len(held) :]
        assert rest == last[len(last) - len(rest) :]
        dropped = [word.text for word in last[: len(last) - len(rest)]]
        assert len(dropped) <= len(held) + cheapest([word.text for word in held], dropped)
        if last[: len(held)] == held:
            assert text == last
    assert grew > 300


def cheapest(old: Sequence[str], new: Sequence[str]) -> int:
    """Levenshtein distance, the plain way."""
    rows = [[i + j if not i or not j else 0 for j in range(len(new) + 1)] for i in range(len(old) + 1)]
    for i, one in enumerate(old, 1):
        for j, other in enumerate(new, 1):
            change = rows[i - 1][j - 1] + (one != other)
            rows[i][j] = min(change, rows[i - 1][j] + 1, rows[i][j - 1] + 1)
    return rows[-1][-1]


words = st.lists(st.sampled_from("abc"), max_size=7)


@given(words, words)
@settings(max_examples=200, deadline=None)
def test_the_news_begin_where_the_beginning_is_nearest_to_what_is_stable(
    stable: list[str], new: list[str]
) -> None:
    costs = [cheapest(stable, new[:end]) for end in range(len(new) + 1)]
    told = count_told(line(" ".join(stable)), line(" ".join(new)))
    assert costs[told] == min(costs)
