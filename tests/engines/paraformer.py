"""A streaming Paraformer of 20 kB: random weights, a token every 0.2 seconds of what is loud. Source:
online-paraformer-model.cc of sherpa-onnx, August 2026.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engines.folders import write_tokens
from engines.onnx_nets import INT32, INT64, gives, ints, model, node, takes, tensor
from saywire.engines.layout import recognise
from saywire.engines.manifest import Manifest, write_manifest

WIDTH, INPUTS = 8, 560  # of the encoder's output; seven frames of 80 features
TOKENS = ("<blank>", "<s>", "</s>", "是", "才", "hel@@", "lo")
USUAL, QUIET, OFTEN = 15.0, 11.0, 0.3
"""The log energies of speech and of what adds nothing to a token, and the most that a frame adds."""


def make_encoder() -> bytes:
    weights = np.random.default_rng(0).standard_normal((INPUTS, WIDTH)).astype(np.float32)
    graph = node("MatMul", ["speech", "w"], "enc") + node("Identity", ["speech_lengths"], "enc_len")
    graph += node("MatMul", ["speech", "mean"], "level") + node("Sub", ["level", "quiet"], "loud")
    graph += node("Clip", ["loud", "none", "often"], "fires") + node("Squeeze", ["fires", "axes"], "alphas")
    # sherpa-onnx multiplies features by the root of the width.
    graph += tensor("w", weights) + tensor("mean", np.full((INPUTS, 1), 1 / INPUTS / WIDTH**0.5, np.float32))
    for name, number in (("quiet", QUIET - USUAL), ("none", 0.0), ("often", OFTEN)):
        graph += tensor(name, np.full((), number, np.float32))
    graph += ints("axes", 2)
    graph += takes("speech", ["b", "t", INPUTS]) + takes("speech_lengths", ["b"], INT32)
    graph += gives("enc", ["b", "t", WIDTH]) + gives("enc_len", ["b"], INT32) + gives("alphas", ["b", "t"])
    sizes = {"vocab_size": len(TOKENS), "encoder_output_size": WIDTH, "decoder_num_blocks": 1}
    window = {"lfr_window_size": 7, "lfr_window_shift": 6, "decoder_kernel_size": 11}
    scale = {"neg_mean": ",".join([str(-USUAL)] * INPUTS), "inv_stddev": ",".join(["1"] * INPUTS)}
    return model(graph, {**sizes, **window, **scale, "model_type": "paraformer"})


def make_decoder() -> bytes:
    weights = np.random.default_rng(1).standard_normal((WIDTH, len(TOKENS))).astype(np.float32)
    graph = node("MatMul", ["acoustic_embeds", "w"], "logits") + tensor("w", weights)
    graph += node("ArgMax", ["logits"], "sample_ids", axis=2, keepdims=0)
    graph += node("Identity", ["in_cache_0"], "out_cache_0")
    graph += takes("enc", ["b", "t", WIDTH]) + takes("enc_len", ["b"], INT32)
    graph += takes("acoustic_embeds", ["b", "n", WIDTH]) + takes("acoustic_embeds_len", ["b"], INT32)
    graph += takes("in_cache_0", ["b", WIDTH, 10])
    graph += gives("logits", ["b", "n", len(TOKENS)]) + gives("sample_ids", ["b", "n"], INT64)
    return model(graph + gives("out_cache_0", ["b", WIDTH, 10]), {})


def make_paraformer(folder: Path) -> Path:
    """With the manifest of an installed model."""
    folder.mkdir(parents=True)
    (folder / "encoder.int8.onnx").write_bytes(make_encoder())
    (folder / "decoder.int8.onnx").write_bytes(make_decoder())
    write_tokens(folder, TOKENS)
    layout = recognise(folder)
    write_manifest(folder, Manifest("para", layout.family, layout.kind, (), ("zh", "en"), True))
    return folder
