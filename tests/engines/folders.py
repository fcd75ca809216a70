"""Model folders for tests: small ones made of the shipped files, and heads of ONNX files without weights."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from saywire.engines.layout import recognise
from saywire.engines.manifest import Manifest, write_manifest
from saywire.engines.sherpa import TINY

TRANSDUCER = ("encoder.onnx", "decoder.onnx", "joiner.onnx", "tokens.txt")
CTC = ("ctc.onnx", "tokens.txt")


def make_folder(folder: Path, files: Sequence[str] = TRANSDUCER) -> Path:
    """A release as sherpa-onnx makes them: without any metadata of ours."""
    folder.mkdir(parents=True)
    for name in files:
        shutil.copy(TINY / name, folder / name.replace("offline", "model"))
    return folder


def make_installed(folder: Path, files: Sequence[str] = TRANSDUCER) -> Path:
    """The same with the manifest of an installed model."""
    layout = recognise(make_folder(folder, files))
    write_manifest(folder, Manifest(folder.name, layout.family, layout.kind, (), ("zh", "en"), True))
    return folder


def varint(value: int) -> bytes:
    head = bytes([value & 0x7F | (0x80 if value > 0x7F else 0)])
    return head if value <= 0x7F else head + varint(value >> 7)


def field(number: int, data: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(data)) + data


def value(name: str, shape: Sequence[int | str], kind: int = 1) -> bytes:
    dimensions = b"".join(
        field(1, b"\x08" + varint(size) if isinstance(size, int) else field(2, size.encode()))
        for size in shape
    )
    return field(1, name.encode()) + field(2, field(1, b"\x08" + varint(kind) + field(2, dimensions)))


def onnx_head(
    metadata: Mapping[str, str],
    inputs: Sequence[str] = ("x",),
    outputs: Sequence[str] = ("y",),
    shape: Sequence[int | str] = ("N", "T"),
) -> bytes:
    """A file that has all an ONNX model has, but nothing that computes."""
    graph = field(1, b"node" * 100)
    graph += b"".join(field(11, value(name, shape)) for name in inputs)
    graph += b"".join(field(12, value(name, shape)) for name in outputs)
    properties = b"".join(field(14, field(1, k.encode()) + field(2, v.encode())) for k, v in metadata.items())
    return b"\x08\x08" + field(7, graph) + properties


def tokens(count: int, *more: str, blank_last: bool = False) -> str:
    names = [f"t{index}" for index in range(count)]
    names[-1 if blank_last else 0] = "<blk>"
    return "".join(f"{name} {index}\n" for index, name in enumerate((*names, *more)))


def write_tokens(folder: Path, texts: Sequence[str]) -> None:
    (folder / "tokens.txt").write_text("".join(f"{text} {n}\n" for n, text in enumerate(texts)), "utf-8")
