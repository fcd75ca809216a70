from __future__ import annotations

import pytest

from saywire.core.state import HEARING, LIFE, Fate, Heard, Hearing, Life, after
from saywire.errors import OutOfOrder


def test_the_tables_are_whole() -> None:
    assert set(HEARING) == set(Hearing) and set(LIFE) == set(Life)
    reached = {state for row in HEARING.values() for state in row.values()}
    assert reached == set(Hearing)
    assert {state for row in LIFE.values() for state in row.values()} == set(Life) - {Life.OPEN}


def test_an_utterance_ends_once() -> None:
    for end in (Life.FINAL, Life.FAILED, Life.CLEARED):
        for fate in Fate:
            with pytest.raises(OutOfOrder, match=f"{fate.name} cannot happen while {end.name}"):
                after(LIFE, end, fate)


def test_nothing_is_heard_after_the_finish() -> None:
    for heard in Heard:
        with pytest.raises(OutOfOrder):
            after(HEARING, Hearing.FINISHED, heard)
