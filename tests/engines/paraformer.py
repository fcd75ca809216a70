"""A streaming Paraformer of 20 kB that the real library loads, written byte by byte: random weights, a token
every 0.2 seconds of what is loud. Sources: onnx.proto3 of ONNX 1.19; online-paraformer-model.cc of
sherpa-onnx, August 2026.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engines.folders import field, value, varint

WIDTH, INPUTS = 8, 560  # of the encoder's output; seven frames of 80 features
TOKENS = ("<blank>", "<s>", "</s>", "是", "才", "hel@@", "lo")
FLOAT, INT32, INT64 = 1, 6, 7
USUAL, QUIET, OFTEN = 15.0, 11.0, 0.3
"""The log energies of speech and of what adds nothing to a token, and the most that a frame adds."""

Values = NDArray[np.float32] | NDArray[np.int64]


def node(operator: str, inputs: Sequence[str], output: str, **attributes: int) -> bytes:
    data = b"".join(field(1, name.encode()) for name in inputs) + field(2, output.encode())
    data += field(4, operator.encode())
    for name, number in attributes.items():
        data += field(5, field(1, name.encode()) + b"\x18" + varint(number) + varint(20 << 3) + b"\x02")
    return field(1, data)


def tensor(name: str, values: Values) -> bytes:
    dimensions = b"".join(b"\x08" + varint(size) for size in values.shape)
    kind = INT64 if values.dtype == np.int64 else FLOAT
    return field(
        5, dimensions + b"\x10" + varint(kind) + field(8, name.encode()) + field(9, values.tobytes())
    )


def model(graph: bytes, metadata: dict[str, object]) -> bytes:
    properties = [field(14, field(1, k.encode()) + field(2, str(v).encode())) for k, v in metadata.items()]
    return (
        b"\x08\x08" + field(7, field(2, b"g") + graph) + field(8, b"\x10" + varint(13)) + b"".join(properties)
    )


def make_encoder() -> bytes:
    weights = np.random.default_rng(0).standard_normal((INPUTS, WIDTH)).astype(np.float32)
    graph = node("MatMul", ["speech", "w"], "enc") + node("Identity", ["speech_lengths"], "enc_len")
    graph += node("MatMul", ["speech", "mean"], "level") + node("Sub", ["level", "quiet"], "loud")
    graph += node("Clip", ["loud", "none", "often"], "fires") + node("Squeeze", ["fires", "axes"], "alphas")
    # sherpa-onnx multiplies features by the root of the width.
    graph += tensor("w", weights) + tensor("mean", np.full((INPUTS, 1), 1 / INPUTS / WIDTH**0.5, np.float32))
    for name, number in (("quiet", QUIET - USUAL), ("none", 0.0), ("often", OFTEN)):
        graph += tensor(name, np.full((), number, np.float32))
    graph += tensor("axes", np.full(1, 2, np.int64))
    graph += field(11, value("speech", ["b", "t", INPUTS])) + field(11, value("speech_lengths", ["b"], INT32))
    graph += field(12, value("enc", ["b", "t", WIDTH])) + field(12, value("enc_len", ["b"], INT32))
    graph += field(12, value("alphas", ["b", "t"]))
    sizes = {"vocab_size": len(TOKENS), "encoder_output_size": WIDTH, "decoder_num_blocks": 1}
    window = {"lfr_window_size": 7, "lfr_window_shift": 6, "decoder_kernel_size": 11}
    scale = {"neg_mean": ",".join([str(-USUAL)] * INPUTS), "inv_stddev": ",".join(["1"] * INPUTS)}
    return model(graph, {**sizes, **window, **scale, "model_type": "paraformer"})


def make_decoder() -> bytes:
    weights = np.random.default_rng(1).standard_normal((WIDTH, len(TOKENS))).astype(np.float32)
    graph = node("MatMul", ["acoustic_embeds", "w"], "logits") + tensor("w", weights)
    graph += node("ArgMax", ["logits"], "sample_ids", axis=2, keepdims=0)
    graph += node("Identity", ["in_cache_0"], "out_cache_0")
    shapes = {"enc": ["b", "t", WIDTH], "enc_len": ["b"], "acoustic_embeds": ["b", "n", WIDTH]}
    for name, shape in (shapes | {"acoustic_embeds_len": ["b"]}).items():
        graph += field(11, value(name, shape, INT32 if name.endswith("_len") else FLOAT))
    graph += field(11, value("in_cache_0", ["b", WIDTH, 10]))
    graph += field(12, value("logits", ["b", "n", len(TOKENS)])) + field(
        12, value("sample_ids", ["b", "n"], INT64)
    )
    return model(graph + field(12, value("out_cache_0", ["b", WIDTH, 10])), {})


def make_paraformer(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "encoder.int8.onnx").write_bytes(make_encoder())
    (folder / "decoder.int8.onnx").write_bytes(make_decoder())
    table = "".join(f"{token} {index}\n" for index, token in enumerate(TOKENS))
    (folder / "tokens.txt").write_text(table, "utf-8")
    return folder
