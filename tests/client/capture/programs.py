"""Programs of the tests' own in the place of pactl and parec."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from saywire.audio.resample import Resampler
from saywire.types import RATE, Samples

SOURCES = """\
Source #0
\tState: IDLE
\tName: spk.monitor
\tDescription: Monitor of 扬声器: left
\tSample Specification: s16le 2ch 44100Hz
\tMute: no
\t        balance 0.00
\tMonitor of Sink: spk
\tProperties:
\t\tdevice.description = "Monitor of 扬声器"
\t\tName: nothing of ours

Source #3
\tName: alsa_input.usb
\tDescription: USB Audio
\tSample Specification: unknown
\tMonitor of Sink: n/a
"""
SINKS = "Sink #0\n\tName: spk\n\tDescription: 扬声器: left\n\nSink #1\n\tName: bare\n"
INFO = "Server Name: PulseAudio (on PipeWire 0.3.65)\nDefault Sink: spk\nDefault Source: alsa_input.usb\n"


def program(folder: Path, name: str, source: str) -> None:
    """A Python program of that name."""
    path = folder / name
    path.write_text(f"#!{sys.executable}\nimport os, sys, time\n{source}\n")
    path.chmod(0o755)


def make_pactl(folder: Path, info: str = INFO, sources: str = SOURCES) -> None:
    """It knows a loudspeaker ``spk`` and a microphone ``alsa_input.usb``, and tells that in English alone."""
    answers = {"list sources": sources, "list sinks": SINKS, "info": info}
    program(
        folder,
        "pactl",
        f"assert os.environ['LC_ALL'] == 'C'\n"
        f"sys.stdout.buffer.write({answers!r}[' '.join(sys.argv[1:])].encode())",
    )


def make_parec(folder: Path, **sounds: Samples) -> None:
    """It gives what each device, ``system`` or ``mic``, hears at once, and then nothing until it is ended."""
    for name, samples in sounds.items():
        (folder / name).write_bytes(samples.astype("<f4").tobytes())
    program(
        folder,
        "parec",
        "name = 'system' if '--device=spk.monitor' in sys.argv else 'mic'\n"
        f"sys.stdout.buffer.write(open(os.path.join({str(folder)!r}, name), 'rb').read())\n"
        "sys.stdout.flush()\n"
        "while True: time.sleep(1000)",
    )


def at(rate: int, samples: Samples) -> Samples:
    """Of the house rate."""
    resampler = Resampler(RATE, rate)
    return np.concatenate([resampler.feed(samples), resampler.flush()])
