"""Hot words for a search with a beam: a client's phrases, written in a model's own tokens.

sherpa-onnx would cut phrases into tokens itself, but boosts what is left of a phrase it cannot write whole,
cuts English in byte-level models wrongly, and reads ``/``, ``:`` and ``@`` in a phrase as orders. So phrases
are written here, token by token, and handed over under aliases: the table of tokens that it loads has a
second name for each (``q17`` for token 17), and nothing of what a client wrote is read by native code.
Source: its utils.cc (EncodeHotwords, EncodeBase) and symbol-table.cc, 1.13.4.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from unicodedata import normalize

from ..errors import EngineFailed
from .letters import BEGINS, BYTE_LETTERS
from .pieces import Pieces, read_pieces
from .spelling import SPACELESS
from .token_table import Script, read_tokens, tell_script

LONGEST = 100
"""Characters of a phrase."""
ROOM = 20_000
"""Characters of all phrases of a session, which are written in its worker's loop: 0.1 s at the worst."""
_PART = re.compile(rf"[{SPACELESS}]|[^{SPACELESS}]+")
"""A character that is a word, or what stands between two of them."""
_JOINED = re.compile(rf"[{SPACELESS}]{{2}}")


@dataclass(frozen=True, slots=True)
class Speller:
    """Writes phrases in the tokens of one model."""

    ids: Mapping[str, int]
    pieces: Pieces
    script: Script
    joins: bool
    """Whether tokens join characters that are words: it then cuts across them."""
    alias: str
    """What the second name of every token begins with."""

    def write(self, phrases: Sequence[str]) -> tuple[str, int]:
        """The phrases in sherpa-onnx's notation, and how many of them the model cannot write."""
        ends = accumulate(map(len, phrases))
        written = [self.spell(phrase) for phrase, end in zip(phrases, ends, strict=True) if end <= ROOM]
        usable = [" ".join(f"{self.alias}{index}" for index in ids) for ids in written if ids]
        return "/".join(usable), len(phrases) - len(usable)

    def spell(self, phrase: str) -> list[int] | None:
        """The tokens of a phrase; None where there are none for a part of it."""
        if len(phrase) > LONGEST:
            return None
        text = normalize("NFKC", phrase)
        cases = dict.fromkeys(case(text) for case in self._cases)
        return next((ids for case in cases if (ids := self._spell_words(case.split()))), None)

    @property
    def _cases(self) -> Sequence[Callable[[str], str]]:
        return (str.upper,) if self.script.capitals else (str, str.lower, str.capitalize)

    def _spell_words(self, words: Iterable[str]) -> list[int] | None:
        ids: list[int] = []
        for word in words:
            found = self._spell_word(word)
            if found is None:
                return None
            ids += found
        return ids

    def _spell_word(self, word: str) -> list[int] | None:
        """A character at a time where they are tokens, and else as its tokeniser cuts it."""
        ids: list[int] = []
        for part in [word] if self.joins else _PART.findall(word):
            found = [self.ids[part]] if len(part) == 1 and part in self.ids else self._cut(part)
            if found is None:
                return None
            ids += found
        return ids

    def _cut(self, text: str) -> list[int] | None:
        if self.script.bytes:
            text = "".join(BYTE_LETTERS[byte] for byte in text.encode())
        pieces = self.pieces.cut(BEGINS + text) or self.pieces.cut(text)
        return [self.ids[piece] for piece in pieces] if pieces else None


def make_speller(folder: Path, tokens_file: str) -> Speller:
    """Raises EngineFailed for broken files."""
    tokens = read_tokens(folder / tokens_file)
    alias = "q"
    while any(re.fullmatch(rf"{alias}\d+", text) for text in tokens.values()):
        alias += "q"
    ids = {text: index for index, text in reversed(tokens.items())}
    joins = any(_JOINED.search(text) for text in ids)
    return Speller(ids, read_pieces(folder, tokens), tell_script(tuple(ids)), joins, alias)


def write_aliases(tokens: Path, speller: Speller, copy: Path) -> Path:
    """A copy of a table of tokens in which each has a second name. Raises EngineFailed."""
    names = (f"{speller.alias}{index} {index}" for index in sorted(speller.ids.values()))
    try:
        text = tokens.read_text("utf-8").rstrip("\n")
        copy.write_text("\n".join((text, *names, "")), "utf-8")
    except OSError as e:
        raise EngineFailed(
            f"hot words need '{tokens.name}' once more, and it cannot be used: {e.strerror}; was the model"
            " removed? Leave the hot words out, or install it again"
        ) from e
    return copy
