from __future__ import annotations

import numpy as np
import pytest

from audio.pieces import made
from saywire.audio.codec import Codec, as_packet
from saywire.audio.ogg import Ogg
from saywire.errors import BadAudio


def opus_packets() -> list[bytes]:
    ogg = Ogg()
    ogg._waiting = made("ogg")
    return list(ogg._packets())[2:]


def test_a_damaged_packet_is_passed_over():
    packets = opus_packets()
    codec = Codec("opus", sample_rate=48_000, layout="mono")
    pieces = [
        piece
        for packet in [*packets[:20], b"", b"\xff", *packets[20:]]
        for piece in codec.decode(as_packet(packet))
    ]
    samples = np.concatenate([samples for samples, _ in pieces + codec.flush()])
    assert len(samples) >= 47_000


def test_audio_that_is_mostly_damage_is_refused():
    codec = Codec("opus", sample_rate=48_000, layout="mono")
    with pytest.raises(BadAudio, match="damaged"):
        for _ in range(50):
            codec.decode(as_packet(b"\xff"))


def test_audio_of_which_nothing_was_decoded_is_refused():
    codec = Codec("opus", sample_rate=48_000, layout="mono")
    codec.decode(as_packet(b"\xff"))
    with pytest.raises(BadAudio, match="nothing"):
        codec.flush()
