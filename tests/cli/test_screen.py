from __future__ import annotations

import io

from rich.console import Console

from saywire.cli.screen import Screen
from saywire.client.measure import Heard
from saywire.errors import EngineFailed
from saywire.messages import Failed, Final, Partial
from saywire.types import Hypothesis

EVENTS = (
    Partial(0, Hypothesis("one", 0)),
    Partial(0, Hypothesis("one", 3)),
    Partial(0, Hypothesis("one two", 3)),
    Final(0, "one two", 0.5, 1.25),
    Failed(1, EngineFailed("the engine stopped")),
)


def shown(terminal: bool) -> tuple[str, Screen]:
    file = io.StringIO()
    screen = Screen(Console(file=file, force_terminal=terminal, width=80, highlight=False))
    with screen:
        for number, event in enumerate(EVENTS):
            screen.show(Heard(event, number / 10))
    return file.getvalue(), screen


def test_a_file_gets_each_change_once_and_every_final() -> None:
    text, screen = shown(terminal=False)
    assert [line.split("...")[-1].strip() for line in text.splitlines()[:2]] == ["one", "one two"]
    assert "0.50 -   1.25 s  one two" in text and "failed: the engine stopped" in text
    assert screen.finals == ["one two"] and screen.failure


def test_a_terminal_s_line_is_rewritten() -> None:
    text, _ = shown(terminal=True)
    assert "\x1b[2K" in text and "one two" in text
