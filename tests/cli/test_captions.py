from __future__ import annotations

import io

import pytest
from rich.console import Console

from cli.terminal import Terminal
from saywire.cli.captions import TALLEST, Captions
from saywire.errors import EngineFailed
from saywire.messages import Cleared, Event, Failed, Final, Partial
from saywire.types import Hypothesis

ENGLISH = "the quick brown fox jumps over the lazy dog and runs all the way back home again"
CHINESE = "今天天气很好我们一起去公园散步然后回家吃饭看电视睡觉明天早上还要去上班"


def partials(text: str) -> list[Partial]:
    return [Partial(0, Hypothesis(text[:n], n // 2)) for n in range(1, len(text) + 1, 3)]


class Watched:
    """Captions, and the terminal on which they are, after each event."""

    def __init__(self, width: int, *labels: str, terminal: bool = True) -> None:
        self.file = io.StringIO()
        self.console = Console(
            file=self.file, force_terminal=terminal, width=width, highlight=False, soft_wrap=True
        )
        self.captions = Captions(self.console, labels or ("",))
        self.terminal = Terminal(width)
        self._read = 0

    def tell(self, event: Event, label: str = "") -> list[str]:
        self.captions.tell(label, event)
        return self.lines()

    def lines(self) -> list[str]:
        self.terminal.feed(self.file.getvalue()[self._read :])
        self._read = len(self.file.getvalue())
        return self.terminal.lines


@pytest.mark.parametrize("text", [ENGLISH, CHINESE], ids=["en", "zh"])
@pytest.mark.parametrize("width", [7, 20, 21, 80])
def test_what_may_change_is_rewritten_in_place_and_finals_stay(text, width):
    watched = Watched(width)
    with watched.captions:
        for n in range(3):
            before = watched.lines()[:]
            for event in partials(text):
                lines = watched.tell(event)
                assert lines[: len(before)] == before, "finals are not touched"
                assert len(lines) - len(before) <= TALLEST
            tail = "".join(lines[len(before) :]).replace(" ", "")
            last = partials(text)[-1].hypothesis.text.replace(" ", "")
            assert last.endswith(tail) and (len(tail) > 6), "the end is shown"
            lines = watched.tell(Final(n, text, 1.0, 2.5))
            said = "".join("".join(lines[len(before) :]).split())
            assert said == "1.00-2.50s" + text.replace(" ", ""), "nothing of it is left above or below"


def test_a_short_line_stands_whole():
    watched = Watched(80)
    with watched.captions:
        assert watched.tell(Partial(0, Hypothesis("打开灯", 2))) == ["打开灯"]
        assert watched.tell(Final(0, "打开灯。", 0.5, 61.25)) == ["    0.50 -  61.25 s  打开灯。"]
        assert watched.tell(Final(1, " ", 70.0, 71.0)) == ["    0.50 -  61.25 s  打开灯。"]


def test_what_may_still_change_is_dim():
    watched = Watched(80)
    with watched.captions:
        watched.captions.tell("", Partial(0, Hypothesis("one two", 3)))
    assert "one\x1b[2m two\x1b[0m" in watched.file.getvalue()


def test_voices_have_a_line_each_and_their_labels():
    watched = Watched(80, "我", "them")
    with watched.captions:
        watched.tell(Partial(0, Hypothesis("one", 0)), "them")
        assert sorted(watched.tell(Partial(0, Hypothesis("一", 0)), "我")) == ["them  one", "我    一"]
        expected = ["    0.50 -   1.00 s  them  one two", "我    一"]
        assert watched.tell(Final(0, "one two", 0.5, 1.0), "them") == expected
        assert watched.tell(Cleared(0), "我") == expected[:1]


def test_without_a_terminal_there_are_finals_alone():
    watched = Watched(80, terminal=False)
    with watched.captions:
        for event in [*partials(ENGLISH), Final(0, ENGLISH, 0.0, 1.0), Final(1, "two", 1.0, 2.0)]:
            watched.captions.tell("", event)
    assert watched.file.getvalue() == f"    0.00 -   1.00 s  {ENGLISH}\n    1.00 -   2.00 s  two\n"


def test_what_went_wrong_is_on_standard_error(capsys):
    watched = Watched(80, "me", "them")
    with watched.captions:
        watched.tell(Partial(0, Hypothesis("one", 0)), "me")
        assert watched.tell(Failed(0, EngineFailed("the engine stopped")), "me") == []
        watched.captions.note("listening")
    assert capsys.readouterr().err == "saywire: me: the engine stopped\nsaywire: listening\n"


def test_nothing_is_left_of_an_open_line_at_the_end():
    watched = Watched(20)
    with watched.captions:
        watched.tell(Partial(0, Hypothesis(CHINESE, 0)))
    assert watched.lines() == []
