from __future__ import annotations

import random

from saywire.client.frames import UPDATE, Audio, Message, Order, Point
from saywire.client.ledger import Ledger
from saywire.client.tape import MemoryTape


def audio(start: int, count: int) -> Audio:
    """Samples that are their own positions."""
    return Audio(b"".join(n.to_bytes(2, "little") for n in range(start, start + count)))


def commit(id: str) -> Order:
    return Order(id, "input_audio_buffer.commit")


def taken(ledger: Ledger) -> list[Message]:
    return list(iter(ledger.take, None))


def test_each_message_is_taken_once() -> None:
    ledger = Ledger(100)
    assert ledger.take() is None
    ledger.add(audio(0, 3))
    assert taken(ledger) == [audio(0, 3)]
    ledger.add(commit("c1"))
    ledger.add(audio(3, 1))
    assert taken(ledger) == [commit("c1"), audio(3, 1)]


def test_what_has_not_settled_is_taken_again() -> None:
    ledger = Ledger(100)
    for message in (audio(0, 5), commit("c1"), audio(5, 5), commit("c2"), audio(10, 5)):
        ledger.add(message)
    assert len(taken(ledger)) == 5
    assert ledger.settle(Point(audio_start=7, event_id="c1")) == [commit("c1")]
    assert ledger.take() is None
    ledger.rewind()
    assert taken(ledger) == [audio(7, 3), commit("c2"), audio(10, 5)]


def test_orders_settle_by_their_ids_and_not_by_their_places() -> None:
    """An order at the very place that has settled may or may not have been obeyed; and what is given again
    may begin before one that was."""
    ledger = Ledger(100)
    for message in (audio(0, 5), commit("c1"), commit("c2"), audio(5, 5)):
        ledger.add(message)
    taken(ledger)
    assert ledger.settle(Point(audio_start=5, event_id="c1")) == [commit("c1")]
    assert ledger.settle(Point(audio_start=5, event_id="c1")) == []
    ledger.rewind()
    assert taken(ledger) == [commit("c2"), audio(5, 5)]
    assert ledger.settle(Point(audio_start=5, event_id="nobody's")) == []
    assert ledger.settle(Point(audio_start=5)) == []


def test_updates_that_have_settled_add_up() -> None:
    ledger = Ledger(100)
    ledger.add(Order("c1", UPDATE, {"type": "transcription", "audio": {"input": {"x": 1, "y": 1}}}))
    ledger.add(Order("c2", UPDATE, {"audio": {"input": {"y": 2}}}))
    ledger.add(Order("c3", UPDATE, {"audio": {"input": {"z": 3}}}))
    taken(ledger)
    ledger.settle(Point(event_id="c2"))
    assert ledger.settings == {"type": "transcription", "audio": {"input": {"x": 1, "y": 2}}}
    ledger.rewind()
    assert [m.id for m in taken(ledger) if isinstance(m, Order)] == ["c3"]


def test_an_order_that_was_refused_is_not_kept() -> None:
    ledger = Ledger(100)
    for message in (commit("c1"), audio(0, 5), commit("c2")):
        ledger.add(message)
    assert ledger.take() == commit("c1")
    ledger.drop("c1")
    assert ledger.take() == audio(0, 5)
    ledger.drop("nobody's")
    ledger.rewind()
    assert taken(ledger) == [audio(0, 5), commit("c2")]


def test_it_is_bounded_and_says_when_that_costs_something() -> None:
    ledger = Ledger(10)
    for start in range(0, 30, 5):
        ledger.add(audio(start, 5))
        ledger.add(commit(f"c{start}"))
    assert ledger.whole  # what was not sent yet is never forgotten
    taken(ledger)
    ledger.add(audio(30, 5))
    assert not ledger.whole
    ledger.settle(Point(audio_start=24, event_id="c15"))
    assert not ledger.whole
    ledger.settle(Point(audio_start=25, event_id="c20"))
    assert ledger.whole
    ledger.rewind()
    assert taken(ledger) == [audio(25, 5), commit("c25"), audio(30, 5)]


def test_any_history_leaves_what_comes_after_the_point() -> None:
    dice = random.Random(1)
    for _ in range(200):
        ledger, sent, position = Ledger(10_000), 0, 0
        for _ in range(dice.randrange(1, 30)):
            count = dice.randrange(1, 9)
            ledger.add(audio(position, count))
            position += count
            while dice.random() < 0.6 and ledger.take():
                sent += 1
            if dice.random() < 0.3:
                ledger.rewind()
        taken(ledger)
        settled = dice.randrange(position + 1)
        ledger.settle(Point(audio_start=settled))
        ledger.rewind()
        rest = b"".join(message.pcm for message in taken(ledger) if isinstance(message, Audio))
        assert rest == audio(settled, position - settled).pcm


def test_audio_that_was_there_before_lies_behind_the_first_orders() -> None:
    """A tape that another process has left."""
    tape = MemoryTape()
    tape.append(audio(0, 5).pcm)
    tape.append(audio(5, 5).pcm)
    tape.forget(3)
    ledger = Ledger(100, tape)
    ledger.add(commit("c1"))
    ledger.reach()
    ledger.add(commit("c2"))
    assert taken(ledger) == [commit("c1"), audio(3, 2), audio(5, 5), commit("c2")]


def test_it_is_torn_when_the_next_to_be_sent_is_gone() -> None:
    """A tape on disk that is full forgets what nobody has heard."""
    tape = MemoryTape()
    ledger = Ledger(100, tape)
    ledger.add(audio(0, 5))
    assert ledger.take() == audio(0, 5)
    ledger.add(audio(5, 5))
    ledger.add(audio(10, 5))
    tape.forget(5)
    assert not ledger.torn and not ledger.whole
    tape.forget(10)
    assert ledger.torn and ledger.take() is None
    ledger.settle(Point(audio_start=10))
    assert not ledger.torn and ledger.take() == audio(10, 5)
