"""Encoded audio, and what comes of it when it arrives in pieces."""

from __future__ import annotations

import numpy as np

from audio.media import encode, tone
from saywire.audio.streaming import make_decoder


def made(form: str, seconds: float = 1.0) -> bytes:
    match form:
        case "pcm":
            return (tone(seconds) * 32767).astype("<i2").tobytes()
        case "wav":
            return encode(tone(seconds), 16_000, "wav", "pcm_s16le")
        case "opus" | "ogg":
            return encode(tone(seconds, 48_000), 48_000, "ogg", "libopus")
        case "mp3":
            return encode(tone(seconds), 16_000, "mp3", "libmp3lame")
        case "aac":
            return encode(tone(seconds), 16_000, "adts", "aac")
        case "amr":
            return encode(tone(seconds, 8_000), 8_000, "amr", "libopencore_amrnb")
    raise AssertionError(form)


def heard(form: str, data: bytes, cuts: list[int], rate: int = 16_000) -> tuple[np.ndarray, set[int]]:
    decoder = make_decoder(form, rate)
    pieces = []
    for start, stop in zip([0, *cuts], [*cuts, len(data)], strict=True):
        pieces += decoder.feed(data[start:stop])
    pieces += decoder.finish()
    assert all(samples.dtype == np.float32 and samples.ndim == 1 for samples, _ in pieces)
    return np.concatenate([np.zeros(0, np.float32), *(s for s, _ in pieces)]), {rate for _, rate in pieces}
