"""Pauses between tries."""

from __future__ import annotations

from saywire.runtime.patience import Patience, open_client


def test_pauses_double_up_to_the_longest_and_half_is_chance() -> None:
    slept: list[float] = []
    for chance in (0.0, 1.0):
        patience = Patience(pause=1.0, longest=5.0, sleep=slept.append, chance=lambda chance=chance: chance)
        for failures in (1, 2, 3, 4, 40):
            patience.wait(failures, 0.0)
    assert slept == [0.5, 1.0, 2.0, 2.5, 2.5, 1.0, 2.0, 4.0, 5.0, 5.0]


def test_the_server_s_wish_is_obeyed_within_reason() -> None:
    slept: list[float] = []
    patience = Patience(pause=1.0, longest=5.0, sleep=slept.append, chance=lambda: 1.0)
    patience.wait(1, 3.0)
    patience.wait(1, 3600.0)
    assert slept == [3.0, 5.0]


def test_a_client_has_limits() -> None:
    with open_client(Patience(connect=2.0, silence=3.0)) as client:
        assert (client.timeout.connect, client.timeout.read) == (2.0, 3.0)
        assert client.headers["Accept-Encoding"] == "identity"
