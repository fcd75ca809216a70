"""saywire: self-hosted real-time speech recognition.

``connect`` speaks to a server, ``transcribe`` writes a recording down; the rest are the words of the two. All
are loaded when they are first used, so that importing this costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .client.connection import Connection as Connection
    from .client.connection import connect as connect
    from .client.plain import PlainSession as PlainSession
    from .client.session import Session as Session
    from .client.session import SessionEvent as SessionEvent
    from .client.transcription import transcribe as transcribe
    from .core.subtitles import to_srt as to_srt
    from .core.subtitles import to_vtt as to_vtt
    from .core.transcript import Transcript as Transcript
    from .errors import BadAudio as BadAudio
    from .errors import BadRequest as BadRequest
    from .errors import ConfigError as ConfigError
    from .errors import EngineFailed as EngineFailed
    from .errors import NotAllowed as NotAllowed
    from .errors import Overloaded as Overloaded
    from .errors import SaywireError as SaywireError
    from .errors import UnknownModel as UnknownModel
    from .errors import Unsupported as Unsupported
    from .messages import Cleared as Cleared
    from .messages import Failed as Failed
    from .messages import Final as Final
    from .messages import Finished as Finished
    from .messages import Partial as Partial
    from .messages import SpeechStarted as SpeechStarted
    from .messages import SpeechStopped as SpeechStopped
    from .types import Hypothesis as Hypothesis
    from .types import Segment as Segment
    from .types import Turns as Turns
    from .types import Word as Word

__version__ = "0.1.0"

PLACES = {
    "client.connection": ("Connection", "connect"),
    "client.plain": ("PlainSession",),
    "client.session": ("Session", "SessionEvent"),
    "client.transcription": ("transcribe",),
    "core.subtitles": ("to_srt", "to_vtt"),
    "core.transcript": ("Transcript",),
    "errors": (
        "BadAudio",
        "BadRequest",
        "ConfigError",
        "EngineFailed",
        "NotAllowed",
        "Overloaded",
        "SaywireError",
        "UnknownModel",
        "Unsupported",
    ),
    "messages": (
        "Cleared",
        "Failed",
        "Final",
        "Finished",
        "Partial",
        "SpeechStarted",
        "SpeechStopped",
    ),
    "types": ("Hypothesis", "Segment", "Turns", "Word"),
}
"""Where the public names are."""

_MODULES = {name: module for module, names in PLACES.items() for name in names}


if not TYPE_CHECKING:  # who misspells a name is to be told by a type checker, too

    def __getattr__(name: str) -> object:
        if name not in _MODULES:
            raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_MODULES])
