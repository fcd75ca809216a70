"""macOS from 14.2 on: a tap of all that plays, by the catap package.

After catap 0.6.0, read 2026-11-21. It gives buffers from a thread of its own. A program without the
permission for System Audio Recording gets zeros, and no error.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from functools import partial
from typing import Any

import numpy as np

from ...errors import BadAudio, EngineFailed
from ...types import Samples
from .base import Device, Kind, Warn
from .blocks import Blocks

try:
    import catap
except (ImportError, OSError):  # another system, an older macOS, or not installed
    catap = None

EVERYTHING = Device(Kind.SYSTEM, "all", "everything that plays", default=True)
WITHHELD = (
    "nothing but silence from the system: nothing plays, or macOS withholds it; allow this terminal in"
    " System Settings, Privacy & Security, Screen & System Audio Recording, and begin again"
)
FAILURES = (RuntimeError, OSError, LookupError, ValueError)


class Taps:
    name = "catap"

    def devices(self) -> list[Device]:
        if catap is None:
            raise EngineFailed("catap is not there: it needs macOS 14.2, and pip install 'saywire[desktop]'")
        return [EVERYTHING]

    def open(self, device: Device, seconds: float, warn: Warn) -> Blocks:
        tap = _Tap()
        try:
            session = catap.record_system_audio(mono=True, on_buffer=tap.keep)
            session.start()
        except FAILURES as e:
            raise BadAudio(f"cannot capture what plays: {e}") from e
        tap.blocks = Blocks(round(session.stream_format.sample_rate), zeros=WITHHELD, warn=warn)
        tap.blocks.when_stopped(partial(_stop, session, warn))
        threading.Thread(target=_watch, args=(session, tap.blocks), name="catap", daemon=True).start()
        return tap.blocks


class _Tap:
    """Buffers that come before anybody can take them are a few milliseconds, and thrown away."""

    blocks: Blocks | None = None

    def keep(self, buffer: Any) -> None:
        if self.blocks:
            self.blocks.put(to_samples(buffer))


def _stop(session: Any, warn: Warn) -> None:
    try:
        session.stop()
    except FAILURES as e:  # it says then, too, what went wrong while it captured
        warn(f"the capture of what plays did not end well: {e}")


def _watch(session: Any, blocks: Blocks) -> None:
    """A capture that fails stops giving buffers, and says no more."""
    with suppress(RuntimeError):  # stopped before we began to wait
        session.wait_for_capture_failure()
    blocks.end(BadAudio("macOS ended the capture of what plays: the output or its format has changed"))


def to_samples(buffer: Any) -> Samples:
    """Of shape (n, channels)."""
    form = buffer.format
    frames = np.frombuffer(buffer.data, "<f4" if form.is_float else f"<i{form.bytes_per_sample}")
    scale = 1.0 if form.is_float else 2.0 ** (form.bits_per_sample - 1)
    return (frames.reshape(-1, form.num_channels) / np.float32(scale)).astype(np.float32)
