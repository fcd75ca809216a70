"""A double of soundcard: what its 0.4.6 offers on Linux and on Windows, as far as it is used."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from cli.program import ROOT
from saywire.client.capture import cards
from saywire.client.capture.base import Device, Kind
from saywire.client.capture.cards import Cards
from saywire.errors import BadAudio, EngineFailed

SPEAKER = Device(Kind.SYSTEM, "spk", "Lautsprecher", True)
MIC = Device(Kind.MICROPHONE, "mic", "Mikrofon", True)


@dataclass
class Recorder:
    fails_after: int = 1_000_000
    count: int = 0

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def record(self, frames: int) -> np.ndarray:
        self.count += 1
        if self.count > self.fails_after:
            raise RuntimeError("device was invalidated")
        return np.tile(np.array([[0.5, 0.1]], np.float32), (frames, 1))


@dataclass
class Thing:
    id: str
    name: str
    isloopback: bool = False
    made: Recorder = field(default_factory=Recorder)

    def recorder(self, rate: int, blocksize: int) -> Recorder:
        if self.name == "busy":
            raise RuntimeError("exclusive mode")
        assert (rate, blocksize) == (48_000, 4800)
        return self.made


def fake(loopback: str, mic: Thing | None = None, speaker: Thing | None = None) -> Any:
    """``loopback``: the id of the loudspeaker's."""
    mics = [mic or Thing("mic", "Mikrofon")]
    loopbacks = [speaker or Thing(loopback, "Monitor of Lautsprecher", True)]
    loopbacks[0].isloopback = True
    return SimpleNamespace(
        all_speakers=lambda: [Thing("spk", "Lautsprecher"), Thing("hdmi", "without a loopback")],
        all_microphones=lambda include_loopback=False: mics + (loopbacks if include_loopback else []),
        default_speaker=lambda: Thing("spk", "Lautsprecher"),
        default_microphone=lambda: mics[0],
    )


@pytest.mark.parametrize("loopback", ["spk.monitor", "spk"], ids=["linux", "windows"])
def test_loudspeakers_with_a_loopback_and_microphones_are_listed(monkeypatch, loopback):
    monkeypatch.setattr(cards, "soundcard", fake(loopback))
    assert Cards().devices() == [SPEAKER, MIC]


@pytest.mark.parametrize("loopback", ["spk.monitor", "spk"], ids=["linux", "windows"])
@pytest.mark.parametrize("device", [SPEAKER, MIC], ids=["system", "mic"])
def test_a_device_is_captured_and_its_channels_mixed(monkeypatch, loopback, device):
    monkeypatch.setattr(cards, "soundcard", fake(loopback))
    blocks = Cards().open(device, 0.1, print)
    samples = np.concatenate(list(itertools.islice(blocks, 10)))
    blocks.close()
    assert np.allclose(samples[-1000:], 0.3, atol=1e-3)


def test_silence_is_made_by_the_clock_on_windows_alone(monkeypatch):
    monkeypatch.setattr(cards, "soundcard", fake("spk"))
    filled = {}
    for platform, device in [("win32", SPEAKER), ("win32", MIC), ("linux", SPEAKER)]:
        monkeypatch.setattr(sys, "platform", platform)
        with_clock = []
        monkeypatch.setattr(cards, "Clock", lambda rate, into=with_clock: into.append(rate))
        Cards().open(device, 0.1, print).close()
        filled[platform, device.kind] = bool(with_clock)
    assert [key for key, clock in filled.items() if clock] == [("win32", Kind.SYSTEM)]


def test_a_device_that_goes_while_it_is_captured(monkeypatch):
    monkeypatch.setattr(cards, "soundcard", fake("spk", mic=Thing("mic", "Mikrofon", made=Recorder(2))))
    with pytest.raises(BadAudio, match="device was invalidated"):
        list(Cards().open(MIC, 0.1, print))


@pytest.mark.parametrize(
    ("device", "message"),
    [
        (Device(Kind.MICROPHONE, "gone", "USB"), "microphone USB is gone"),
        (Device(Kind.SYSTEM, "gone", "TV"), "loudspeaker TV is gone"),
        (Device(Kind.MICROPHONE, "mic", "Mikrofon"), "exclusive mode"),
    ],
)
def test_a_device_that_cannot_be_had(monkeypatch, device, message):
    monkeypatch.setattr(cards, "soundcard", fake("spk", mic=Thing("mic", "busy")))
    with pytest.raises(BadAudio, match=message):
        Cards().open(device, 0.1, print)


def fail() -> None:
    raise RuntimeError("Element not found.")


def test_a_machine_without_a_default_device(monkeypatch):
    module = fake("spk")
    module.default_speaker = module.default_microphone = fail
    monkeypatch.setattr(cards, "soundcard", module)
    assert not [device for device in Cards().devices() if device.default]
    module.all_speakers = fail
    with pytest.raises(EngineFailed, match="Element not found"):
        Cards().devices()


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("assert False, 'no server'", "soundcard finds no audio server: no server"),
        ("[][0]", "soundcard finds no audio server: list index out of range"),
        ("raise ImportError", "pip install 'saywire[desktop]'"),
    ],
)
def test_importing_soundcard_may_fail_in_its_own_ways(tmp_path: Path, source: str, told: str) -> None:
    """As it does without a server, and without a name for the program."""
    (tmp_path / "soundcard.py").write_text(source)
    path = os.pathsep.join([str(tmp_path), str(ROOT / "src")])
    code = "from saywire.client.capture import cards; print(cards.soundcard, cards.problem)"
    run = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True
    )
    assert run.stdout.startswith("None ") and told in run.stdout, run.stderr
