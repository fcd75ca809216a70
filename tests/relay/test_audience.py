from __future__ import annotations

from pathlib import Path

from relay.desk import Crowd
from saywire.errors import BadAudio
from saywire.messages import Final, SpeechStarted
from saywire.relay.audience import Everybody, State, mark, recall
from saywire.relay.journal import Gap, Journal, Line

FINAL = Final(0, "one", 0.5, 1.0)
GAP = Gap(1.0, 3.25)


def test_everybody_is_told_everything() -> None:
    crowds = Crowd(), Crowd()
    everybody = Everybody(crowds)
    error, state = BadAudio("gone"), State(True, True, 0.0, 0.0)
    everybody.hear(SpeechStarted(0, 0.0), 1.0)
    everybody.lose(GAP)
    everybody.see(state)
    everybody.warn("careful")
    everybody.fail(error)
    for crowd in crowds:
        assert crowd.events == [SpeechStarted(0, 0.0)] and crowd.gaps == [GAP] and crowd.states == [state]
        assert crowd.warnings == ["careful"] and crowd.failures == [error]


def test_what_others_heard_is_told_again(tmp_path: Path) -> None:
    journal, crowd = Journal(tmp_path / "journal.jsonl"), Crowd()
    for line in (Line(final=FINAL), Line(), Line(gap=GAP)):
        journal.write(line)
    recall(journal, crowd)
    journal.close()
    assert crowd.finals == [FINAL] and crowd.gaps == [GAP]


def test_a_gap_is_a_line_of_the_transcript() -> None:
    assert mark(GAP) == Final(-1, "[2.2 s of audio lost]", 1.0, 3.25)
