"""When the words of a sentence were said, as FunASR's runtime writes it. Pure.

The C++ server writes times as text, from the beginning of the speaking on, and with them the tokens they
belong to. The Python server's are a list, which counts from the beginning of a sentence; where that is it
does not say, so they are not used. A bare number is the time of day when the client called.
"""

from __future__ import annotations

from dataclasses import replace

import msgspec

from ....texts import split
from ....types import Word
from ..words import fit

Span = tuple[float, float]
"""Milliseconds."""


class _Sentence(msgspec.Struct):
    text_seg: str
    """Tokens with spaces between them, without punctuation."""
    ts_list: list[Span]


_spans = msgspec.json.Decoder(list[Span])


def place(text: str, timestamp: object, sentences: object) -> tuple[Word, ...]:
    """The words of ``text`` with seconds from the beginning of the speaking; none where they are not told."""
    try:
        spans = _spans.decode(timestamp) if isinstance(timestamp, str) else []
        told = msgspec.convert(sentences or [], list[_Sentence])
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError):
        return ()
    if not spans:
        return ()
    if told:
        tokens = [token for sentence in told for token in sentence.text_seg.split()]
        spans = [span for sentence in told for span in sentence.ts_list]
    else:
        tokens = split(text)
    if len(tokens) != len(spans):
        return ()
    words = [Word(t.strip(), start / 1000, end / 1000) for t, (start, end) in zip(tokens, spans, strict=True)]
    return tuple(replace(word, text=word.text.strip()) for word in fit(text, words))
