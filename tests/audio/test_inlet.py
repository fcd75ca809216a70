from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saywire.audio.inlet import Inlet, check_reentry, lead_of
from saywire.audio.resample import Resampler
from saywire.errors import BadRequest
from saywire.messages import Reentry
from saywire.types import RATE, Samples

RATES = (8_000, 11_025, 16_000, 24_000, 44_100, 44_101, 48_000)


def noise(rate: int, seconds: float) -> Samples:
    return np.random.default_rng(rate).uniform(-0.5, 0.5, round(rate * seconds)).astype(np.float32)


def convert(inlet: Inlet, samples: Samples, rate: int, cuts: Iterable[int] = ()) -> Samples:
    parts = [inlet.feed(part, rate) for part in np.split(samples, sorted(cuts))]
    return np.concatenate([*parts, inlet.flush()])


@pytest.mark.parametrize("rate", RATES)
def test_it_says_what_one_filter_for_all_would_say(rate: int) -> None:
    samples = noise(rate, 3.3)
    plain = Resampler(rate, RATE)
    expected = np.concatenate([plain.feed(samples), plain.flush()])
    inlet = Inlet()
    made = convert(inlet, samples, rate)
    assert inlet.heard == len(samples) and inlet.position == len(made) == len(expected)
    assert np.abs(made - expected).max() < 1e-6


@pytest.mark.parametrize("rate", RATES)
@given(seed=st.integers(0, 1 << 30))
@settings(max_examples=5, deadline=None)
def test_begun_again_anywhere_it_goes_on_to_the_last_bit(rate: int, seed: int) -> None:
    dice = np.random.default_rng(seed)
    samples = noise(rate, 3.3)
    whole = convert(Inlet(), samples, rate)
    first = Inlet()
    cuts = dice.integers(0, len(samples), 20).tolist()
    assert np.array_equal(convert(first, samples, rate, cuts), whole)
    for position in sorted(dice.integers(0, len(whole) + 1, 8).tolist()):
        place = first.find(position)
        check_reentry(place)
        assert place.known <= 2 * RATE and place.heard * RATE <= position * rate
        rest = samples[place.heard :]
        cuts = dice.integers(0, len(rest) + 1, 10).tolist()
        again = Inlet(place, position)
        assert np.array_equal(convert(again, rest, rate, cuts), whole[position:])
        assert (again.heard, again.position) == (first.heard, first.position)


@pytest.mark.parametrize("rate", [8_000, 24_000, 44_100])
def test_a_place_found_by_one_that_was_begun_again_is_as_good(rate: int) -> None:
    samples = noise(rate, 5.2)
    whole = convert(Inlet(), samples, rate)
    place, inlet = Reentry(), Inlet()
    for position in range(7_001, len(whole), 7_001):
        inlet = Inlet(place, position - 7_001)
        inlet.feed(samples[place.heard :], rate)
        place = inlet.find(position)
        assert place == inlet.find(position)
        rest = convert(Inlet(place, position), samples[place.heard :], rate)
        assert np.array_equal(rest, whole[position:])


def test_a_flush_and_another_rate_begin_a_new_stretch() -> None:
    first, second, third = noise(24_000, 1.7), noise(24_000, 0.6), noise(8_000, 0.9)
    inlet = Inlet()
    one = convert(inlet, first, 24_000)
    place = inlet.position
    assert inlet.find(place) == Reentry(len(first), 24_000)
    two = convert(inlet, second, 24_000)
    at_rate = inlet.position
    three = convert(inlet, third, 8_000)
    assert inlet.find(place) == Reentry(len(first), 24_000)
    assert inlet.find(place + 100) == Reentry(len(first), 24_000, 100)
    assert inlet.find(at_rate) == Reentry(len(first) + len(second), 8_000)
    assert inlet.position == len(one) + len(two) + len(three)


def test_nothing_is_a_stretch_of_its_own() -> None:
    inlet = Inlet()
    assert len(inlet.flush()) == 0
    assert inlet.find(0) == Reentry()
    inlet.feed(np.empty(0, np.float32), 8_000)
    inlet.flush()
    inlet.feed(noise(RATE, 0.1), RATE)
    assert inlet.find(1234) == Reentry(1234)


def test_little_is_held_back_at_the_seams_of_the_seconds_too() -> None:
    inlet, given, got = Inlet(), 0.0, 0.0
    for _ in range(250):
        given += 0.02
        got += len(inlet.feed(np.zeros(480, np.float32), 24_000)) / RATE
        assert given - got < 0.04


def test_a_rate_that_cannot_be_changes_nothing() -> None:
    samples = noise(24_000, 0.5)
    inlet = Inlet()
    half = inlet.feed(samples[:6000], 24_000)
    with pytest.raises(BadRequest, match="sample rate 1 Hz"):
        inlet.feed(samples, 1)
    rest = convert(inlet, samples[6000:], 24_000)
    assert np.array_equal(np.concatenate([half, rest]), convert(Inlet(), samples, 24_000))


def test_what_goes_on_in_mid_stream_goes_on_at_its_rate() -> None:
    inlet = Inlet(Reentry(24_000, 24_000, 100), 16_100)
    with pytest.raises(BadRequest, match="24000 Hz, not at 8000"):
        inlet.feed(noise(8_000, 0.1), 8_000)
    assert len(convert(inlet, noise(24_000, 0.1), 24_000)) == 1500


@pytest.mark.parametrize(
    "place",
    [
        Reentry(-1),
        Reentry(0, 1),
        Reentry(0, RATE, 1),
        Reentry(0, 24_000, -1),
        Reentry(0, 24_000, 2 * RATE),
        Reentry(0, 24_000, 800, 801),
        Reentry(0, 24_000, 100, 800),
        Reentry(0, 24_000, 2 * RATE, -800),
        Reentry(0, 44_100, 900, 801),
        Reentry(0, 24_000, 1 << 40, 1 << 39),
    ],
)
def test_places_that_no_inlet_would_name_are_refused(place: Reentry) -> None:
    with pytest.raises(BadRequest):
        check_reentry(place)


def test_filters_begin_early_by_whole_samples_of_both_rates() -> None:
    assert lead_of(24_000) == lead_of(8_000) == 800
    for rate in RATES:
        lead = lead_of(rate)
        assert lead >= 800 and lead * rate % RATE == 0
