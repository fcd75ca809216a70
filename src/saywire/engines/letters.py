"""Tokens of all kinds to one kind: text, with a space or ``▁`` before the first of a word.

Most models have it so already. Byte-level models write each byte of UTF-8 as a letter of its own, others fall
back to ``<0xE4>`` for what they have no piece for, and Paraformer ends with ``@@`` what goes on. A character
appears when its last byte is known. Sources: icefall's byte_utils.py; symbol-table.cc and
offline-recognizer-paraformer-impl.h of sherpa-onnx, August 2026.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence

from .token_table import Script

BEGINS = "▁"
Letter = tuple[str, int]
"""Text, and the number of the token in which it begins."""

_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")
_LEFT_OUT = {0x132, 0x133, 0x13F, 0x140, 0x149, 0x17F}
"""Letters that Unicode's normal forms take apart."""


def _list_letters() -> Iterator[str]:
    """What byte-level models write each byte with: printable ASCII with itself, the others from U+0100 on."""
    high = (chr(code) for code in range(0x100, 0x1B0) if code not in _LEFT_OUT)
    return (chr(byte) if 0x20 <= byte <= 0x7E else next(high) for byte in range(256))


BYTE_LETTERS = tuple(_list_letters())
_VALUES = {letter: byte for byte, letter in enumerate(BYTE_LETTERS)}


def write_out(tokens: Sequence[str], script: Script) -> list[Letter]:
    """Only ever grows at its end as tokens are added."""
    if script.bytes:
        return list(_join_letters(tokens))
    if script.suffixed:
        return list(_mark_beginnings(tokens))
    if any(token.startswith("<0x") for token in tokens):
        return list(_join_bytes(tokens))
    return [(token, number) for number, token in enumerate(tokens)]


def _join_letters(tokens: Sequence[str]) -> Iterator[Letter]:
    decoder = codecs.getincrementaldecoder("utf-8")("ignore")
    mark, first = BEGINS, -1
    for number, token in enumerate(tokens):
        for letter in token:
            if letter == BEGINS:
                decoder.reset()
                mark, first = BEGINS, -1
                continue
            first = number if first < 0 else first
            if text := decoder.decode(bytes([_VALUES[letter]])) if letter in _VALUES else letter:
                yield mark + text, first
                mark, first = "", -1


def _join_bytes(tokens: Sequence[str]) -> Iterator[Letter]:
    decoder = codecs.getincrementaldecoder("utf-8")("ignore")
    first = -1
    for number, token in enumerate(tokens):
        if not (byte := _BYTE.fullmatch(token)):
            decoder.reset()
            first = -1
            yield token, number
            continue
        first = number if first < 0 else first
        if text := decoder.decode(bytes.fromhex(byte[1])):
            yield text, first
            first = -1


def _mark_beginnings(tokens: Sequence[str]) -> Iterator[Letter]:
    """``</s>`` and the like are not said."""
    goes_on = False
    for number, token in enumerate(tokens):
        if not (token.startswith("<") and token.endswith(">")):
            yield ("" if goes_on else BEGINS) + token.removesuffix("@@"), number
            goes_on = token.endswith("@@")
