"""Protocol buffers as they lie in a file: fields, one after the other. Nothing is copied or decoded.

Source: the wire format of protobuf (protobuf.dev/programming-guides/encoding, read November 2026).
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
"""Kinds of fields."""

Data = bytes | mmap.mmap


class Malformed(ValueError):
    """What is not in the format, or was cut off."""


@dataclass(frozen=True, slots=True)
class Field:
    number: int
    kind: int
    start: int
    """Where its bytes begin: of a length-delimited field, those after the length."""
    end: int


def walk(data: Data, start: int, end: int) -> Iterator[Field]:
    """The fields of the message in ``data[start:end]``. Raises Malformed."""
    at = start
    while at < end:
        tag, at = read_varint(data, at, end)
        kind = tag & 7
        if kind == LENGTH:
            length, at = read_varint(data, at, end)
        elif kind == VARINT:
            length = read_varint(data, at, end)[1] - at
        elif kind in (FIXED64, FIXED32):
            length = 8 if kind == FIXED64 else 4
        else:
            raise Malformed("it is not in protobuf's format")
        if at + length > end:
            raise Malformed(f"it ends {at + length - end:,} bytes too early")
        yield Field(tag >> 3, kind, at, at + length)
        at += length


def read_varint(data: Data, at: int, end: int) -> tuple[int, int]:
    """A number, and where the next thing begins. Raises Malformed."""
    value = shift = 0
    while at < end and shift < 64:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise Malformed("it is not in protobuf's format, or ends too early")
