from __future__ import annotations

import logging
from typing import ClassVar

import numpy as np

from saywire import messages as m
from saywire.errors import EngineFailed
from saywire.server.logs import SessionLog
from saywire.types import Hypothesis, Options


def test_two_lines_with_what_is_worth_knowing_and_nothing_that_was_said(caplog):
    caplog.set_level(logging.INFO, "saywire.server")
    times = iter([100.0, 102.5])
    log = SessionLog("s1", "/v1/realtime", "10.0.0.1", clock=lambda: next(times))
    log.start()
    log.hear(m.Audio(np.zeros(8000, np.float32), 8000))
    log.hear(m.Commit())
    log.note(m.Configured(Options(model="tiny", prompt="secret")))
    log.note(m.Configured(Options()))
    log.note(m.Partial(0, Hypothesis("secret")))
    log.note(m.Final(0, "secret", 0, 1))
    log.note(m.Failed(1, EngineFailed("no")))
    log.cause = "client left"
    log.end()
    assert [record.getMessage() for record in caplog.records] == [
        "session s1 start wire=/v1/realtime client=10.0.0.1 model=None",
        "session s1 end wire=/v1/realtime model=tiny audio=1.0s finals=1 failures=1 wall=2.5s"
        " cause=client left",
    ]


def test_who_is_not_let_in_is_one_line(caplog):
    caplog.set_level(logging.INFO, "saywire.server")
    SessionLog("s1", "/v1/realtime", "10.0.0.1").refuse("invalid_api_key")
    assert caplog.messages == ["refused wire=/v1/realtime client=10.0.0.1 cause=invalid_api_key"]


def test_errors_are_said_for_who_looks_closely_and_counted(caplog):
    class Meter:
        told: ClassVar[list] = []

        def fail(self, error):
            self.told.append(error.code)

    log = SessionLog("s1", "/v1/realtime", "10.0.0.1", meter=Meter())
    log.fail(EngineFailed("no"))
    assert (caplog.messages, Meter.told) == ([], ["engine_failed"])
    caplog.set_level(logging.DEBUG, "saywire.server")
    log.fail(EngineFailed("no"))
    assert caplog.messages == ["session s1 told wire=/v1/realtime code=engine_failed"]


def test_what_the_session_heard_counts_more_than_what_it_was_given():
    log = SessionLog("s1", "/", "?")
    log.hear(m.Audio(np.zeros(16000, np.float32)))
    log.note(m.Finished(0.5))
    assert log.seconds == 0.5
