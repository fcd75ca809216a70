"""What every engine refuses the same way: a language or a kind of grammar it does not have, translation.

``check_demands`` is called first in ``Engine.open``. Hotwords and prompts are preferences: an engine that
cannot use them ignores them, and its ``info`` says so. Of hot words the log does too, once for a model and
process.
"""

from __future__ import annotations

import logging
from functools import cache

from ..errors import EngineFailed, Unsupported
from ..types import Options
from .base import EngineInfo

log = logging.getLogger(__name__)


@cache
def _say_ignored(name: str) -> None:
    log.warning("model '%s' cannot use hot words; it goes on without (said once)", name)


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
    if options.hotwords and not info.hotwords:
        _say_ignored(info.name)
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


def find_common(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    """Languages that both have. Raises EngineFailed where there are none; empty: any, as in EngineInfo."""
    if not one or not other:
        return one or other
    common = tuple(language for language in one if language in other)
    if not common:
        raise EngineFailed(
            f"one engine has {', '.join(one)} and the other {', '.join(other)}; they share no language"
        )
    return common


def _only(languages: tuple[str, ...]) -> tuple[str, ...]:
    """The language of a model that has one: what it writes in English is a translation of English."""
    return languages if len(languages) == 1 else ()
