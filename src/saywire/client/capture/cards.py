"""The soundcard package: PulseAudio's library on Linux, and WASAPI with its loopback on Windows.

After soundcard 0.4.6, read 2026-11-21. Importing it connects to PulseAudio: without a server that is an
AssertionError. It wants one thread for one recorder. On Linux a loudspeaker's loopback is the microphone
``ID.monitor``, and its own look-up does not find that; on Windows it has the loudspeaker's id. Windows gives
no audio at all while nothing plays; soundcard estimates that time, and a clock makes up for what it misses.
"""

from __future__ import annotations

import sys
import threading
from functools import partial
from typing import Any

from ...errors import BadAudio, EngineFailed
from .base import Device, Kind, Warn
from .blocks import Blocks
from .parec import MUTED
from .silence import Clock

try:
    import soundcard
except ImportError:
    soundcard = None
    problem = "soundcard is not installed: pip install 'saywire[desktop]'"
except (AssertionError, IndexError, OSError, RuntimeError) as e:  # no server, no name for us, no library
    soundcard = None
    problem = f"soundcard finds no audio server: {str(e) or type(e).__name__}"

RATE = 48_000
"""Hz; the system's own mixer converts where its rate is another."""
FAREWELL = 2.0
"""Seconds that a recorder may take to end."""
FAILURES = (RuntimeError, OSError, IndexError, AssertionError, TypeError, ValueError)
"""What soundcard raises for devices that cannot be had or have gone."""


class Cards:
    name = "soundcard"

    def devices(self) -> list[Device]:
        if soundcard is None:
            raise EngineFailed(problem)
        try:
            return [*_loudspeakers(), *_microphones()]
        except FAILURES as e:
            raise EngineFailed(f"soundcard fails: {e}") from e

    def open(self, device: Device, seconds: float, warn: Warn) -> Blocks:
        clock = Clock(RATE) if device.kind is Kind.SYSTEM and sys.platform == "win32" else None
        zeros = MUTED if device.kind is Kind.MICROPHONE else ""
        blocks = Blocks(RATE, clock=clock, zeros=zeros, warn=warn)
        recording = _Recording(device, round(seconds * RATE), blocks)
        thread = threading.Thread(target=recording.run, name=device.id, daemon=True)
        thread.start()
        recording.opened.wait()
        if recording.error:
            raise recording.error
        blocks.when_stopped(partial(_leave, recording, thread))
        return blocks


def _loudspeakers() -> list[Device]:
    usual = _id(soundcard.default_speaker)
    heard = {loopback.id.removesuffix(".monitor") for loopback in _loopbacks()}
    speakers = [one for one in soundcard.all_speakers() if one.id in heard]
    return [Device(Kind.SYSTEM, one.id, one.name, one.id == usual) for one in speakers]


def _microphones() -> list[Device]:
    usual = _id(soundcard.default_microphone)
    return [
        Device(Kind.MICROPHONE, str(one.id), one.name, one.id == usual) for one in soundcard.all_microphones()
    ]


def _loopbacks() -> list[Any]:
    return [one for one in soundcard.all_microphones(include_loopback=True) if one.isloopback]


def _id(find: Any) -> object:
    try:
        return find().id
    except FAILURES:  # there is none
        return None


def _find(device: Device) -> Any:
    """Raises BadAudio."""
    if device.kind is Kind.SYSTEM:
        found = [one for one in _loopbacks() if one.id in (device.id, f"{device.id}.monitor")]
    else:
        found = [one for one in soundcard.all_microphones() if str(one.id) == device.id]
    if not found:
        raise BadAudio(f"the {device.kind.noun} {device.name} is gone")
    return found[0]


def _leave(recording: _Recording, thread: threading.Thread) -> None:
    """Before the program ends: soundcard's library must not be gone while it still records."""
    recording.left.set()
    thread.join(FAREWELL)


class _Recording:
    """A recorder and its thread."""

    def __init__(self, device: Device, frames: int, blocks: Blocks) -> None:
        self.opened = threading.Event()
        """Or not, and then there is an error."""
        self.error: BadAudio | None = None
        self._device = device
        self._frames = frames
        self._blocks = blocks
        self.left = threading.Event()
        """Enough, with the piece that is being recorded."""

    def run(self) -> None:
        try:
            with _find(self._device).recorder(RATE, blocksize=self._frames) as recorder:
                self.opened.set()
                while not self.left.is_set():
                    self._blocks.put(recorder.record(self._frames))
        except (BadAudio, *FAILURES) as e:
            self.error = BadAudio(f"cannot capture {self._device.name}: {str(e) or type(e).__name__}")
        finally:
            self._blocks.end(self.error)
            self.opened.set()
