"""Which device is captured, and by which back end."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ...errors import BadAudio, EngineFailed
from .base import Backend, Device, Kind, Warn
from .blocks import Blocks
from .cards import Cards
from .portaudio import PortAudio
from .pulse import Pulse
from .taps import Taps

log = logging.getLogger(__name__)

Backends = Mapping[Kind, Sequence[Backend]]
"""The preferred first."""


def backends(platform: str = sys.platform) -> Backends:
    """parec has the least delay and needs no package; soundcard is the only one with Windows' loopback."""
    match platform:
        case "win32":
            return {Kind.MICROPHONE: (PortAudio(), Cards()), Kind.SYSTEM: (Cards(), PortAudio())}
        case "darwin":
            return {Kind.MICROPHONE: (PortAudio(),), Kind.SYSTEM: (Taps(), PortAudio())}
        case _:
            both = (Pulse(), Cards(), PortAudio())
            return {Kind.MICROPHONE: (both[0], both[2], both[1]), Kind.SYSTEM: both}


@dataclass(frozen=True, slots=True)
class Offer:
    """What one back end has of one kind."""

    kind: Kind
    backend: Backend
    devices: Sequence[Device]
    problem: str = ""
    """Why it has none."""


def survey(kind: Kind, among: Backends | None = None) -> Iterator[Offer]:
    """Of all back ends, the preferred first."""
    for backend in (among or backends())[kind]:
        try:
            devices = [device for device in backend.devices() if device.kind is kind]
        except EngineFailed as e:
            yield Offer(kind, backend, (), e.message)
        else:
            yield Offer(kind, backend, devices, "" if devices else f"{backend.name} finds no {kind.noun}")


def capture(
    kind: Kind,
    wanted: str = "",
    seconds: float = 0.1,
    warn: Warn = log.warning,
    among: Backends | None = None,
) -> Blocks:
    """Begin to capture the device of that id, or (part of a) name; the usual one where it is empty.

    In blocks of about ``seconds``. Raises EngineFailed where nothing can be captured, BadAudio for a device
    that is not there or cannot be opened.
    """
    backend, device = find(kind, wanted, survey(kind, among))
    blocks = backend.open(device, seconds, warn)
    blocks.name = device.name
    return blocks


def find(kind: Kind, wanted: str, offers: Iterator[Offer]) -> tuple[Backend, Device]:
    """Of the first back end that has it. Raises as ``capture`` does."""
    seen: list[Offer] = []
    for offer in offers:
        seen.append(offer)
        chosen = _choose(offer.devices, wanted)
        if chosen:
            return offer.backend, chosen
    known = [f"{device.name} ({device.id})" for offer in seen for device in offer.devices]
    if known:
        raise BadAudio(f"no {kind.noun} is called '{wanted}'; there are: {', '.join(known)}")
    raise EngineFailed(f"no {kind.noun} can be captured: {'; '.join(offer.problem for offer in seen)}")


def _choose(devices: Sequence[Device], wanted: str) -> Device | None:
    """None where it is not among them. Who names one means it, even if it is the usual one. Raises BadAudio
    where several could be meant."""
    if not wanted:
        return next((one for one in devices if one.default), devices[0] if devices else None)
    exact = next((one for one in devices if one.is_meant(wanted)), None)
    alike = [exact] if exact else [one for one in devices if one.resembles(wanted)]
    if len(alike) > 1:
        names = ", ".join(f"{one.name} ({one.id})" for one in alike)
        raise BadAudio(f"'{wanted}' could be any of: {names}; give the id")
    return replace(alike[0], default=False) if alike else None
