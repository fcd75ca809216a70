"""Finals of two channels in the order in which they are said."""

from __future__ import annotations

from saywire.core.conversation import Conversation
from saywire.messages import Event, Final, Finished, Settled
from saywire.types import RATE


def final(number: int, start: float, text: str = "") -> Final:
    return Final(number, text or f"at {start:g}", start, start + 1.0)


def settled(at: float) -> Settled:
    return Settled(round(at * RATE), 0, 0)


def hear(*said: tuple[int, Event], channels: int = 2) -> list[list[str]]:
    """What each event completes."""
    conversation = Conversation(channels)
    return [
        [f"{turn.channel} {turn.final.text}" for turn in conversation.take(channel, event)]
        for channel, event in said
    ]


def test_a_final_waits_for_what_may_have_been_said_before_it() -> None:
    assert hear((0, final(0, 5.0)), (1, final(0, 2.0)), (1, settled(4.0)), (1, settled(6.0))) == [
        [],
        ["1 at 2"],
        [],
        ["0 at 5"],
    ]


def test_the_end_of_a_channel_lets_go_of_everything() -> None:
    heard = hear(
        (0, final(0, 1.0)), (0, final(1, 3.0)), (1, Finished(9.0)), (0, final(2, 7.0)), (0, Finished(9.0))
    )
    assert heard == [[], [], ["0 at 1", "0 at 3"], ["0 at 7"], []]


def test_of_two_at_once_the_lower_channel_is_first() -> None:
    assert hear((1, final(0, 1.0)), (0, final(0, 1.0))) == [[], ["0 at 1", "1 at 1"]]


def test_one_channel_never_waits() -> None:
    assert hear((0, final(0, 1.0)), (0, final(1, 1.0)), channels=1) == [["0 at 1"], ["0 at 1"]]


def test_nothing_is_lost_and_all_is_in_order_however_the_channels_run() -> None:
    one = [(0, final(n, float(2 * n))) for n in range(10)] + [(0, Finished(30.0))]
    other = [(1, final(n, 2.0 * n + 1)) for n in range(10)] + [(1, Finished(30.0))]
    conversation = Conversation(2)
    turns = [turn for channel, event in [*one, *other] for turn in conversation.take(channel, event)]
    assert [turn.final.start for turn in turns] == [float(n) for n in range(20)]
    assert [turn.channel for turn in turns] == [0, 1] * 10
