"""Words and their times as FunASR's runtime shows them: a list of pairs, and sentences cut at punctuation."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ...types import Word
from .events import Sentence

_ENDS = frozenset("，。？！；：、,.?!;:")


def show_times(words: Sequence[Word], offset: float) -> str:
    """``[[begin, end], ...]`` in ms, counted from ``offset`` seconds of the session."""
    return msgspec.json.encode([_span(word, offset) for word in words]).decode()


def cut_sentences(text: str, words: Sequence[Word], offset: float) -> list[Sentence]:
    """The words of ``text``, cut where it has punctuation between them."""
    sentences: list[Sentence] = []
    open_words: list[Word] = []
    at = 0
    for word in words:
        bare = word.text.strip()
        found = text.find(bare, at)
        between, at = (text[at:found], found + len(bare)) if found >= 0 else ("", at)
        if (mark := _mark(between)) and open_words:
            sentences.append(_sentence(open_words, mark, offset))
            open_words = []
        open_words.append(word)
    if open_words:
        last = open_words[-1].text.strip()
        sentences.append(_sentence(open_words, _mark(text[at:]) or _mark(last[-1:]), offset))
    return sentences


def _mark(between: str) -> str:
    return next((char for char in between if char in _ENDS), "")


def _sentence(words: Sequence[Word], mark: str, offset: float) -> Sentence:
    spans = [_span(word, offset) for word in words]
    said = " ".join(word.text.strip().rstrip("".join(_ENDS)) for word in words)
    return Sentence(said, mark, spans[0][0], spans[-1][1], spans)


def _span(word: Word, offset: float) -> tuple[int, int]:
    return round((word.start - offset) * 1000), round((word.end - offset) * 1000)
