from __future__ import annotations

import numpy as np
import pytest

from saywire.engines.base import TurnModel
from saywire.errors import EngineFailed
from saywire.runtime.judge import Judge

AUDIO = np.zeros(16, np.float32)


@pytest.mark.parametrize("early", [True, False])
def test_the_model_is_made_once_when_it_is_loaded_or_asked_first(early: bool) -> None:
    made = []

    def make() -> TurnModel:
        made.append(len(made))
        return len

    judge = Judge(make)
    assert made == []
    if early:
        judge.load()
        assert made == [0]
    assert [judge.ask(AUDIO), judge.ask(AUDIO)] == [16, 16] and made == [0]


def test_one_that_was_given_up_is_not_loaded_again(caplog: pytest.LogCaptureFixture) -> None:
    def make() -> TurnModel:
        raise EngineFailed("it is damaged")

    judge = Judge(make)
    with pytest.raises(EngineFailed) as failed:
        judge.ask(AUDIO)
    judge.give_up(failed.value)
    judge.load()
    assert judge.ask(AUDIO) is None
    assert caplog.messages == ["semantic turns end by silence from now on: it is damaged"]
