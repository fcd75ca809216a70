from __future__ import annotations

import importlib
import warnings
import zlib
from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest

from saywire.audio.pcm import Pcm16, from_alaw, from_mulaw, from_pcm16, to_alaw, to_mulaw, to_pcm16
from saywire.errors import BadRequest
from saywire.types import Samples

CODES = bytes(range(256))
VALUES = np.arange(-32768, 32768).astype("<i2")
EVERY = (VALUES / 32768).astype(np.float32)


@pytest.fixture
def audioop() -> ModuleType:
    """Python's own G.711, which left with 3.13."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            return importlib.import_module("audioop")
        except ModuleNotFoundError:
            pytest.skip("this Python has no audioop")


def integers(samples: Samples) -> list[int]:
    return [int(value) for value in samples.astype(np.float64) * 32768]


def test_every_16_bit_value_survives() -> None:
    assert np.array_equal(from_pcm16(VALUES.tobytes()), EVERY)
    assert to_pcm16(EVERY) == VALUES.tobytes()
    assert from_pcm16(b"\x00\x40\x00\x80").tolist() == [0.5, -1.0]
    assert from_pcm16(b"").shape == (0,)


@pytest.mark.parametrize("view", [bytes, bytearray, memoryview])
def test_samples_are_float32_of_their_own(view: Callable[[bytes], bytes]) -> None:
    samples = from_pcm16(view(b"\x00\x40"))
    assert samples.dtype == np.float32
    samples[0] = 0  # writable, and no view of the message


def test_an_odd_number_of_bytes_is_refused() -> None:
    with pytest.raises(BadRequest, match="2 bytes a sample; got 3 bytes"):
        from_pcm16(b"\x00\x01\x02")


def test_what_16_bits_cannot_hold_is_clipped() -> None:
    samples = np.array([1.0, 1.5, np.inf, -1.0, -7.0, -np.inf, np.nan, 0.4 / 32768, 0.6 / 32768], np.float32)
    expected = [32767, 32767, 32767, -32768, -32768, -32768, 0, 0, 1]
    assert np.frombuffer(to_pcm16(samples), "<i2").tolist() == expected


@pytest.mark.parametrize("cut", [1, 2, 3, 7, 160, 1001])
def test_pcm_may_be_cut_inside_a_sample(cut: int) -> None:
    data = VALUES[::13].tobytes()
    decoder = Pcm16()
    parts = [decoder.feed(data[at : at + cut]) for at in range(0, len(data), cut)]
    assert np.array_equal(np.concatenate(parts), from_pcm16(data))


def test_half_a_sample_is_forgotten_on_reset() -> None:
    decoder = Pcm16()
    assert decoder.feed(memoryview(b"\x00\x40\x99")).tolist() == [0.5]
    decoder.reset()
    assert decoder.feed(b"\x00\x40").tolist() == [0.5]


def test_mulaw_has_the_values_of_the_standard() -> None:
    # G.711 table 2a and 2b, as 16-bit values: ends and one of each segment
    codes = bytes((0x00, 0x80, 0x7F, 0xFF, 0x8F, 0x9F, 0xAF, 0xBF, 0xCF, 0xDF, 0xEF, 0x10, 0x7E))
    values = [-32124, 32124, 0, 0, 16764, 8316, 4092, 1980, 924, 396, 132, -15996, -8]
    assert integers(from_mulaw(codes)) == values
    assert to_mulaw(np.array([0, 1, -1, np.nan, 2.0, 8 / 32768], np.float32)) == b"\xff\x80\x00\xff\x80\xfe"


def test_alaw_has_the_values_of_the_standard() -> None:
    # G.711 table 1a and 1b, as 16-bit values: ends and some between
    codes = bytes((0xD5, 0x55, 0xAA, 0x2A, 0x80, 0x00, 0xC5, 0xF5))
    assert integers(from_alaw(codes)) == [8, -8, 32256, -32256, 5504, -5504, 264, 528]
    assert to_alaw(np.array([0, 1, -1, np.nan, 2.0, -8 / 32768], np.float32)) == b"\xd5\xaa\x2a\xd5\xaa\x55"


@pytest.mark.parametrize(
    ("decode", "encode", "decoded", "encoded"),
    [(from_mulaw, to_mulaw, 0x0C847A9F, 0x3B7C3A3E), (from_alaw, to_alaw, 0x9D764657, 0x9133796E)],
)
def test_all_values_of_g711_stay(
    decode: Callable[[bytes], Samples], encode: Callable[[Samples], bytes], decoded: int, encoded: int
) -> None:
    assert zlib.crc32(np.array(integers(decode(CODES)), "<i2").tobytes()) == decoded
    assert zlib.crc32(encode(EVERY)) == encoded


@pytest.mark.parametrize(
    ("decode", "encode", "law"), [(from_mulaw, to_mulaw, "ulaw"), (from_alaw, to_alaw, "alaw")]
)
def test_g711_is_that_of_python(
    decode: Callable[[bytes], Samples], encode: Callable[[Samples], bytes], law: str, audioop: ModuleType
) -> None:
    assert np.array(integers(decode(CODES)), "<i2").tobytes() == getattr(audioop, f"{law}2lin")(CODES, 2)
    assert encode(EVERY) == getattr(audioop, f"lin2{law}")(VALUES.tobytes(), 2)


@pytest.mark.parametrize(("decode", "encode"), [(from_mulaw, to_mulaw), (from_alaw, to_alaw)])
def test_g711_decoded_and_encoded_again_is_the_same(
    decode: Callable[[bytes], Samples], encode: Callable[[Samples], bytes]
) -> None:
    once = decode(CODES)
    assert np.array_equal(decode(encode(once)), once)
