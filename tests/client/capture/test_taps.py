"""A double of catap: what its 0.6.0 offers, as far as it is used."""

from __future__ import annotations

import sys
import threading
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from audio.media import tone
from saywire.client.capture import taps
from saywire.client.capture.base import Kind
from saywire.client.capture.silence import PATIENCE
from saywire.client.capture.taps import EVERYTHING, Taps, to_samples
from saywire.errors import BadAudio, EngineFailed

FLOAT = SimpleNamespace(
    sample_rate=48_000.0, num_channels=1, bits_per_sample=32, bytes_per_sample=4, is_float=True
)


class Session:
    """Of a Mac on which a tone plays, or whose permission is missing."""

    def __init__(self, on_buffer: Any, plays: bool = True) -> None:
        self.on_buffer = on_buffer
        self.level = 1.0 if plays else 0.0
        self.stream_format = FLOAT
        self.failed = threading.Event()
        self.stopped = 0

    def start(self) -> None:
        self.give()

    def give(self) -> None:
        data = (self.level * tone(0.1, 48_000)).astype("<f4").tobytes()
        self.on_buffer(SimpleNamespace(data=data, format=FLOAT))

    def wait_for_capture_failure(self, timeout: float | None = None) -> bool:
        return self.failed.wait(timeout)

    def stop(self) -> None:
        self.stopped += 1
        self.failed.set()
        raise RuntimeError("Dropped 3 buffers")


def mac(monkeypatch: pytest.MonkeyPatch, plays: bool = True) -> list[Session]:
    made: list[Session] = []

    def record(mono: bool, on_buffer: Any) -> Session:
        made.append(Session(on_buffer, plays))
        return made[0]

    monkeypatch.setattr(taps, "catap", SimpleNamespace(record_system_audio=record))
    return made


def test_what_plays_is_captured(monkeypatch):
    made = mac(monkeypatch)
    assert Taps().devices() == [EVERYTHING]
    said: list[str] = []
    blocks = Taps().open(EVERYTHING, 0.1, said.append)
    for _ in range(20):
        made[0].give()
    blocks.stop()
    blocks.stop()
    samples = np.concatenate(list(blocks))
    assert len(samples) == 32_000 and np.abs(samples).max() > 0.35
    assert made[0].stopped == 1 and "Dropped 3 buffers" in said[0]


def test_a_permission_that_is_missing_is_recognised_by_its_zeros(monkeypatch):
    made = mac(monkeypatch, plays=False)
    said: list[str] = []
    blocks = Taps().open(EVERYTHING, 0.1, said.append)
    for _ in range(int(PATIENCE * 10) + 1):
        made[0].give()
    blocks.end()
    assert not np.concatenate(list(blocks)).any()
    assert len(said) == 1 and "Privacy & Security" in said[0]
    blocks.stop()


def test_a_capture_that_macos_ends_is_told(monkeypatch):
    made = mac(monkeypatch)
    blocks = Taps().open(EVERYTHING, 0.1, lambda text: None)
    made[0].failed.set()
    with pytest.raises(BadAudio, match="has changed"):
        list(blocks)
    blocks.stop()


def test_a_tap_that_cannot_be_made(monkeypatch):
    def refuse(**_: object) -> None:
        raise OSError("not permitted")

    monkeypatch.setattr(taps, "catap", SimpleNamespace(record_system_audio=refuse))
    with pytest.raises(BadAudio, match="not permitted"):
        Taps().open(EVERYTHING, 0.1, print)


@pytest.mark.parametrize("bits", [16, 32])
def test_integers_become_floats(bits):
    form = SimpleNamespace(num_channels=2, bits_per_sample=bits, bytes_per_sample=bits // 8, is_float=False)
    data = (np.array([[0.5, -0.5]]) * 2 ** (bits - 1)).astype(f"<i{bits // 8}").tobytes()
    assert np.allclose(to_samples(SimpleNamespace(data=data, format=form)), [[0.5, -0.5]])


@pytest.mark.skipif(sys.platform == "darwin", reason="catap may be here")
def test_elsewhere_there_is_none():
    with pytest.raises(EngineFailed, match=r"14\.2"):
        Taps().devices()


def test_a_tap_is_of_the_system():
    assert EVERYTHING.kind is Kind.SYSTEM and EVERYTHING.default
