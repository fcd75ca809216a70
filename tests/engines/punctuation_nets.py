"""Models that punctuate, of 1 kB, that the real library loads: each word has its mark. Sources:
offline-ct-transformer-model.cc and online-punctuation-cnn-bilstm-impl.h of sherpa-onnx, August 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from engines.onnx_nets import INT32, gives, ints, model, node, takes, tensor

MARKS = ("<unk>", "_", "，", "。", "？", "、")
WORDS = ("<unk>", "hello", "stop", "three", "eight", "今", "天", "好", "吗", "dog")
BEHIND = {"hello": "，", "stop": "。", "three": "，", "eight": "。", "天": "，", "吗": "？", "dog": "、"}


def make_mandarin(folder: Path, **changed: str) -> Path:
    """``changed``: metadata, the others as sherpa-onnx wants them."""
    folder.mkdir(parents=True)
    table = np.zeros((len(WORDS), len(MARKS)), np.float32)
    for number, word in enumerate(WORDS):
        table[number, MARKS.index(BEHIND.get(word, "_"))] = 1.0
    graph = tensor("table", table) + node("Gather", ["table", "inputs"], "logits", axis=0)
    graph += takes("inputs", ["n", "t"], INT32) + takes("text_lengths", ["n"], INT32)
    graph += gives("logits", ["n", "t", len(MARKS)])
    said = {"tokens": "|".join(WORDS), "punctuations": "|".join(MARKS), "unk_symbol": "<unk>"}
    said |= {"vocab_size": str(len(WORDS)), "model_type": "ct_transformer"}
    (folder / "model.int8.onnx").write_bytes(model(graph, said | changed))
    return folder


PIECES = ("<unk>", "<s>", "</s>", "▁hello", "▁stop", "▁three", "▁eight", "▁", "o", "n", "e", "x")
ENGLISH: Mapping[str, tuple[int, int]] = {
    "▁hello": (2, 1),
    "▁stop": (0, 2),
    "▁three": (2, 0),
    "▁eight": (0, 3),
}
"""Capitals (2: the first letter) and mark (1: comma, 2: period, 3: question) of a word by its first piece."""
NUMBERS = {"COMMA": "1", "PERIOD": "2", "QUESTION": "3", "UPPER": "1", "CAP": "2", "MIX_CASE": "3"}


def make_english(folder: Path, **changed: str) -> Path:
    folder.mkdir(parents=True)
    cases, marks = (np.zeros((len(PIECES), 4), np.float32) for _ in range(2))
    for number, piece in enumerate(PIECES):
        case, mark = ENGLISH.get(piece, (0, 0))
        cases[number, case] = marks[number, mark] = 1.0
    # of each row the pieces that begin a word, without the sentence's own two
    graph = node(
        "Cast",
        [
            "valid_ids",
        ],
        "valid",
        to=9,
    ) + ints("row", -1)
    graph += node("Reshape", ["valid", "row"], "flat") + node("Reshape", ["token_ids", "row"], "tokens")
    graph += node("Compress", ["tokens", "flat"], "heads", axis=0) + ints("one", 1) + ints("end", -1)
    graph += node("Slice", ["heads", "one", "end"], "words")
    for name, table in (("case", cases), ("mark", marks)):
        graph += tensor(f"{name}s", table) + node("Gather", [f"{name}s", "words"], f"{name}_logits", axis=0)
    graph += takes("token_ids", ["n", 200], INT32) + takes("valid_ids", ["n", 200], INT32)
    graph += takes("label_lens", ["n"], INT32)
    graph += gives("case_logits", ["w", 4]) + gives("mark_logits", ["w", 4])
    (folder / "model.onnx").write_bytes(model(graph, NUMBERS | changed))
    lines = (f"{piece}\t{float(-number)}\n" for number, piece in enumerate(PIECES))
    (folder / "bpe.vocab").write_text("".join(lines), "utf-8")
    return folder
