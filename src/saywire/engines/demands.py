"""What every engine refuses the same way: a language or a kind of grammar it does not have, translation.

Called first in ``Engine.open``. Hotwords and prompts are preferences: an engine that cannot use them
ignores them, and its ``info`` says so.
"""

from __future__ import annotations

from ..errors import Unsupported
from ..types import Options
from .base import EngineInfo


def check_demands(info: EngineInfo, options: Options) -> None:
    """Raises Unsupported, naming what the engine has."""
    language = options.language
    if language and info.languages and language not in info.languages:
        have = ", ".join(info.languages)
        raise Unsupported(
            f"language '{language}' is not in model '{info.name}'; it has: {have}", param="language"
        )
    if options.translate and not info.translates and "en" not in (language, *_only(info.languages)):
        raise Unsupported(
            f"model '{info.name}' cannot translate into English; choose a model of Whisper's that can, or "
            "ask for a transcription",
            param="model",
        )
    if options.grammar and options.vocabulary:
        raise Unsupported("both a grammar and a vocabulary were given; give one of them", param="grammar")
    if info.grammar:
        return
    for param, given in (("grammar", options.grammar), ("vocabulary", options.vocabulary)):
        if given:
            raise Unsupported(
                f"model '{info.name}' cannot be held to a {param}; leave it out or choose another model",
                param=param,
            )


def _only(languages: tuple[str, ...]) -> tuple[str, ...]:
    """The language of a model that has one: what it writes in English is a translation of English."""
    return languages if len(languages) == 1 else ()
