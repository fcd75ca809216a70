from __future__ import annotations

import numpy as np
import pytest

from saywire.engines.base import TurnModel
from saywire.errors import EngineFailed
from saywire.runtime.judge import Judge

AUDIO = np.zeros(16, np.float32)


def test_the_model_is_loaded_when_it_is_asked_first_and_once() -> None:
    loads = []

    def load() -> TurnModel:
        loads.append(len(loads))
        return len

    judge = Judge(load)
    assert loads == []
    assert [judge.ask(AUDIO), judge.ask(AUDIO)] == [16, 16] and loads == [0]


def test_one_that_was_given_up_is_not_loaded_again(caplog: pytest.LogCaptureFixture) -> None:
    def load() -> TurnModel:
        raise EngineFailed("it is damaged")

    judge = Judge(load)
    with pytest.raises(EngineFailed) as failed:
        judge.ask(AUDIO)
    judge.give_up(failed.value)
    assert judge.ask(AUDIO) is None
    assert caplog.messages == ["semantic turns end by silence from now on: it is damaged"]
