"""How text is written: which scripts have spaces, and what stands between two pieces of it.

``join`` decides once for the whole house what stands between two utterances, ``split`` what a word of a line
is where no engine tells.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

UNSPACED = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f\u1780-\u17ff"  # Burmese, Khmer
    "\u2e80-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff"  # radicals, kana, Han; Hangul has spaces
    "\U00020000-\U0003ffff"
)
"""Scripts that are written without spaces between words, as the inside of a character class."""
WIDE_MARKS = "\u3000-\u303f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
"""Full-width punctuation, which carries its own space."""
CLOSING = ",.;:!?%)\\]}\u2019\u201d\u2026"
"""What stands at the end of the word before it."""

_UNSPACED = re.compile(f"[{UNSPACED}]")
_WIDE_MARK = re.compile(f"[{WIDE_MARKS}]")
_CLOSING = re.compile(f"[{CLOSING}]")
_PIECE = re.compile(rf"\s*(?:[{UNSPACED}{WIDE_MARKS}]|[^\s{UNSPACED}{WIDE_MARKS}]+)[{WIDE_MARKS}]*")
"""A word or a character, with the space before it and the full-width marks behind it."""


def join(texts: Iterable[str]) -> str:
    """One text of many: a space between words of spaced scripts, none inside Chinese or Japanese."""
    joined = ""
    for text in texts:
        text = text.strip()
        joined += glue(joined, text) + text
    return joined


def glue(before: str, after: str) -> str:
    """What stands between two texts: a space or nothing."""
    if not before or not after or before[-1].isspace() or after[0].isspace():
        return ""
    left, right = before[-1], after[0]
    if _WIDE_MARK.match(left) or _WIDE_MARK.match(right) or _CLOSING.match(right):
        return ""
    return "" if _UNSPACED.match(left) and _UNSPACED.match(right) else " "


def split(line: str) -> list[str]:
    """The words of a line as they stand in it; put together they are ``lead(line)``.

    Of scripts without spaces a word is a character, with the marks above and below it, so that hypotheses
    are compared finely enough.
    """
    words: list[str] = []
    for piece in _PIECE.findall(lead(line)):
        if words and unicodedata.category(piece[0]).startswith("M"):
            words[-1] += piece
        else:
            words.append(piece)
    return words


def lead(line: str) -> str:
    """The line with what separates it from another before it: a space, unless its script has none."""
    line = line.strip()
    return " " + line if line and not (_UNSPACED.match(line) or _WIDE_MARK.match(line)) else line
