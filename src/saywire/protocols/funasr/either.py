"""Both of FunASR's wires at one address, as their ports are the same: a client's first text tells which.

A client of the newer one begins with a command, a plain word; all others speak JSON, or send audio at once.
"""

from __future__ import annotations

from ... import messages as m
from ...errors import SaywireError
from ..base import Adapter, Frame, Handshake, Surroundings
from .realtime import COMMAND, FunAsrRealtime
from .runtime import FunAsrRuntime


class FunAsr(Adapter):
    subprotocols = FunAsrRuntime.subprotocols

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._wire: Adapter = FunAsrRuntime(surroundings)
        self._known = False

    def connect(self, handshake: Handshake) -> list[m.Command]:
        return []

    def receive(self, frame: str | bytes) -> list[m.Command]:
        if not self._known:
            self._known = True
            if isinstance(frame, str) and COMMAND.fullmatch(frame):
                self._wire = FunAsrRealtime(self._surroundings)
        return self._wire.receive(frame)

    def leave(self) -> list[m.Command]:
        return self._wire.leave()

    def send(self, event: m.Event) -> None:
        self._wire.send(event)

    def fail(self, error: SaywireError) -> None:
        self._wire.fail(error)

    def frames_to_send(self) -> list[Frame]:
        return self._wire.frames_to_send()
