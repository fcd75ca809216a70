"""What is heard as one JSON object a line, for programs (``docs/voice-events.schema.json``)."""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Sequence

from ..core.voice_events import Mode, VoiceEvents
from ..errors import SaywireError
from ..messages import Event


class Lines:
    """On standard output, at once. Of several voices each has its label at the end of its ``source``."""

    def __init__(self, source: str, mode: Mode, labels: Sequence[str] = ("",)) -> None:
        self._voices = {
            label: VoiceEvents(
                f"{source}.{label}" if label else source, mode, lambda: secrets.token_hex(8), time.time
            )
            for label in labels
        }

    def tell(self, label: str, event: Event) -> None:
        if line := self._voices[label].tell(event):
            print(line, flush=True)

    def fail(self, label: str, error: SaywireError) -> None:
        print(self._voices[label].fail(error), flush=True)

    def note(self, text: str) -> None:
        """What is no event, on standard error; from any thread."""
        print(f"saywire: {text}\n", end="", file=sys.stderr, flush=True)  # in one piece
