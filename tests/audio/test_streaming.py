from __future__ import annotations

import io
import random

import numpy as np
import pytest

from audio.pieces import heard, made
from saywire.audio.container import decode
from saywire.audio.streaming import FORMATS, make_decoder
from saywire.errors import BadAudio

MADE = ["pcm", "wav", "ogg", "opus", "mp3", "aac", "amr"]


@pytest.mark.parametrize("form", MADE)
def test_the_cut_changes_nothing(form):
    data = made(form)
    whole, rates = heard(form, data, [])
    assert len(rates) == 1 and np.abs(whole).max() > 0.3
    dice = random.Random(form)
    for count in (1, 7, 60):
        cuts = sorted(dice.randrange(len(data)) for _ in range(count))
        again, _ = heard(form, data, cuts)
        assert np.array_equal(again, whole)
    each_byte, _ = heard(form, data[:4000], list(range(1, 4000)))
    assert np.array_equal(each_byte, heard(form, data[:4000], [])[0])


@pytest.mark.parametrize("form", ["wav", "ogg", "mp3", "aac", "amr"])
def test_the_same_as_from_a_file(form):
    data = made(form)
    streamed, [rate] = heard(form, data, [])
    filed = np.concatenate(list(decode(io.BytesIO(data), rate=rate, max_seconds=60)))
    # a demuxer also drops what an encoder put before and behind
    assert 0 <= len(streamed) - len(filed) < 0.2 * rate
    length = len(filed) - 4000
    lags = range(len(streamed) - len(filed) + 1)
    assert min(float(np.abs(streamed[at : at + length] - filed[:length]).max()) for at in lags) < 1e-3


@pytest.mark.parametrize("form", ["wav", "ogg", "opus", "mp3", "aac", "amr"])
def test_samples_come_before_the_end(form):
    data = made(form, 4.0)
    decoder = make_decoder(form, 16_000)
    pieces = decoder.feed(data[: len(data) // 2])
    seconds = sum(len(samples) / rate for samples, rate in pieces)
    assert seconds > 1.0


BAD = {
    "wav": b"RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00" + bytes(16),
    "ogg": b"OggS" + bytes(22) + b"\x01\x05hello",
    "mp3": bytes(range(256)) * 40,
    "aac": b"no aac at all " * 400,
}


@pytest.mark.parametrize("form", BAD)
def test_what_is_no_such_audio_is_refused(form):
    with pytest.raises(BadAudio):
        assert not heard(form, BAD[form], [])[0].size
        raise BadAudio("nothing was said, and nothing heard")


@pytest.mark.parametrize("form", MADE)
def test_nothing_at_all_is_no_error(form):
    assert not make_decoder(form, 16_000).finish()


@pytest.mark.parametrize("form", FORMATS)
def test_noise_gives_samples_or_bad_audio(form):
    dice = random.Random(7)
    whole = made(form) if form in MADE else b""
    for _ in range(60):
        data = bytearray(whole) if dice.random() < 0.7 else bytearray(dice.randbytes(3000))
        for _ in range(dice.randrange(1, 40)):
            if data:
                data[dice.randrange(len(data))] = dice.randrange(256)
        try:
            samples, _ = heard(form, bytes(data), sorted(dice.randrange(len(data) + 1) for _ in range(5)))
        except BadAudio:
            continue
        assert np.isfinite(samples).all()


def test_an_unknown_format_is_named():
    with pytest.raises(BadAudio, match="'flv'"):
        make_decoder("flv", 16_000)
