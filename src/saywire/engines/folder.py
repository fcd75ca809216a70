"""What is in the folder of a sherpa-onnx model: ``metadata.json`` and the files it names.

The training scripts of this repository write it. sherpa-onnx ends the process over a broken file, so every
file it will read is compared with its checksum first.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import numpy as np

from ..errors import EngineFailed

FORBIDDEN = np.float32(-1e4)  # a bias that no activation can outweigh


class OutputBias(msgspec.Struct, frozen=True):
    """Where a file keeps the bias of its output layer: byte offset, number of little-endian float32."""

    file: str
    offset: int
    count: int


class CtcForm(msgspec.Struct, frozen=True):
    model: str
    output_bias: OutputBias


class TransducerForm(msgspec.Struct, frozen=True):
    encoder: str
    decoder: str
    joiner: str
    output_bias: OutputBias


class Forms(msgspec.Struct, frozen=True):
    ctc: CtcForm
    transducer: TransducerForm
    offline_ctc: CtcForm | None = None


class Metadata(msgspec.Struct, frozen=True):
    """``metadata.json`` of a model folder."""

    name: str
    languages: tuple[str, ...]
    sample_rate: int
    chunk: float
    """Seconds of audio a step decodes."""
    tail_padding: float
    """Seconds of silence after the last word that its recognition needs, measured."""
    word_lead: float
    """Seconds from a word's start to its first token, on average."""
    word_trail: float
    """Seconds from a word's last token to its end, at least; negative where tokens come late."""
    tokens: str
    bpe_vocab: str
    modeling_unit: str
    forms: Forms
    language_tokens: dict[str, tuple[int, ...]]
    vocabulary: dict[str, tuple[str, ...]]
    sha256: dict[str, str]
    """Of every file that sherpa-onnx reads."""


def read_metadata(folder: Path) -> Metadata:
    """The checked description of a model. Raises EngineFailed for a folder that is not a whole model."""
    try:
        metadata = msgspec.json.decode((folder / "metadata.json").read_bytes(), type=Metadata)
    except OSError as e:
        raise EngineFailed(f"model folder '{folder.name}' has no readable metadata.json: {e.strerror}") from e
    except msgspec.MsgspecError as e:
        raise EngineFailed(
            f"metadata.json of model '{folder.name}' is not one this version reads: {e}"
        ) from e
    for name, expected in metadata.sha256.items():
        check_file(folder / name, expected)
    return metadata


def check_file(path: Path, expected: str) -> None:
    """Raises EngineFailed unless the file is there and whole."""
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as e:
        raise EngineFailed(f"model file '{path.name}' cannot be read: {e.strerror}; install it again") from e
    if found != expected:
        raise EngineFailed(
            f"model file '{path.name}' is damaged: sha256 {found[:12]}, not {expected[:12]}; install it again"
        )


def restrict(data: bytes, bias: OutputBias, allowed: frozenset[int]) -> bytes:
    """A copy of an ONNX file whose tokens outside ``allowed`` are switched off."""
    values = np.frombuffer(data, "<f4", bias.count, bias.offset).copy()
    values[[token for token in range(bias.count) if token not in allowed]] = FORBIDDEN
    end = bias.offset + values.nbytes
    return data[: bias.offset] + values.tobytes() + data[end:]
