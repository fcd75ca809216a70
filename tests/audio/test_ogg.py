from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pytest

from audio.pieces import heard, made
from saywire.audio.ogg import OpusPackets
from saywire.audio.streaming import make_decoder
from saywire.errors import BadAudio


def test_bare_opus_packets():
    ogg = make_decoder("ogg", 16_000)
    packets: list[bytes] = []
    ogg._take = lambda packet: packets.append(packet) or []  # type: ignore[attr-defined]
    ogg.feed(made("opus"))
    decoder = OpusPackets()
    samples = np.concatenate([s for packet in packets[2:] for s, _ in decoder.feed(packet)])
    assert len(samples) >= 47_000 and np.abs(samples).max() > 0.3


@pytest.mark.parametrize(("program", "suffix", "form"), [("sox", "ogg", "ogg"), ("speexenc", "spx", "speex")])
def test_what_only_other_programs_encode(tmp_path, program, suffix, form):
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")
    plain, coded = tmp_path / "plain.wav", tmp_path / f"coded.{suffix}"
    plain.write_bytes(made("wav"))
    subprocess.run([program, plain, coded], check=True, capture_output=True)
    data = coded.read_bytes()
    samples, rates = heard(form, data, [77, 1000, 1001])
    assert rates == {16_000} and 15_500 < len(samples) < 17_500 and np.abs(samples).max() > 0.3
    assert np.array_equal(heard(form, data, [])[0], samples)


def test_opus_packets_may_be_an_ogg():
    data = made("ogg")
    decoder = OpusPackets()
    pieces = [*decoder.feed(data[:1000]), *decoder.feed(data[1000:]), *decoder.finish()]
    assert sum(len(samples) for samples, _ in pieces) == len(heard("ogg", data, [])[0])


def test_what_is_no_ogg_is_known_by_its_first_bytes():
    """A live client that sends bare packets must not wait for its end to hear of it."""
    for data in (b"\x78\x01", b"Og\x00", b"OggX"):
        decoder = make_decoder("opus", 16_000)
        with pytest.raises(BadAudio, match="no Ogg"):
            for at in range(len(data)):
                decoder.feed(data[at : at + 1])
