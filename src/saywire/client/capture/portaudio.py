"""The sounddevice package: microphones on every system, and cables that lead back what a loudspeaker plays.

It brings PortAudio on Windows and macOS; Linux has it as libportaudio2. What plays is heard only where
somebody has installed a device for that, as BlackHole on macOS or VB-CABLE on Windows, and plays into it; it
looks like a microphone and is known by its name.
"""

from __future__ import annotations

import re
import sys
from typing import Any

import numpy as np

from ...errors import BadAudio, EngineFailed
from .base import Device, Kind, Warn
from .blocks import Blocks
from .parec import MUTED

try:
    import sounddevice
except (ImportError, OSError):  # not installed, or PortAudio is not
    sounddevice = None

CABLES = re.compile(
    r"blackhole|soundflower|loopback|vb-?cable|cable output|stereo mix|^monitor of", re.IGNORECASE
)
WITHHELD = (
    "the microphone gives nothing but zeros: it is muted, or macOS withholds it; allow this terminal in"
    " System Settings, Privacy & Security, Microphone"
)


class PortAudio:
    name = "sounddevice"

    def devices(self) -> list[Device]:
        """Those of the system's usual audio interface: Windows has each device once in every of four."""
        if sounddevice is None:
            raise EngineFailed(
                "sounddevice is not installed (pip install 'saywire[desktop]'), or PortAudio is not"
                " (Debian: libportaudio2)"
            )
        try:
            usual, interface = sounddevice.default.device[0], sounddevice.default.hostapi
            found = list(sounddevice.query_devices())
        except sounddevice.PortAudioError as e:
            raise EngineFailed(f"PortAudio fails: {e}") from e
        inputs = [one for one in found if one["max_input_channels"] and one["hostapi"] == interface]
        return [_to_device(one, usual) for one in inputs]

    def open(self, device: Device, seconds: float, warn: Warn) -> Blocks:
        index = int(device.id)
        try:
            rate = int(sounddevice.query_devices(index)["default_samplerate"])
            blocks = Blocks(rate, zeros=_meaning(device), warn=warn)
            stream = sounddevice.InputStream(
                device=index,
                samplerate=rate,
                channels=1,
                dtype="float32",
                blocksize=round(seconds * rate),
                callback=_Listener(blocks, warn).hear,
                finished_callback=lambda: blocks.end(BadAudio(f"{device.name} is gone")),
            )
            stream.start()
        except (sounddevice.PortAudioError, ValueError) as e:
            raise BadAudio(f"cannot open {device.name}: {e}") from e
        blocks.when_stopped(stream.close)
        return blocks


def _to_device(found: Any, usual: int) -> Device:
    kind = Kind.SYSTEM if CABLES.search(found["name"]) else Kind.MICROPHONE
    return Device(kind, str(found["index"]), found["name"], found["index"] == usual)


def _meaning(device: Device) -> str:
    if device.kind is Kind.SYSTEM:
        return f"nothing but silence from {device.name}; is it chosen as output, and does something play?"
    return WITHHELD if sys.platform == "darwin" else MUTED


class _Listener:
    def __init__(self, blocks: Blocks, warn: Warn) -> None:
        self._blocks = blocks
        self._warn: Warn | None = warn

    def hear(self, data: Any, frames: int, time: object, status: Any) -> None:
        """Called by PortAudio, in its thread; ``data`` is only lent."""
        if status.input_overflow and self._warn:
            self._warn("the machine was too busy for its microphone: some audio is missing")
            self._warn = None
        self._blocks.put(np.array(data[:, 0], np.float32))
