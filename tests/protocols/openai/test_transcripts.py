import json

import pytest

from protocols.adapters import surroundings
from saywire.errors import EngineFailed
from saywire.messages import Cause, Final
from saywire.protocols.openai.options import UNSTABLE
from saywire.protocols.openai.outbox import Outbox
from saywire.protocols.openai.transcripts import Transcripts
from saywire.types import Hypothesis


class Told:
    def __init__(self):
        ids = surroundings().new_id
        self.outbox = Outbox(ids)
        self.transcripts = Transcripts(self.outbox, ids)

    def events(self):
        return [json.loads(frame) for frame in self.outbox.take()]

    def kinds(self):
        return [event["type"].removeprefix("conversation.item.").split(".")[-1] for event in self.events()]


def test_deltas_grow_only_by_what_became_stable():
    told = Told()
    for text, stable in [("he", 0), ("hello", 2), ("hello w", 2), ("hello wo", 6), ("hello wo", 6)]:
        told.transcripts.partial(0, Hypothesis(text, stable))
    assert [event["delta"] for event in told.events()] == ["he", "llo "]


@pytest.mark.parametrize("final", ["hello", "hello world", "hello "])
def test_the_final_adds_what_is_missing(final):
    told = Told()
    told.transcripts.partial(0, Hypothesis("hello", 5))
    told.transcripts.stopped(0, 1.0, Cause.SILENCE)
    told.transcripts.final(Final(0, final, 0.0, 1.0))
    events = told.events()
    assert "".join(event.get("delta", "") for event in events) == final == events[-1]["transcript"]


def test_ids_do_not_mix_when_utterances_overlap():
    told = Told()
    told.transcripts.started(0, 0.0)
    told.transcripts.stopped(0, 1.0, Cause.SILENCE)
    told.transcripts.started(1, 1.5)
    told.transcripts.partial(0, Hypothesis("a", 1))
    told.transcripts.stopped(1, 2.0, Cause.SILENCE)
    told.transcripts.final(Final(0, "a", 0, 1))
    told.transcripts.final(Final(1, "b", 1, 2))
    items = [(event["type"].split(".")[-1], event.get("item_id")) for event in told.events()]
    assert ("completed", "item_1") in items and ("completed", "item_2") in items
    assert ("delta", "item_1") in items and ("delta", "item_2") in items


@pytest.mark.parametrize(
    ("cause", "shown"),
    [(Cause.SILENCE, True), (Cause.LENGTH, True), (Cause.FINISH, True), (Cause.COMMIT, False)],
)
def test_speech_stopped_is_said_unless_the_client_committed(cause, shown):
    told = Told()
    told.transcripts.started(0, 0.1)
    told.transcripts.stopped(0, 1.0, cause)
    assert ("speech_stopped" in told.kinds()) == shown


@pytest.mark.parametrize("cause", Cause)
def test_no_speech_events_where_the_client_decides(cause):
    told = Told()
    told.transcripts.detects = False
    told.transcripts.started(0, 0.1)
    told.transcripts.stopped(0, 1.0, cause)
    assert told.kinds() == ["committed", "added", "done"]


def test_speech_that_was_announced_is_stopped_though_detection_ended_meanwhile():
    told = Told()
    told.transcripts.started(0, 0.1)
    told.transcripts.detects = False
    told.transcripts.stopped(0, 1.0, Cause.FINISH)
    assert told.kinds() == ["speech_started", "speech_stopped", "committed", "added", "done"]


def test_a_failure_before_the_end_still_commits_the_item():
    told = Told()
    told.transcripts.failed(0, EngineFailed("no"))
    assert told.kinds() == ["committed", "added", "done", "failed"]


def test_usage_is_the_audio_of_the_item():
    told = Told()
    told.transcripts.started(0, 0.5)
    told.transcripts.stopped(0, 2.0, Cause.SILENCE)
    told.transcripts.final(Final(0, "", 0.8, 1.5))
    told.transcripts.stopped(1, 2.75, Cause.COMMIT)  # without speech: from the end before
    told.transcripts.final(Final(1, "", 2.0, 2.75))
    told.transcripts.cleared(None, 4.0)
    told.transcripts.stopped(2, 4.25, Cause.COMMIT)  # or from what was cleared
    told.transcripts.final(Final(2, "", 4.0, 4.25))
    usages = [event["usage"] for event in told.events() if "usage" in event]
    assert usages == [{"type": "duration", "seconds": seconds} for seconds in (1.5, 0.75, 0.25)]


def test_a_cleared_utterance_is_forgotten():
    told = Told()
    told.transcripts.started(0, 0.1)
    told.transcripts.cleared(0, 1.0)
    told.transcripts.stopped(1, 2.0, Cause.COMMIT)
    assert [event.get("previous_item_id", "-") for event in told.events()] == ["-", "-", None, None, None]


def test_unstable_text_is_told_once_to_those_who_ask():
    told = Told()
    told.transcripts.include = (UNSTABLE,)
    for text in ("a", "a", "ab", ""):
        told.transcripts.partial(0, Hypothesis(text, 0))
    assert [(event["delta"], event["unstable"]) for event in told.events()] == [
        ("", "a"),
        ("", "ab"),
        ("", ""),
    ]


def test_the_beta_hears_of_an_item_once():
    told = Told()
    told.transcripts.flat = True
    told.transcripts.stopped(0, 1.0, Cause.COMMIT)
    assert told.kinds() == ["committed", "created"]
