"""A double of sounddevice: what its 0.5.6 offers, as far as it is used."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from saywire.client.capture import portaudio
from saywire.client.capture.base import Device, Kind
from saywire.client.capture.portaudio import PortAudio
from saywire.client.capture.silence import PATIENCE
from saywire.errors import BadAudio, EngineFailed

MIC = Device(Kind.MICROPHONE, "0", "Mikrofon", True)
CABLE = Device(Kind.SYSTEM, "2", "BlackHole 2ch")
FINE = SimpleNamespace(input_overflow=False)


class PortAudioError(Exception):
    pass


class Stream:
    """Gives a second of a level as soon as it is started."""

    level = 0.25
    status = FINE
    made: Any = None

    def __init__(self, callback: Any, finished_callback: Any, blocksize: int, **settings: Any) -> None:
        self.callback, self.finished, self.size, self.settings = (
            callback,
            finished_callback,
            blocksize,
            settings,
        )
        self.closed = 0
        type(self).made = self

    def start(self) -> None:
        for _ in range(10):
            self.give()

    def give(self) -> None:
        lent = np.full((self.size, 1), self.level, np.float32)
        self.callback(lent, self.size, None, self.status)
        lent[:] = 9.0

    def close(self) -> None:
        self.closed += 1
        self.finished()


def machine(monkeypatch: pytest.MonkeyPatch, **stream: Any) -> Any:
    def device(index: int, name: str, inputs: int, interface: int = 0) -> dict[str, object]:
        return {
            "index": index,
            "name": name,
            "max_input_channels": inputs,
            "hostapi": interface,
            "default_samplerate": 44_100.0,
        }

    found = [
        device(0, "Mikrofon", 2),
        device(1, "Lautsprecher", 0),
        device(2, "BlackHole 2ch", 2),
        device(3, "Mikrofon", 2, interface=1),
    ]
    module = SimpleNamespace(
        PortAudioError=PortAudioError,
        default=SimpleNamespace(device=(0, 1), hostapi=0),
        query_devices=lambda index=None: found if index is None else found[index],
        InputStream=type("Made", (Stream,), stream),
    )
    monkeypatch.setattr(portaudio, "sounddevice", module)
    return module


def test_microphones_and_cables_are_told_apart_by_name(monkeypatch):
    machine(monkeypatch)
    assert PortAudio().devices() == [MIC, CABLE]


def test_a_microphone_is_captured_at_its_own_rate(monkeypatch):
    module = machine(monkeypatch)
    blocks = PortAudio().open(MIC, 0.1, print)
    stream = module.InputStream.made
    assert (stream.size, stream.settings["samplerate"], stream.settings["device"]) == (4410, 44_100, 0)
    blocks.stop()
    samples = np.concatenate(list(blocks))
    assert len(samples) == 16_000 and np.allclose(samples[1000:-1000], 0.25, atol=1e-3)
    assert stream.closed == 1


def test_a_microphone_that_is_unplugged_is_told(monkeypatch):
    module = machine(monkeypatch)
    blocks = PortAudio().open(MIC, 0.1, print)
    module.InputStream.made.finished()
    with pytest.raises(BadAudio, match="Mikrofon is gone"):
        list(blocks)


def test_a_machine_that_is_too_busy_says_so_once(monkeypatch):
    machine(monkeypatch, status=SimpleNamespace(input_overflow=True))
    said: list[str] = []
    PortAudio().open(MIC, 0.1, said.append).close()
    assert len(said) == 1 and "too busy" in said[0]


@pytest.mark.parametrize(
    ("platform", "device", "told"),
    [
        ("linux", MIC, "is it muted"),
        ("darwin", MIC, "Privacy & Security, Microphone"),
        ("darwin", CABLE, "is it chosen as output"),
    ],
)
def test_nothing_but_zeros_is_said(monkeypatch, platform, device, told):
    module = machine(monkeypatch, level=0.0)
    monkeypatch.setattr(sys, "platform", platform)
    said: list[str] = []
    blocks = PortAudio().open(device, 0.1, said.append)
    for _ in range(int(PATIENCE * 10)):
        module.InputStream.made.give()
    blocks.stop()
    list(blocks)
    assert len(said) == 1 and told in said[0]


def test_what_cannot_be_had_is_told(monkeypatch):
    module = machine(monkeypatch)

    def refuse(*_: object, **__: object) -> None:
        raise PortAudioError("no such device")

    module.InputStream = refuse
    with pytest.raises(BadAudio, match="cannot open Mikrofon: no such device"):
        PortAudio().open(MIC, 0.1, print)
    module.query_devices = refuse
    with pytest.raises(EngineFailed, match="no such device"):
        PortAudio().devices()
    monkeypatch.setattr(portaudio, "sounddevice", None)
    with pytest.raises(EngineFailed, match="libportaudio2"):
        PortAudio().devices()
