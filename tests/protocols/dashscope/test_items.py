"""Whatever the order of the session's events, each item is told whole and in order."""

import json
import random

from protocols.adapters import surroundings
from saywire.messages import Cause, Final
from saywire.protocols.dashscope.items import Items
from saywire.types import Hypothesis

ORDER = ["speech_started", "speech_stopped", "committed", "item.created", "completed"]


def short(kind):
    return (
        kind.removeprefix("input_audio_buffer.").removeprefix("conversation.").rpartition("transcription.")[2]
    )


def told(items):
    return [json.loads(frame) for frame in items.take()]


def test_items_overlap_and_each_keeps_its_order():
    dice = random.Random(3)
    for _ in range(50):
        items = Items(surroundings().new_id)
        waiting = []
        for number in range(4):
            items.started(number, number)
            items.partial(number, Hypothesis("ab", dice.randrange(3)))
            items.stopped(number, number + 0.5, Cause.SILENCE)
            waiting.append(number)
            while waiting and dice.random() < 0.6:
                first = waiting.pop(0)
                items.final(Final(first, "abc", first, first + 0.5))
        events = told(items)
        for item in {event["item_id"] for event in events if "item_id" in event}:
            mine = [e for e in events if item in (e.get("item_id"), e.get("item", {}).get("id"))]
            kinds = [short(e["type"]) for e in mine if short(e["type"]) != "text"]
            assert kinds == ORDER[: len(kinds)] and len(kinds) >= 4


def test_a_silent_commit_where_turns_are_detected_says_nothing():
    items = Items(surroundings().new_id)
    items.stopped(0, 1.0, Cause.COMMIT)
    items.final(Final(0, "", 1.0, 1.0))
    assert not told(items)


def test_text_that_did_not_change_is_not_repeated():
    items = Items(surroundings().new_id)
    for _ in range(3):
        items.partial(0, Hypothesis("ab", 1))
    assert len(told(items)) == 1
