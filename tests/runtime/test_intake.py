from __future__ import annotations

import numpy as np

from saywire import messages as m
from saywire.runtime.intake import Intake
from saywire.types import Options


def configure() -> m.Configure:
    return m.Configure(Options())


def test_commands_are_counted_as_they_came() -> None:
    """Two are answered before there is audio, one is refused later: the session counts none of these."""
    intake = Intake()
    for _ in range(2):
        intake.take(configure())
        intake.answer()
    audio = m.Audio(np.zeros(1600, np.float32))
    intake.take(audio)
    intake.feed(audio)
    assert intake.complete(m.Settled(0, 0, 0), "x").commands == 2
    for command, goes_on in ((m.Commit(), True), (configure(), False), (m.Mark(1), True), (m.Clear(), True)):
        intake.take(command)
        if goes_on:
            intake.give(command)
    assert intake.complete(m.Settled(800, 1, 1), "x").commands == 3
    assert intake.complete(m.Settled(1600, 2, 1), "x").commands == 5
    assert intake.complete(m.Settled(1600, 2, 1), "x").commands == 5


def test_positions_are_translated_from_where_it_began() -> None:
    intake = Intake()
    intake.resume(m.Settled(5000, 0, 0, reentry=m.Reentry(7500, 24_000)))
    half = intake.feed(m.Audio(np.full(1200, np.nan, np.float32), 24_000))
    rest = intake.flush()
    assert len(half) + len(rest) == 800
    assert not np.concatenate([half, rest]).any()  # what is no number is silence
    settled = intake.complete(m.Settled(5700, 0, 1, "context"), "fake")
    assert settled == m.Settled(5700, 0, 1, "context", "fake", m.Reentry(7500, 24_000, 700))
    assert intake.complete(m.Settled(5800, 0, 1), "fake").reentry == m.Reentry(8700, 24_000)


def test_a_little_audio_of_which_nothing_has_come_yet_was_heard_all_the_same() -> None:
    intake = Intake()
    assert not intake.heard
    assert len(intake.feed(m.Audio(np.zeros(3, np.float32), 24_000))) == 0
    assert intake.heard
    intake.resume(m.Settled(16_000, 0, 0, reentry=m.Reentry(24_000, 24_000)))
    assert not intake.heard
