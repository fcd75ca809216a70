"""PulseAudio and PipeWire, by their own programs: pactl tells what there is, parec captures it.

Debian's package is pulseaudio-utils. Of all ways it is the one with the least delay, and without drop-outs
(2026-11, PulseAudio 16.1 and PipeWire 0.3.65).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from ...errors import BadAudio
from .base import Device, Kind, Warn
from .blocks import Blocks
from .pactl import Source, ask, read_defaults, read_names, read_sources
from .parec import Recording


class Pulse:
    name = "pulse"

    def devices(self) -> list[Device]:
        sources, sinks = read_sources(ask("list", "sources")), read_names(ask("list", "sinks"))
        usual = read_defaults(ask("info"))
        return [_to_device(source, sinks, usual) for source in sources]

    def open(self, device: Device, seconds: float, warn: Warn) -> Blocks:
        """The device that is the usual one is captured as that: when it is another, the other is heard."""
        sources = read_sources(ask("list", "sources"))
        source = next((one for one in sources if device.id in (one.sink or one.id,)), None)
        if source is None or bool(source.sink) != (device.kind is Kind.SYSTEM):
            raise BadAudio(f"the {device.kind.noun} {device.name} is gone")
        usual = partial(find_usual, device.kind) if device.default else None
        return Recording(replace(source, name=device.name), seconds, warn, usual, find_ids).blocks


def _to_device(source: Source, sinks: dict[str, str], usual: Sequence[str]) -> Device:
    if source.sink:
        name = sinks.get(source.sink, source.name)
        return Device(Kind.SYSTEM, source.sink, name, source.sink == usual[0])
    return Device(Kind.MICROPHONE, source.id, source.name, source.id == usual[1])


def find_ids() -> list[str]:
    """Of all that can be captured now. Raises EngineFailed."""
    return [source.id for source in read_sources(ask("list", "sources"))]


def find_usual(kind: Kind) -> Source | None:
    """The usual one now. Raises EngineFailed."""
    sink, source = read_defaults(ask("info"))
    sources = read_sources(ask("list", "sources"))
    if kind is Kind.SYSTEM:
        found = next((one for one in sources if one.sink == sink), None)
        return replace(found, name=read_names(ask("list", "sinks")).get(sink, found.name)) if found else None
    return next((one for one in sources if one.id == source and not one.sink), None)
