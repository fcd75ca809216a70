"""What DashScope's clients send as context: a list of words to prefer, or prose about what is spoken of.

The service feeds both to a language model. Engines that take a prompt get all of it; for those that only
prefer words, a list is told from prose by its form.
"""

from __future__ import annotations

import re

_LABEL = re.compile(r"^\s*(?:热词(?:列表)?|关键词|hot ?words?|keywords?)\s*[:：]\s*", re.I)
_BETWEEN = re.compile(r"[,，、;；|\n\r\t]+")
_HAN = re.compile(r"[\u3400-\u9fff]")
_MOST_WORDS, _LONGEST = 4, 24
"""Of one entry of a list: words, characters. What is longer is prose."""
_MOST_TEXT = 40_000
"""Characters that are looked at: the service takes 10,000 tokens."""


def find_hotwords(corpus: str) -> tuple[str, ...]:
    """The entries of a list, in their order; nothing where it is prose."""
    text = _LABEL.sub("", corpus[:_MOST_TEXT])
    entries = [entry.strip(" .。") for entry in _BETWEEN.split(text)]
    entries = [entry for entry in entries if entry]
    if len(entries) == 1:
        entries = _single(entries[0])
    if not all(len(entry) <= _LONGEST and len(entry.split()) <= _MOST_WORDS for entry in entries):
        return ()
    return tuple(dict.fromkeys(entries))


def _single(entry: str) -> list[str]:
    """Words of Mandarin with spaces between them are a list; words of English are one entry."""
    words = entry.split()
    return words if len(words) > 1 and all(_HAN.search(word) for word in words) else [entry]
