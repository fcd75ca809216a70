"""The words of a line that was rewritten: by rules that write numbers as figures, or by a punctuation model.

A word that is there again, whatever its case and marks, keeps its time. What was rewritten has the time of
what it replaces: word for word where as many words came of it, else all of it together, since nobody knows
what was said when inside.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from ..types import Word
from .agreement import fold, split_words


def retell(words: Sequence[Word], line: str) -> tuple[Word, ...]:
    """The words of ``line``, without the spaces between them, placed where ``words`` were."""
    return tuple(replace(word, text=word.text.strip()) for word in retell_spaced(words, line))


def retell_spaced(words: Sequence[Word], line: str) -> tuple[Word, ...]:
    """The same with the spaces that the line has before them, the first too."""
    told = [word.text for word in split_words(line)]
    matcher = SequenceMatcher(None, [fold(word.text) for word in words], [fold(text) for text in told], False)
    found: list[Word] = []
    lead = ""  # what stands before the first word and replaces nothing
    for kind, start, end, first, last in matcher.get_opcodes():
        new = told[first:last]
        if kind == "insert" and found:
            found[-1] = replace(found[-1], text=found[-1].text + "".join(new))
        elif kind == "insert":
            lead = "".join(new)
        elif kind != "delete":
            found += _place(words[start:end], [lead + new[0], *new[1:]])
            lead = ""
    return tuple(found)


def _place(words: Sequence[Word], told: Sequence[str]) -> Iterator[Word]:
    if len(words) == len(told):
        yield from (replace(word, text=text) for word, text in zip(words, told, strict=True))
    else:
        sure = [word.confidence for word in words if word.confidence is not None]
        yield Word("".join(told), words[0].start, words[-1].end, min(sure, default=None))
