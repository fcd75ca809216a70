"""What is said is only ever added to, whatever a server takes back."""

from __future__ import annotations

import pytest

from saywire.engines.remote.realtime.turn import Turn, append, steady, trimmed
from saywire.errors import EngineFailed
from saywire.types import Hypothesis, Word


def said(text: str) -> Hypothesis:
    """``|`` ends what is stable."""
    stable, _, rest = text.partition("|")
    return Hypothesis(stable + rest, len(stable) if "|" in text else 0)


def show(hypothesis: Hypothesis) -> str:
    return f"{hypothesis.text[: hypothesis.stable]}|{hypothesis.text[hypothesis.stable :]}"


@pytest.mark.parametrize(
    ("before", "now", "after"),
    [
        ("|", "hel|", "hel|"),
        ("hel|", "hello|", "hello|"),
        ("hel|", "hello", "hel|lo"),
        ("|hullo", "|hello", "|hello"),
        ("he|llo", "he|y", "he|y"),
        # another try begins at its beginning
        ("one two|", "|", "one two|"),
        ("one two|", "one|", "one two|"),
        ("one two|", "one two| thr", "one two| thr"),
        ("one two|", "One, two three|", "one two three|"),
        # the final takes something back
        ("one two|", "one too three|", "one two three|"),
        ("你好|", "您好吗|", "你好吗|"),
        ("one two three|", "one|", "one two three|"),
    ],
)
def test_stable_text_stays(before: str, now: str, after: str) -> None:
    assert show(steady(said(before), said(now))) == after


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (" hello| ", "hello|"),
        (" |hello", "|hello"),
        ("|", "|"),
        ("  |", "|"),
        (" a | b ", "a|  b"),
        (" | ", "|"),
    ],
)
def test_spaces_at_the_ends_are_nobodys(text: str, shown: str) -> None:
    assert show(trimmed(said(text))) == shown


def test_pieces_come_one_after_the_other() -> None:
    one = Hypothesis("one two.", 8, (Word("one", 0.1, 0.4),), "en")
    other = Hypothesis("Three", 2, (Word("Three", 0.2, 0.5, 0.9),))
    both = append(one, other, 30.0)
    assert (show(both), both.language) == ("one two. Th|ree", "en")
    assert both.words == (Word("one", 0.1, 0.4), Word("Three", 30.2, 30.5, 0.9))
    assert show(append(one, Hypothesis("Three"), 1.0)) == "one two.| Three"
    assert append(one, Hypothesis(language="de"), 1.0) == one
    assert show(append(Hypothesis(), said("一二|三"), 0.0)) == "一二|三"
    assert show(append(said("一二|"), said("三|"), 0.0)) == "一二三|"


def test_a_turn_is_settled_once_and_has_a_deadline_from_its_commit_on() -> None:
    turn = Turn()
    assert turn.deadline == float("inf") and not turn.committed
    turn.commit(3.0)
    assert turn.committed and turn.deadline < float("inf")
    turn.hear(said(" one|"))
    turn.hear(said("one| tow"))
    turn.hear(said("|"))
    assert show(turn.said) == "one|" and not turn.settled
    turn.settle(EngineFailed("no"))
    assert turn.settled and turn.error
