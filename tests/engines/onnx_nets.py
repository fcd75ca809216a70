"""ONNX files written byte by byte, for tiny networks that the real library loads. Source: onnx.proto3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from engines.folders import field, value, varint

FLOAT, INT32, INT64, BOOL = 1, 6, 7, 9
TYPES = {"float32": FLOAT, "int32": INT32, "int64": INT64}

Values = NDArray[np.float32] | NDArray[np.int32] | NDArray[np.int64]


def node(operator: str, inputs: Sequence[str], output: str, **attributes: int) -> bytes:
    data = b"".join(field(1, name.encode()) for name in inputs) + field(2, output.encode())
    data += field(4, operator.encode())
    for name, number in attributes.items():
        data += field(5, field(1, name.encode()) + b"\x18" + varint(number) + varint(20 << 3) + b"\x02")
    return field(1, data)


def tensor(name: str, values: Values) -> bytes:
    dimensions = b"".join(b"\x08" + varint(size) for size in values.shape)
    kind = varint(TYPES[values.dtype.name])
    return field(5, dimensions + b"\x10" + kind + field(8, name.encode()) + field(9, values.tobytes()))


def ints(name: str, *numbers: int) -> bytes:
    """A constant of int64, such as axes."""
    return tensor(name, np.array(numbers, np.int64))


def takes(name: str, shape: Sequence[int | str], kind: int = FLOAT) -> bytes:
    return field(11, value(name, shape, kind))


def gives(name: str, shape: Sequence[int | str], kind: int = FLOAT) -> bytes:
    return field(12, value(name, shape, kind))


def model(graph: bytes, metadata: Mapping[str, object]) -> bytes:
    properties = [field(14, field(1, k.encode()) + field(2, str(v).encode())) for k, v in metadata.items()]
    return (
        b"\x08\x08" + field(7, field(2, b"g") + graph) + field(8, b"\x10" + varint(13)) + b"".join(properties)
    )


def favour(count: int, choices: Mapping[int, int], by: float = 10.0) -> NDArray[np.float32]:
    """A table of logits, (count, count): behind each number the one it is to be followed by."""
    table = np.zeros((count, count), np.float32)
    for one, other in choices.items():
        table[one, other] = by
    return table
