"""What pactl tells of the devices of PulseAudio or PipeWire."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

from ...errors import EngineFailed

USUAL_RATE = 48_000
WITHIN = 10.0
"""Seconds in which pactl must answer."""


@dataclass(frozen=True, slots=True)
class Source:
    """As pactl tells it."""

    id: str
    name: str
    rate: int
    sink: str
    """Whose monitor it is; empty: a microphone."""


def ask(*arguments: str) -> str:
    """What pactl says. Raises EngineFailed."""
    if not (shutil.which("pactl") and shutil.which("parec")):
        raise EngineFailed("pactl and parec are not installed (Debian: pulseaudio-utils)")
    try:
        run = subprocess.run(
            ["pactl", *arguments],
            env=os.environ | {"LC_ALL": "C"},  # its words are translated
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=WITHIN,
        )
    except (OSError, subprocess.TimeoutExpired) as e:
        raise EngineFailed(f"pactl did not answer: {e}") from e
    if run.returncode:
        raise EngineFailed(f"no PulseAudio or PipeWire answers: {read_text(run.stderr)}")
    return run.stdout.decode(errors="replace")


def read_text(data: bytes) -> str:
    return " ".join(data.decode(errors="replace").split()) or "it gave no reason"


def _blocks(listing: str) -> Iterator[dict[str, str]]:
    """The fields of each thing in a list of pactl's: those of the first level, which one tab indents."""
    for block in listing.split("\n\n"):
        lines = [line[1:] for line in block.splitlines() if line.startswith("\t") and line[1:2] not in "\t "]
        yield dict(line.partition(": ")[::2] for line in lines if ": " in line)


def read_sources(listing: str) -> list[Source]:
    """Of ``pactl list sources``."""
    found = []
    for fields in _blocks(listing):
        if "Name" in fields:
            sink = fields.get("Monitor of Sink", "n/a")
            name = fields.get("Description", fields["Name"])
            rate = _read_rate(fields.get("Sample Specification", ""))
            found.append(Source(fields["Name"], name, rate, "" if sink == "n/a" else sink))
    return found


def _read_rate(specification: str) -> int:
    """Of ``float32le 2ch 48000Hz``."""
    rate = specification.rpartition(" ")[2].removesuffix("Hz")
    return int(rate) if rate.isdecimal() else USUAL_RATE


def read_names(listing: str) -> dict[str, str]:
    """Of ``pactl list sinks``: what people call each."""
    return {f["Name"]: f.get("Description", f["Name"]) for f in _blocks(listing) if "Name" in f}


def read_defaults(information: str) -> tuple[str, str]:
    """Of ``pactl info``: the default sink and the default source."""
    fields = dict(line.partition(": ")[::2] for line in information.splitlines())
    return fields.get("Default Sink", ""), fields.get("Default Source", "")
