from __future__ import annotations

import pytest

from saywire import messages as m
from saywire.client.frames import ServerEvent, TimedWord
from saywire.client.items import Items
from saywire.types import Hypothesis, Word

KIND = "conversation.item.input_audio_transcription"


def started(item: str, at: int) -> ServerEvent:
    return ServerEvent("input_audio_buffer.speech_started", item_id=item, audio_start_ms=at)


def test_items_are_utterances_in_the_order_in_which_they_are_named() -> None:
    items = Items()
    assert items.hear(started("a", 100)) == m.SpeechStarted(0, 0.1)
    assert items.hear(started("b", 900)) == m.SpeechStarted(1, 0.9)
    assert items.hear(ServerEvent("input_audio_buffer.committed", item_id="c")) is None
    assert items.hear(ServerEvent(f"{KIND}.completed", item_id="c", transcript="three")) == m.Final(
        2, "three", 0.0, 0.0
    )


def test_deltas_add_up() -> None:
    items = Items()
    word = TimedWord("hel", 0.1, 0.2)
    items.hear(ServerEvent(f"{KIND}.delta", item_id="a", delta="hel", words=(word,)))
    assert items.hear(ServerEvent(f"{KIND}.delta", item_id="a", delta="lo", unstable=" you")) == m.Partial(
        0, Hypothesis("hello you", 5, (Word("hel", 0.1, 0.2),))
    )


def test_what_is_cleared_is_the_one_that_was_not_committed() -> None:
    items = Items()
    items.hear(started("a", 0))
    items.hear(ServerEvent("input_audio_buffer.committed", item_id="a"))
    items.hear(started("b", 500))
    assert items.clear() == m.Cleared(1)
    assert items.clear() == m.Cleared(None)


def test_what_the_server_names_again_has_its_number_again() -> None:
    items = Items()
    for item in ("a", "b", "c"):
        items.hear(started(item, 0))
    items.repeat(1)
    assert items.hear(started("x", 0)) == m.SpeechStarted(1, 0.0)
    assert items.hear(started("y", 0)) == m.SpeechStarted(2, 0.0)


@pytest.mark.parametrize("kind", ["rate_limits.updated", "conversation.item.added", "new"])
def test_other_events_mean_nothing(kind: str) -> None:
    assert Items().hear(ServerEvent(kind, item_id="a")) is None
