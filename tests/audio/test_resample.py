from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from saywire.audio.resample import Resampler, clean
from saywire.errors import BadRequest
from saywire.types import Samples


def sweep(rate: int, seconds: float) -> Samples:
    at = np.arange(int(rate * seconds)) / rate
    return (0.5 * np.sin(2 * np.pi * (200 + 300 * at) * at)).astype(np.float32)


def convert(samples: Samples, rates: tuple[int, int], cut: int) -> Samples:
    resampler = Resampler(*rates)
    parts = [resampler.feed(samples[at : at + cut]) for at in range(0, len(samples), cut)]
    return np.concatenate([*parts, resampler.flush()])


RATES = [
    (8_000, 16_000),
    (11_025, 16_000),
    (24_000, 16_000),
    (44_100, 16_000),
    (48_000, 16_000),
    (16_000, 8_000),
]


@pytest.mark.parametrize("rates", RATES)
def test_a_stream_may_be_cut_anywhere(rates: tuple[int, int]) -> None:
    samples = sweep(rates[0], 0.7)
    whole = convert(samples, rates, len(samples))
    assert abs(len(whole) - len(samples) * rates[1] / rates[0]) <= 1
    for cut in (1, 7, 160, 999, 1600):
        assert np.array_equal(convert(samples, rates, cut), whole)


@pytest.mark.parametrize("rates", RATES)
def test_the_sound_stays_where_it_was(rates: tuple[int, int]) -> None:
    converted = convert(sweep(rates[0], 1.0), rates, 1600)
    inside = slice(rates[1] // 10, -rates[1] // 10)
    assert np.abs(converted - sweep(rates[1], 1.0))[inside].max() < 1e-3


def test_what_the_new_rate_cannot_carry_is_gone() -> None:
    at = np.arange(48_000) / 48_000
    tone = np.sin(2 * np.pi * 11_000 * at).astype(np.float32)  # would fold to 5 kHz
    assert np.abs(convert(tone, (48_000, 16_000), 480))[2000:-2000].max() < 1e-4


def test_after_flush_a_new_stream_begins() -> None:
    resampler, samples = Resampler(24_000, 16_000), sweep(24_000, 0.3)
    first = np.concatenate((resampler.feed(samples), resampler.flush()))
    second = np.concatenate((resampler.feed(samples), resampler.flush()))
    assert np.array_equal(first, second)
    assert len(resampler.flush()) == 0
    assert len(Resampler(8_000, 16_000).flush()) == 0


def test_many_flushes_lose_no_time() -> None:
    resampler, given, got = Resampler(44_100, 16_000), 0, 0
    for length in np.random.default_rng(0).integers(1, 3000, 300).tolist():
        given += length
        got += len(resampler.feed(np.zeros(length, np.float32))) + len(resampler.flush())
    assert abs(got - given * 16_000 / 44_100) < 300 / 2


def test_little_is_held_back() -> None:
    resampler, given, got = Resampler(48_000, 16_000), 0.0, 0.0
    for _ in range(100):
        given += 0.02
        got += len(resampler.feed(np.zeros(960, np.float32))) / 16_000
        assert given - got < 0.045


def test_equal_rates_pass_unchanged() -> None:
    resampler, samples = Resampler(16_000, 16_000), sweep(16_000, 0.1)
    assert resampler.feed(samples) is samples
    assert len(resampler.flush()) == 0


@pytest.mark.parametrize("rate", [-1, 0, 1, 3_999, 768_001, 4_000_000_000])
def test_rates_beyond_reason_are_refused(rate: int) -> None:
    for rates in ((rate, 16_000), (16_000, rate), (rate, rate)):
        with pytest.raises(BadRequest, match=f"sample rate {rate} Hz is not supported; send 4000 to 768000"):
            Resampler(*rates)


@pytest.mark.parametrize("rate", [4_000, 768_000])
def test_the_limits_themselves_work(rate: int) -> None:
    assert abs(len(convert(sweep(rate, 0.5), (rate, 16_000), 4096)) - 8_000) <= 1


def test_clean_audio_is_not_copied() -> None:
    samples = sweep(16_000, 0.1)
    for fine in (samples, samples[::2], np.array([-1, 1], np.float32), np.empty(0, np.float32)):
        assert clean(fine) is fine


def test_what_is_no_sample_is_cleaned() -> None:
    samples = np.array([np.nan, np.inf, -np.inf, 1.5, -3e38, 0.25], np.float32)
    assert clean(samples).tolist() == [0, 0, 0, 1, -1, 0.25]
    assert np.isnan(samples[0])
    for broken, sound in pairwise((np.nan, 0.0, np.inf, 0.0)):
        assert np.isfinite(clean(np.array([sound, broken], np.float32))).all()


@pytest.mark.parametrize("samples", [np.zeros((2, 3), np.float32), np.zeros(3), np.zeros(3, np.int16)])
def test_other_arrays_are_refused(samples: Samples) -> None:
    with pytest.raises(ValueError, match=r"expected float32 \(n,\)"):
        clean(samples)
