"""Rule files written byte by byte: words become figures. Source: OpenFst 1.8, fst.cc and vector-fst.h."""

from __future__ import annotations

import struct
from collections.abc import Mapping

MAGIC = 2125659606
DIGITS = {
    "zero": "0",
    "one": "1",
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
    "零": "0",
    "三": "3",
    "七": "7",
}

Arc = tuple[int, int, float, int]
"""The byte that is read, the byte that is written (0: none), its cost, the next state."""


def write_fst(rules: Mapping[str, str], arc_type: str = "standard") -> bytes:
    """A byte costs 1 to pass, a rule nothing: the cheapest way is the one with the most rules."""
    states: list[list[Arc]] = [[(byte, byte, 1.0, 0) for byte in range(1, 256)]]
    for text, written in rules.items():
        pairs = list(zip(text.encode(), written.encode().ljust(len(text.encode()), b"\0"), strict=True))
        here = 0
        for place, (read, write) in enumerate(pairs):
            last = place == len(pairs) - 1
            states[here].append((read, write, 0.0, 0 if last else len(states)))
            if not last:
                here = len(states)
                states.append([])
    return _write_header(arc_type, len(states), sum(map(len, states))) + b"".join(
        struct.pack("<fq", 0.0 if number == 0 else float("inf"), len(arcs))
        + b"".join(struct.pack("<iifi", *arc) for arc in arcs)
        for number, arcs in enumerate(states)
    )


def _write_header(arc_type: str, states: int, arcs: int) -> bytes:
    texts = b"".join(struct.pack("<i", len(text)) + text.encode() for text in ("vector", arc_type))
    return struct.pack("<i", MAGIC) + texts + struct.pack("<iiQqqq", 2, 0, 3, 0, states, arcs)


def write_far(*fsts: bytes) -> bytes:
    """An archive of rule files, as OpenFst's sttable.h lays it out."""
    data = struct.pack("<ii", 2125656924, 1)
    positions = []
    for number, fst in enumerate(fsts):
        positions.append(len(data))
        name = f"{number:03}".encode()
        data += struct.pack("<i", len(name)) + name + fst
    return data + struct.pack(f"<q{len(positions)}qq", len(positions), *positions, len(positions))
