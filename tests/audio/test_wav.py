from __future__ import annotations

import io
import struct
import wave

import numpy as np
import pytest

from audio.media import encode, tone
from audio.pieces import heard, made

KINDS = {"pcm_u8": 0.01, "pcm_s24le": 1e-4, "pcm_s32le": 1e-4, "pcm_f32le": 1e-6, "pcm_mulaw": 0.03}


@pytest.mark.parametrize(("codec", "scale"), KINDS.items())
def test_wav_of_other_kinds(codec, scale):
    want = tone(0.5)
    samples, rates = heard("wav", encode(want, 16_000, "wav", codec), [50, 51, 999])
    assert rates == {16_000} and np.abs(samples - want).max() < scale


def test_wav_of_two_channels_and_another_rate():
    data = encode(np.stack([tone(0.5, 8_000), np.zeros(4000, np.float32)]), 8_000, "wav", "pcm_s16le")
    samples, rates = heard("wav", data, [3, 45, 1001])
    assert rates == {8_000} and np.allclose(samples, tone(0.5, 8_000) / 2, atol=1e-4)


def test_one_wav_behind_the_other():
    one = made("wav", 0.5)
    samples, _ = heard("wav", one + one, [len(one) - 1, len(one) + 5])
    assert len(samples) == 16_000


def test_a_wav_that_is_streamed_does_not_know_its_length():
    data = bytearray(made("wav"))
    at = data.index(b"data")
    for size in (0, 0xFFFFFFFF):
        struct.pack_into("<I", data, at + 4, size)
        assert len(heard("wav", bytes(data), [])[0]) == 16_000


def test_wav_without_a_header_is_pcm():
    data = made("pcm", 0.1)
    assert len(heard("wav", data, [5])[0]) == 1600
    assert len(heard("wav", data[:8], [5])[0]) == 4


def test_chunks_between_format_and_data_are_passed_over():
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(16_000)
        writer.writeframes(made("pcm", 0.1))
    data = file.getvalue()
    at = data.index(b"data")
    samples, _ = heard("wav", data[:at] + b"LIST\x05\x00\x00\x00abcde\x00" + data[at:], [40])
    assert len(samples) == 1600
