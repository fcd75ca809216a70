"""Utterances as the sentences of the task protocol: snapshots, each of which replaces the one before.

Words that an engine has no times for get times in proportion to their length, between the sentence's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil

from msgspec import UNSET

from ... import messages as m
from ...types import Word
from . import task_events as wire
from .task_options import Manner

BEAT = 5.0
"""Seconds of silence, at least, between two heartbeats."""
_MARKS = re.compile(r"[\s，。？！；：、,.?!;:]+$")
_PIECE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff][，。？！；：、]*|[^\s\u3040-\u30ff\u3400-\u9fff]+")


@dataclass(frozen=True, slots=True)
class _Said:
    """A sentence as it is now."""

    text: str
    words: tuple[Word, ...]
    start: float
    end: float
    stable: int
    ended: bool


class Sentences:
    """The sentences of one task: each utterance that says something is one, numbered from 1."""

    def __init__(self, manner: Manner) -> None:
        self._manner = manner
        self.voiced = 0.0
        """Where in the audio, in seconds, somebody last spoke."""
        self._told = 0.0
        """Where in it the last result was."""
        self._begins: dict[int, float] = {}
        """Where the open utterances began."""
        self._numbers: dict[int, int] = {}
        """Of the open utterances of which something was told."""
        self._count = 0

    def begin(self, utterance: int, at: float) -> None:
        self._begins[utterance] = at

    def grow(self, partial: m.Partial, given: float) -> wire.Result | None:
        """``given``: seconds of audio so far."""
        hypothesis = partial.hypothesis
        if not self._manner.intermediate or not hypothesis.text:
            return None
        start = self._begins.get(partial.utterance, self.voiced)
        text, words, stable = hypothesis.text, hypothesis.words, hypothesis.stable
        said = _Said(text, words, start, max(given, start), stable, ended=False)
        return self._tell(partial.utterance, said)

    def end(self, final: m.Final) -> wire.Result | None:
        self._begins.pop(final.utterance, None)
        self.voiced = max(self.voiced, final.end)
        result = None
        if final.text:
            said = _Said(final.text, final.words, final.start, final.end, len(final.text), ended=True)
            result = self._tell(final.utterance, said)
        self._numbers.pop(final.utterance, None)
        return result

    def beat(self, at: float) -> wire.Result | None:
        """There is silence up to ``at``: a heartbeat, if it is time for one."""
        if self._manner.gummy or at - self._told < BEAT:
            return None
        self._told = at
        silence = wire.Sentence(milliseconds(at), None, "", [], False, True, 0)
        return wire.Result(wire.Output(sentence=silence))

    def _tell(self, utterance: int, said: _Said) -> wire.Result:
        manner, number, self._told = self._manner, self._number(utterance), said.end
        sentence = wire.Sentence(
            milliseconds(said.start),
            milliseconds(said.end) if said.ended else None,
            said.text,
            show_words(said.text, said.words, said.start, said.end, said.stable if manner.gummy else None),
            said.ended,
            False,
            number if manner.numbered else UNSET,
            milliseconds(said.end) if manner.gummy and not said.ended else UNSET,
        )
        usage = wire.Usage(ceil(said.end)) if said.ended else None
        if manner.gummy:
            return wire.Result(wire.Output(transcription=sentence, translations=[]), usage)
        return wire.Result(wire.Output(sentence=sentence), usage)

    def _number(self, utterance: int) -> int:
        if utterance not in self._numbers:
            self._count += 1
            self._numbers[utterance] = self._count
        return self._numbers[utterance]


def show_words(
    text: str, words: Sequence[Word], start: float, end: float, fixed: int | None
) -> list[wire.Word]:
    """``fixed``: how many characters of ``text`` will not change; None where the client is not told."""
    timed = words or spread(text, start, end)
    shown, at = [], 0
    for word in timed:
        bare = word.text.strip()
        found = text.find(bare, at)
        at = found + len(bare) if found >= 0 else at
        mark = _MARKS.search(bare)
        shown.append(
            wire.Word(
                milliseconds(word.start),
                milliseconds(word.end),
                bare[: mark.start()] if mark else bare,
                mark[0].strip() if mark else "",
                UNSET if fixed is None else at <= fixed,
            )
        )
    return shown


def spread(text: str, start: float, end: float) -> Iterable[Word]:
    """The words of ``text``, as if each character took the same time."""
    pieces = _PIECE.findall(text)
    total = sum(map(len, pieces)) or 1
    at = start
    for piece in pieces:
        until = at + (end - start) * len(piece) / total
        yield Word(piece, at, until)
        at = until


def milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
