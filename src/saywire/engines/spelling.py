"""From the tokens of a subword model, and when each was said, to text and words.

A token that begins a word starts with a space or "▁" (``letters.py`` sees to it); a Mandarin character is a
word of its own. English words are separated by spaces, Mandarin is not, so text only ever grows at its end as
tokens are added. A model's tokens come somewhere inside their word: ``lead`` and ``trail`` say, as measured,
where the word begins before its first token and ends after its last.

A model of few words can still put the end of one behind the beginning of another ("comcel"). Its lexicon
mends that without taking back what was shown: a piece that continues no word is dropped, and a word that
broke off is completed where only one word begins so.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from ..types import Word

SPACELESS = "\u3040-\u9fff\uf900-\ufaff\U00020000-\U0010ffff"
"""Scripts without spaces, whose characters are words: Han and Kana. The inside of a character class."""
_SPACELESS = re.compile(f"[{SPACELESS}]")


@dataclass(frozen=True, slots=True)
class Spelling:
    """How one stream's tokens are spelled."""

    lead: float
    trail: float
    language: str | None
    """What the client asked for; None: told by the script of the words."""
    beginnings: Mapping[str, str] = field(default_factory=dict)
    """Of ``list_beginnings``; empty: any pieces may join."""


@dataclass(frozen=True, slots=True)
class Span:
    """A word of tokens without times."""

    text: str
    first: int
    """Its first token."""
    last: int


@dataclass(slots=True)
class _Spoken:
    text: str
    first: float
    last: float
    scores: list[float]


def spell(
    tokens: Sequence[str],
    times: Sequence[float],
    scores: Sequence[float],
    seconds: float,
    ended: bool,
    spelling: Spelling,
) -> tuple[str, tuple[Word, ...], str | None]:
    """Text, words and language.

    ``times`` are seconds of each token, ascending; ``scores`` log-probabilities, or empty where the model has
    none; ``seconds`` is the length of the audio, which no word leaves; ``ended``: no token will follow.
    """
    spoken = _gather(tokens, times, scores, spelling.beginnings)
    for word in spoken if ended else spoken[:-1]:
        word.text = spelling.beginnings.get(word.text) or word.text
    texts = [word.text for word in spoken]
    language = spelling.language or detect_language(texts)
    return join_words(texts), _place(spoken, seconds, spelling), language


def list_beginnings(words: Iterable[str]) -> dict[str, str]:
    """Each beginning of each word, the whole too -> the word it must become; "" where several could be."""
    lexicon = tuple(words)
    beginnings: dict[str, str] = {}
    for word in lexicon:
        for end in range(1, len(word) + 1):
            part = word[:end]
            beginnings[part] = "" if beginnings.get(part, word) != word else word
    return beginnings | {word: word for word in lexicon}


def join_words(texts: Sequence[str]) -> str:
    """Words as a line: no space between two Mandarin characters."""
    line = ""
    for text in texts:
        gap = " " if line and not (is_spaceless(text[0]) and is_spaceless(line[-1])) else ""
        line += gap + text
    return line


def gather_pieces(tokens: Sequence[str]) -> tuple[list[Span], bool]:
    """The words of tokens without times, and whether the last goes on: ``@@`` ends a piece whose word does.
    ``</s>`` and the like are not said."""
    words: list[Span] = []
    goes_on = False
    for index, token in enumerate(tokens):
        text = token.strip(" ▁")
        piece = text.removesuffix("@@")
        if not piece or (text.startswith("<") and text.endswith(">")):
            continue
        if goes_on and not is_spaceless(piece[:1]):
            words[-1] = Span(words[-1].text + piece, words[-1].first, index)
        else:
            words.append(Span(piece, index, index))
        goes_on = text.endswith("@@")
    return words, goes_on


def join_letters(words: Sequence[Span]) -> list[Span]:
    """Letters that were spelled out become a word in capitals: ``i b m`` is IBM. One alone stays as it is."""
    joined: list[Span] = []
    for letters, group in groupby(words, lambda word: is_letter(word.text)):
        run = list(group)
        if letters and len(run) > 1:
            run = [Span("".join(word.text for word in run).upper(), run[0].first, run[-1].last)]
        joined += run
    return joined


def set_apart(words: Iterable[Word]) -> Iterable[Word]:
    """The words with the spaces that a line has before them."""
    before = "a"
    for word in words:
        text = join_words((before, word.text))[len(before) :]
        yield Word(text, word.start, word.end, word.confidence)
        before = word.text


def is_letter(word: str) -> bool:
    return len(word) == 1 and word.isascii() and word.isalpha()


def is_spaceless(character: str) -> bool:
    """Whether it is of a script whose characters are words."""
    return bool(_SPACELESS.match(character))


def detect_language(texts: Sequence[str]) -> str | None:
    """'en' or 'zh' where all words are of it; None for none or both."""
    scripts = {_script_of(text) for text in texts}
    return scripts.pop() if len(scripts) == 1 else None


def _script_of(text: str) -> str | None:
    return "en" if text.isascii() else "zh" if is_spaceless(text[0]) else None


def _gather(
    tokens: Sequence[str], times: Sequence[float], scores: Sequence[float], beginnings: Mapping[str, str]
) -> list[_Spoken]:
    spoken: list[_Spoken] = []
    for index, token in enumerate(tokens):
        text = token.strip(" ▁")
        begins = token[:1] in (" ", "▁") or is_spaceless(text[:1])
        if text and (begins or not (spoken or beginnings)):
            spoken.append(_Spoken(text, times[index], times[index], list(scores[index : index + 1])))
        elif text and spoken and (not beginnings or spoken[-1].text + text in beginnings):
            spoken[-1].text += text
            spoken[-1].last = times[index]
            spoken[-1].scores += scores[index : index + 1]
    return spoken


def _place(spoken: Sequence[_Spoken], seconds: float, spelling: Spelling) -> tuple[Word, ...]:
    starts: list[float] = []
    before = 0.0
    for word in spoken:
        starts.append(min(max(round(word.first - spelling.lead, 3), before), seconds))
        before = max(starts[-1], round(word.last + min(spelling.trail, 0.0), 3))
    ends = []
    for index, word in enumerate(spoken):
        limit = starts[index + 1] if index + 1 < len(spoken) else seconds
        ends.append(max(starts[index], min(round(word.last + spelling.trail, 3), limit)))
    return tuple(
        Word(word.text, start, end, _average(word.scores))
        for word, start, end in zip(spoken, starts, ends, strict=True)
    )


def _average(scores: Sequence[float]) -> float | None:
    """The geometric mean of token probabilities."""
    return min(1.0, math.exp(sum(scores) / len(scores))) if scores else None
