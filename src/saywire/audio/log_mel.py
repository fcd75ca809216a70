"""What models on Whisper's encoder hear: the energy in 80 mel bands every 10 ms, as a logarithm.

Slaney's mel scale and area norm, windows of 400 samples. Source: whisper/audio.py of openai/whisper (MIT,
November 2026), whose filters are librosa's; tests hold it against faster-whisper's.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ..types import RATE, Samples

BANDS = 80
HOP = 160
WINDOW = 400
FLOOR = 1e-10
RANGE = 8.0
"""Powers of ten below the loudest; what is quieter counts as that quiet."""

_Floats = NDArray[np.float32]


def log_mel(samples: Samples) -> _Floats:
    """Features (80, n // 160) of n samples at the house rate, more than 200: Whisper's, about -1 to 1.5."""
    mirrored = np.pad(samples, WINDOW // 2, "reflect")
    frames = sliding_window_view(mirrored, WINDOW)[::HOP][: len(samples) // HOP]
    spectra = np.fft.rfft(frames * _HANN)
    power = (np.square(spectra.real) + np.square(spectra.imag)).astype(np.float32)
    energies = np.log10(np.maximum(_FILTERS @ power.T, FLOOR))
    features: _Floats = (np.maximum(energies, energies.max() - RANGE) + 4.0) / 4.0
    return features


def _to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    """Slaney's scale: 15 mel for the first 1,000 Hz, evenly, then 27 for each factor of 6.4."""
    return np.where(mel < 15, mel * 200 / 3, 1000 * 6.4 ** ((mel - 15) / 27))


def _make_filters() -> _Floats:
    """(80, 201): triangles from the centre of one band to that of the next but one, each of the same area."""
    highest = 15 + 27 * np.log(RATE / 2 / 1000) / np.log(6.4)
    edges = _to_hz(np.linspace(0, highest, BANDS + 2))[:, None]
    bins = np.fft.rfftfreq(WINDOW, 1 / RATE)
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    triangles = np.maximum(0, np.minimum(rising, falling)) * 2 / (edges[2:] - edges[:-2])
    return triangles.astype(np.float32)


_HANN = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
_FILTERS = _make_filters()
