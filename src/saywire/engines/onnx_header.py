"""The head of an ONNX file: its metadata and the names of its inputs and outputs, and that it is whole.

Native loaders end the process over a file that was cut off or is no model, so it is looked at here first,
without loading a weight: only the lengths of the outermost fields are walked. Source: onnx.proto3 of ONNX
1.19 (ModelProto: graph 7, metadata_props 14; GraphProto: input 11, output 12).
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import EngineFailed
from .protobuf import LENGTH, VARINT, Malformed, read_varint, walk

_GRAPH, _METADATA, _INPUT, _OUTPUT = 7, 14, 11, 12
_NAME = _KEY = 1
_VALUE = 2
_SHAPE = (2, 1, 2)
"""From a ValueInfoProto: its type, the tensor's type, the shape."""
_DIMENSION = _SIZE = 1


@dataclass(frozen=True, slots=True)
class OnnxHeader:
    metadata: dict[str, str] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    width: int | None = None
    """The last dimension of the first output, where the file says it: the tokens of a CTC network."""

    def number(self, name: str) -> int | None:
        """Metadata as a whole number; None where it is missing or none."""
        text = self.metadata.get(name, "")
        return int(text) if text.isdecimal() else None


def read_header(path: Path) -> OnnxHeader:
    """Raises EngineFailed for a file that is missing, cut off or no ONNX model."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _read_model(data)
    except ValueError as e:  # Malformed, or an empty file, which cannot be mapped
        raise EngineFailed(
            f"'{path.name}' is not a whole ONNX model ({e}); download or export it again"
        ) from e
    except OSError as e:
        raise EngineFailed(f"model file '{path.name}' cannot be read: {e.strerror}") from e


def _read_model(data: mmap.mmap) -> OnnxHeader:
    metadata: dict[str, str] = {}
    graph: tuple[int, int] | None = None
    for number, start, end in _fields(data, 0, len(data)):
        if number == _GRAPH:
            graph = start, end
        elif number == _METADATA:
            texts = {n: data[a:b].decode("utf-8", "replace") for n, a, b in _fields(data, start, end)}
            metadata[texts.get(_KEY, "")] = texts.get(_VALUE, "")
    if graph is None:
        raise Malformed("it has no graph")
    found: dict[int, list[tuple[int, int]]] = {_INPUT: [], _OUTPUT: []}
    for number, start, end in _fields(data, *graph):
        if number in found:
            found[number].append((start, end))
    inputs, outputs = (tuple(_name(data, *span) for span in found[n]) for n in (_INPUT, _OUTPUT))
    width = _last_dimension(data, *found[_OUTPUT][0]) if outputs else None
    return OnnxHeader(metadata, inputs, outputs, width)


def _name(data: mmap.mmap, start: int, end: int) -> str:
    return next((data[a:b].decode() for n, a, b in _fields(data, start, end) if n == _NAME), "")


def _last_dimension(data: mmap.mmap, start: int, end: int) -> int | None:
    for wanted in _SHAPE:
        start, end = next(((a, b) for n, a, b in _fields(data, start, end) if n == wanted), (end, end))
    dimensions = [(a, b) for n, a, b in _fields(data, start, end) if n == _DIMENSION]
    if not dimensions:
        return None
    first, last = dimensions[-1]
    fixed = first < last and data[first] == _SIZE << 3 | VARINT
    return read_varint(data, first + 1, last)[0] if fixed else None


def _fields(data: mmap.mmap, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Number, first and last byte of every field with a length in ``data[start:end]``."""
    return ((f.number, f.start, f.end) for f in walk(data, start, end) if f.kind == LENGTH)
