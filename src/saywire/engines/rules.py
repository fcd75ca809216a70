"""Rule files: finite-state transducers over bytes that rewrite a text, most often number words to figures.

sherpa-onnx applies them to the text of a recogniser, one after the other: ``*.fst`` has one, ``*.far``
several. It ends the process over an archive that it cannot read, so files are looked at here first. Sources:
fst.cc, vector-fst.h, const-fst.h and sttable.h of OpenFst 1.8; online-recognizer-impl.cc of sherpa-onnx,
August 2026.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..errors import EngineFailed

SUFFIXES = (".fst", ".far")
_FST, _TABLE = 2125659606, 2125656924
"""What a transducer and an archive begin with."""
_STATE, _ARC = struct.Struct("<fq"), 16
_HEADER = struct.Struct("<iiQqqq")
"""Version, flags, properties, start, states, arcs."""
_SYMBOLS = 3
"""Flags of tables of symbols inside the file."""


def find_rules(folder: Path) -> tuple[Path, ...]:
    """The rule files beside a model, by name."""
    return tuple(sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES and path.is_file()))


def write_arguments(paths: Sequence[Path]) -> dict[str, str]:
    """The arguments of sherpa-onnx's constructors for rule files. Raises EngineFailed for broken ones."""
    for path in paths:
        check_rules(path)
    fsts, fars = (",".join(str(p) for p in paths if p.suffix == suffix) for suffix in SUFFIXES)
    return {name: text for name, text in (("rule_fsts", fsts), ("rule_fars", fars)) if text}


def check_rules(path: Path) -> None:
    """Raises EngineFailed for what is no whole file of rules."""
    if path.suffix not in SUFFIXES or "," in str(path):
        raise EngineFailed(
            f"'{path.name}' cannot be a rule file; its path must end with .fst or .far, without commas"
        )
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            for start, end in _list_parts(data) if path.suffix == ".far" else [(0, len(data))]:
                _check_part(data, start, end)
    except OSError as e:
        raise EngineFailed(f"rule file '{path.name}' cannot be read: {e.strerror}") from e
    except (ValueError, struct.error) as e:  # an empty file cannot be mapped
        raise EngineFailed(
            f"'{path.name}' is not a whole rule file ({e}); download or compile it again"
        ) from e


def _list_parts(data: mmap.mmap) -> Iterator[tuple[int, int]]:
    """Where each transducer of an archive begins and ends at the latest."""
    magic, version = struct.unpack_from("<ii", data)
    if (magic, version) != (_TABLE, 1):
        raise ValueError("it does not begin as an archive of transducers")
    (count,) = struct.unpack_from("<q", data, len(data) - 8)
    table = len(data) - 8 * (count + 1)
    if not 0 < count <= len(data) // 8 or table < 16:
        raise ValueError("its table of contents is missing")
    positions = struct.unpack_from(f"<{count}q", data, table)
    for start, end in zip(positions, (*positions[1:], table - 8), strict=True):
        if not 8 <= start < end <= table:
            raise ValueError("its table of contents leads out of it")
        (length,) = struct.unpack_from("<i", data, start)
        yield start + 4 + length, end


def _check_part(data: mmap.mmap, start: int, end: int) -> None:
    (magic,) = struct.unpack_from("<i", data, start)
    if magic != _FST:
        raise ValueError("it does not begin as a transducer")
    kind, at = _read_text(data, start + 4)
    arcs, at = _read_text(data, at)
    if kind not in (b"vector", b"const") or arcs != b"standard":
        raise ValueError(
            f"it is of type '{kind.decode()}' with '{arcs.decode()}' arcs; expected vector and standard"
        )
    _, flags, _, _, states, count = _HEADER.unpack_from(data, at)
    at += _HEADER.size
    if flags & _SYMBOLS:
        raise ValueError("it has symbols of its own; compile it over bytes")
    if states < 1 or count < 0:
        raise ValueError("it has no states")
    end_of_states = at + states * 20 + count * _ARC if kind == b"const" else _walk(data, at, end, states)
    if end_of_states > end:
        raise ValueError(f"it ends {end_of_states - end:,} bytes too early")


def _walk(data: mmap.mmap, at: int, end: int, states: int) -> int:
    """Where the states end, or a place behind ``end``."""
    for _ in range(states):
        if at + _STATE.size > end:
            return at + _STATE.size
        _, arcs = _STATE.unpack_from(data, at)
        if arcs < 0:
            raise ValueError("a state of it has less than no arcs")
        at += _STATE.size + arcs * _ARC
    return at


def _read_text(data: mmap.mmap, at: int) -> tuple[bytes, int]:
    (length,) = struct.unpack_from("<i", data, at)
    if not 0 <= length <= 32:
        raise ValueError("it has no type")
    return data[at + 4 : at + 4 + length], at + 4 + length
