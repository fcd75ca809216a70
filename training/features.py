"""The features `tiny` hears: 80 log-mel bins of Kaldi's fbank every 10 ms, exactly as sherpa-onnx computes
them.

Source: sherpa-onnx `features.cc` defaults for models without NeMo or Whisper features, checked against
`OnlineStream.get_frames()` of sherpa-onnx 2.0.1 (2026-11): samples in [-1, 1], no dither, povey window, 20
Hz to 400 Hz below Nyquist, edges not snipped.
"""

from __future__ import annotations

import kaldi_native_fbank as knf
import numpy as np
from numpy.typing import NDArray

from training.synthesise import SAMPLE_RATE, Samples

BINS = 80
LOW_HZ = 20.0
HIGH_HZ = SAMPLE_RATE / 2 - 400.0


def compute_fbank(samples: Samples) -> NDArray[np.float32]:
    """Features of shape (frames, 80); frames = round(n / 160)."""
    options = knf.FbankOptions()
    options.frame_opts.dither = 0
    options.frame_opts.snip_edges = False
    options.frame_opts.samp_freq = SAMPLE_RATE
    options.frame_opts.window_type = "povey"
    options.mel_opts.num_bins = BINS
    options.mel_opts.low_freq = LOW_HZ
    options.mel_opts.high_freq = -400.0
    fbank = knf.OnlineFbank(options)
    fbank.accept_waveform(SAMPLE_RATE, samples)
    fbank.input_finished()
    return np.stack([fbank.get_frame(index) for index in range(fbank.num_frames_ready)])


def mel_centres() -> NDArray[np.float64]:
    """Centre frequency in Hz of each bin, for warping the vocal tract in the feature domain."""
    low, high = (1127 * np.log1p(hertz / 700) for hertz in (LOW_HZ, HIGH_HZ))
    return 700 * np.expm1(np.linspace(low, high, BINS + 2)[1:-1] / 1127)
