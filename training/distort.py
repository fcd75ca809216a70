"""What happens to speech before it reaches a server: rooms, telephones, noise, gain, other vocal tracts.

Contract: every function takes and returns float32 mono at 16 kHz and draws from the generator it is given.
`distort` is the whole chain; its arguments are its probabilities, so that a test set can ask for all of it.
"""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray

from training.synthesise import SAMPLE_RATE, Samples

Rng = np.random.Generator


def scale_voice(samples: Samples, factor: float) -> Samples:
    """Play `factor` times slower: pitch and formants fall, duration grows, as if another person spoke."""
    scaled: Samples = soxr.resample(samples, SAMPLE_RATE, round(SAMPLE_RATE * factor), quality="MQ")
    return scaled


def make_noise(rng: Rng, count: int) -> Samples:
    """Stationary noise of unit variance: white, pink, brown, mains hum, or a random smooth spectrum."""
    spectrum = np.fft.rfft(rng.standard_normal(count))
    frequency = np.maximum(np.fft.rfftfreq(count, 1 / SAMPLE_RATE), 20.0)
    match rng.integers(6):
        case 0:
            pass
        case 1:
            spectrum /= np.sqrt(frequency)
        case 2:
            spectrum /= frequency
        case 3:
            spectrum = spectrum / frequency + _hum(rng, frequency) * np.abs(spectrum).mean() / 40
        case _:
            spectrum *= 10 ** (_smooth_curve(rng, frequency, 12.0) / 20)
    noise = np.fft.irfft(spectrum, count)
    if rng.random() < 0.3:  # a slow swell: traffic, wind
        noise *= 1 + 0.8 * np.sin(
            2 * np.pi * (rng.uniform(0.2, 3) * np.arange(count) / SAMPLE_RATE + rng.random())
        )
    unit: Samples = (noise / (noise.std() + 1e-9)).astype(np.float32)
    return unit


def _hum(rng: Rng, frequency: NDArray[np.float64]) -> NDArray[np.float64]:
    base = rng.choice((50.0, 60.0))
    comb = np.zeros_like(frequency)
    for harmonic in range(1, 20):
        comb[np.searchsorted(frequency, base * harmonic)] = 1 / harmonic
    return comb * len(frequency) / 100


def _smooth_curve(rng: Rng, frequency: NDArray[np.float64], decibels: float) -> NDArray[np.float64]:
    anchors = np.log(np.array([20.0, 150.0, 400.0, 900.0, 1800.0, 3600.0, 8000.0]))
    return np.interp(np.log(frequency), anchors, rng.uniform(-decibels, decibels, len(anchors)))


def make_babble(rng: Rng, count: int, speech: Samples) -> Samples:
    """Unintelligible talk of unit variance: 4 pieces of `speech` added, each backwards."""
    noise = np.zeros(count, np.float32)
    for _ in range(4):
        start = rng.integers(0, max(1, len(speech) - count))
        piece = speech[start : start + count][::-1]
        noise[: len(piece)] += piece
    return noise / (noise.std() + np.float32(1e-9))


def reverberate(samples: Samples, rng: Rng) -> Samples:
    """Convolve with an exponentially decaying random room response of 80 to 350 ms; the length stays."""
    length = int(SAMPLE_RATE * rng.uniform(0.08, 0.35))
    response = rng.standard_normal(length) * np.exp(-np.arange(length) / (length / 5))
    response[0] = rng.uniform(2, 6)
    size = 1 << (len(samples) + length).bit_length()
    wet = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(response, size), size)
    return wet[: len(samples)].astype(np.float32)


def colour(samples: Samples, rng: Rng, decibels: float = 7.0) -> Samples:
    """Pass through a microphone with a smooth random frequency response of +-`decibels`."""
    frequency = np.maximum(np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE), 20.0)
    gain = 10 ** (_smooth_curve(rng, frequency, decibels) / 20)
    return np.fft.irfft(np.fft.rfft(samples) * gain, len(samples)).astype(np.float32)


def narrow_band(samples: Samples, rng: Rng) -> Samples:
    """8 kHz sampling; half of the time also the telephone's 300-3400 Hz and 8-bit mu-law companding."""
    telephone: Samples = soxr.resample(samples, SAMPLE_RATE, 8_000, quality="MQ")
    if rng.random() < 0.5 and len(telephone):
        frequency = np.fft.rfftfreq(len(telephone), 1 / 8_000)
        spectrum = (
            np.fft.rfft(telephone) * (1 / (1 + (200 / np.maximum(frequency, 1)) ** 4)) * (frequency < 3_450)
        )
        telephone = np.fft.irfft(spectrum, len(telephone)).astype(np.float32)
        peak = np.abs(telephone).max() + 1e-6
        curve = np.sign(telephone) * np.log1p(255 * np.abs(telephone / peak)) / np.log(256)
        curve = np.round(curve * 127) / 127
        telephone = (peak * np.sign(curve) * (256 ** np.abs(curve) - 1) / 255).astype(np.float32)
    wide: Samples = soxr.resample(telephone, 8_000, SAMPLE_RATE, quality="MQ")
    padded = np.zeros(len(samples), np.float32)
    padded[: min(len(wide), len(padded))] = wide[: len(padded)]
    return padded


def add_noise(samples: Samples, noise: Samples, decibels: float) -> Samples:
    """Add `noise` (unit variance) at a signal-to-noise ratio measured over the speaking parts."""
    speaking = samples[np.abs(samples) > 0.02 * (np.abs(samples).max() + 1e-9)]
    level = float(speaking.std()) if len(speaking) > 10 else 0.1
    return samples + noise * np.float32(level * 10 ** (-decibels / 20))


def set_gain(samples: Samples, decibels: float) -> Samples:
    """Bring the peak to `decibels` below full scale."""
    return (samples / (np.abs(samples).max() + 1e-6) * 10 ** (-decibels / 20)).astype(np.float32)


def distort(
    samples: Samples,
    rng: Rng,
    *,
    room: float = 0.3,
    band: float = 0.35,
    microphone: float = 0.0,
    noise: float = 0.85,
    babble: Samples | None = None,
) -> Samples:
    """The whole chain; the named arguments are probabilities (noise: 5-40 dB), the gain always varies."""
    if rng.random() < room:
        samples = reverberate(samples, rng)
    if rng.random() < microphone:
        samples = colour(samples, rng)
    if rng.random() < band:
        samples = narrow_band(samples, rng)
    if rng.random() < noise:
        use_babble = babble is not None and rng.random() < 0.15
        kind = (
            make_babble(rng, len(samples), babble)
            if use_babble and babble is not None
            else make_noise(rng, len(samples))
        )
        samples = add_noise(samples, kind, rng.uniform(12 if use_babble else 5, 40))
    return set_gain(samples, rng.uniform(0.5, 28))
