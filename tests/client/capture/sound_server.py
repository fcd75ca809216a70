"""A PulseAudio of a test's own, without hardware.

It has a loudspeaker ``spk``, and a microphone ``labmic`` that hears what is played to ``mic_in``.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from saywire.client.capture.blocks import Blocks

needed = pytest.mark.skipif(
    not all(map(shutil.which, ("pulseaudio", "pactl", "parec", "paplay"))),
    reason="PulseAudio is not installed",
)

MODULES = (
    "module-native-protocol-unix",
    "module-null-sink sink_name=spk rate=48000 channels=2 sink_properties=device.description=扬声器",
    "module-null-sink sink_name=mic_in rate=48000 channels=1",
    "module-remap-source master=mic_in.monitor source_name=labmic"
    " source_properties=device.description=LabMic",
)


@contextmanager
def sound_server(folder: Path) -> Iterator[dict[str, str]]:
    """What is to be in the environment of its clients."""
    folder.chmod(0o700)
    environment = {"XDG_RUNTIME_DIR": str(folder), "HOME": str(folder)}
    command = [
        "pulseaudio",
        "-n",
        "--daemonize=yes",
        "--exit-idle-time=-1",
        f"--log-target=file:{folder}/log",
    ]
    for module in MODULES:
        command += ["-L", module]
    subprocess.run(command, env=os.environ | environment, check=True, capture_output=True)
    try:
        yield environment
    finally:
        os.kill(int((folder / "pulse" / "pid").read_text()), signal.SIGTERM)


def hear_played(blocks: Blocks, file: Path, device: str, environment: dict[str, str]) -> int:
    """Samples of sound that are captured while a file is played, to the silence after it."""
    kept = [0, 0, 0]
    with play(file, device, environment) as process:
        while process.poll() is None or any(kept[-2:]):
            kept.append(int(np.count_nonzero(next(blocks))))
    return sum(kept)


def play(file: Path, device: str, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Begin to, in real time."""
    return subprocess.Popen(["paplay", f"--device={device}", str(file)], env=os.environ | environment)
