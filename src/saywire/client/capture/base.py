"""What a back end of audio capture is, and what it offers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from .blocks import Blocks


class Kind(StrEnum):
    MICROPHONE = "mic"
    SYSTEM = "system"
    """What a loudspeaker plays."""

    @property
    def noun(self) -> str:
        return "microphone" if self is Kind.MICROPHONE else "loudspeaker"


@dataclass(frozen=True, slots=True)
class Device:
    kind: Kind
    id: str
    """What its back end knows it by; of one kind no other has it there."""
    name: str
    """For people."""
    default: bool = False

    def is_meant(self, wanted: str) -> bool:
        """Whether it has this id or, whatever the case, this name."""
        return wanted == self.id or wanted.casefold() == self.name.casefold()

    def resembles(self, wanted: str) -> bool:
        """Whether its name has this in it, whatever the case."""
        return wanted.casefold() in self.name.casefold()


Warn = Callable[[str], None]
"""Told in plain words, from any thread, what a person should know of a capture that goes on."""


class Backend(Protocol):
    name: str

    def devices(self) -> Sequence[Device]:
        """All of them, of both kinds. Raises EngineFailed, which says why it can do nothing here."""

    def open(self, device: Device, seconds: float, warn: Warn) -> Blocks:
        """One of ``devices``, already captured, in pieces of about ``seconds``. Raises BadAudio."""
