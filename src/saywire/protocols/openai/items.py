"""The items of an OpenAI conversation: one for each utterance, in the order they were committed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from msgspec import UNSET, UnsetType

from ...types import Word
from . import events as wire

KEPT = 1_000
"""Committed items that can still be retrieved; a longer session forgets its oldest."""


@dataclass(slots=True)
class Item:
    """An utterance on its way to a transcript."""

    id: str
    began: float
    """Seconds from the session's first sample."""
    ended: float
    announced: bool = False
    """Whether the client was told that speech started."""
    committed: bool = False
    sent: str = ""
    """The deltas so far, joined."""
    unstable: str = ""
    """What the last delta said may still change."""


class Conversation:
    """Committed items and their transcripts, for the chain of ``previous_item_id`` and for retrieval."""

    def __init__(self) -> None:
        self._transcripts: dict[str, str | None] = {}
        self.before: str | None = None
        """The last item of the session that this one goes on with."""

    @property
    def last(self) -> str | None:
        return next(reversed(self._transcripts), self.before)

    def add(self, item: str) -> None:
        self._transcripts[item] = None
        if len(self._transcripts) > KEPT:
            del self._transcripts[next(iter(self._transcripts))]

    def complete(self, item: str, transcript: str) -> None:
        if item in self._transcripts:
            self._transcripts[item] = transcript

    def retrieve(self, item: str) -> wire.Item | None:
        if item not in self._transcripts:
            return None
        return wire.Item(item, content=(wire.Content(transcript=self._transcripts[item]),))

    def delete(self, item: str) -> bool:
        """Whether it was there."""
        return self._transcripts.pop(item, item) != item


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a transcript with the words that end in it."""

    text: str
    words: tuple[tuple[Word, str], ...] = ()
    """Each with its part of ``text``: blanks before the word and the word. Empty where the word is not in
    the text as it is (another spelling)."""

    @property
    def timed(self) -> tuple[wire.TimedWord, ...] | UnsetType:
        return tuple(_timed(word) for word, _ in self.words) or UNSET

    @property
    def logprobs(self) -> tuple[wire.LogProb, ...] | UnsetType:
        """One for each word whose probability is known."""
        return tuple(
            _logprob(part or word.text, word.confidence)
            for word, part in self.words
            if word.confidence is not None
        )


def piece(text: str, words: tuple[Word, ...], begin: int = 0, end: int | None = None) -> Piece:
    """``text[begin:end]``; a word belongs to the piece in which it ends."""
    last = len(text) if end is None else end
    whole = begin == 0 and last == len(text)
    parts = (
        (word, start, stop) for word, start, stop in _places(text, words) if whole or begin < stop <= last
    )
    return Piece(text[begin:last], tuple((word, text[start:stop]) for word, start, stop in parts))


def _places(text: str, words: tuple[Word, ...]) -> Iterator[tuple[Word, int, int]]:
    position = 0
    for word in words:
        found = text.find(word.text, position)
        stop = position if found < 0 else found + len(word.text)
        yield word, position, stop
        position = stop


def _timed(word: Word) -> wire.TimedWord:
    confidence = UNSET if word.confidence is None else round(word.confidence, 4)
    return wire.TimedWord(word.text, round(word.start, 3), round(word.end, 3), confidence)


def _logprob(token: str, confidence: float) -> wire.LogProb:
    return wire.LogProb(token, tuple(token.encode()), round(math.log(min(max(confidence, 1e-9), 1.0)), 6))
