"""PulseAudio and PipeWire, by their own programs: pactl tells what there is, parec captures it.

Debian's package is pulseaudio-utils. Captured at the device's own rate with a latency of 20 ms: of all ways
the one with the least delay, and without drop-outs (2026-11, PulseAudio 16.1 and PipeWire 0.3.65).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import IO

import numpy as np

from ...errors import BadAudio, EngineFailed
from .base import Device, Kind, Warn
from .blocks import Blocks

USUAL_RATE = 48_000
LATENCY = 20
"""Milliseconds that the server may gather."""
SAMPLE = 4
"""Bytes."""
WITHIN = 10.0
"""Seconds in which pactl must answer."""
MUTED = "the microphone gives nothing but zeros; is it muted, or its plug out?"


@dataclass(frozen=True, slots=True)
class Source:
    """As pactl tells it."""

    id: str
    name: str
    rate: int
    sink: str
    """Whose monitor it is; empty: a microphone."""


class Pulse:
    name = "pulse"

    def devices(self) -> list[Device]:
        sources, sinks = read_sources(_ask("list", "sources")), read_names(_ask("list", "sinks"))
        usual = read_defaults(_ask("info"))
        return [_to_device(source, sinks, usual) for source in sources]

    def open(self, device: Device, seconds: float, warn: Warn) -> Blocks:
        sources = read_sources(_ask("list", "sources"))
        source = next((one for one in sources if device.id in (one.sink or one.id,)), None)
        if source is None or bool(source.sink) != (device.kind is Kind.SYSTEM):
            raise BadAudio(f"the {device.kind.noun} {device.name} is gone")
        return _capture(source, seconds, warn)


def _to_device(source: Source, sinks: dict[str, str], usual: Sequence[str]) -> Device:
    if source.sink:
        name = sinks.get(source.sink, source.name)
        return Device(Kind.SYSTEM, source.sink, name, source.sink == usual[0])
    return Device(Kind.MICROPHONE, source.id, source.name, source.id == usual[1])


def _ask(*arguments: str) -> str:
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
        raise EngineFailed(f"no PulseAudio or PipeWire answers: {_text(run.stderr)}")
    return run.stdout.decode(errors="replace")


def _text(data: bytes) -> str:
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


def _capture(source: Source, seconds: float, warn: Warn) -> Blocks:
    command = ["parec", "--raw", f"--device={source.id}", "--format=float32le", f"--rate={source.rate}"]
    try:
        process = subprocess.Popen(
            [*command, "--channels=1", f"--latency-msec={LATENCY}", "--client-name=saywire"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # the terminal's Ctrl-C is for us: we say when it ends
        )
    except OSError as e:
        raise BadAudio(f"cannot start parec: {e}") from e
    blocks = Blocks(source.rate, zeros="" if source.sink else MUTED, warn=warn)
    size = max(int(seconds * source.rate), 1) * SAMPLE
    thread = threading.Thread(target=_read, args=(process, size, blocks), name=source.id, daemon=True)
    thread.start()
    blocks.when_stopped(partial(_leave, process, thread))
    return blocks


def _leave(process: subprocess.Popen[bytes], thread: threading.Thread) -> None:
    process.terminate()
    thread.join(WITHIN)


def _read(process: subprocess.Popen[bytes], size: int, blocks: Blocks) -> None:
    with process:
        assert process.stdout and process.stderr
        for piece in _pieces(process.stdout, size):
            blocks.put(np.frombuffer(piece, "<f4"))
        why = _text(process.stderr.read())
    blocks.end(BadAudio(f"parec ended: {why}"))


def _pieces(pipe: IO[bytes], size: int) -> Iterator[bytes]:
    """As long as asked for; the last one as long as whole samples go."""
    while piece := pipe.read(size):
        yield piece[: len(piece) // SAMPLE * SAMPLE]
