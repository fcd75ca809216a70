"""Names of files, and the parts they play."""

from __future__ import annotations

from pathlib import Path

import pytest

from saywire.engines.parts import choose_parts, find_parts, need_parts
from saywire.errors import EngineFailed


def test_parts_with_a_prefix_belong_together() -> None:
    assert choose_parts({"tiny-encoder.int8.onnx", "tiny-decoder.onnx", "tiny-tokens.txt"}) == {
        "encoder": "tiny-encoder.int8.onnx",
        "decoder": "tiny-decoder.onnx",
        "tokens": "tiny-tokens.txt",
    }


def test_of_many_files_those_of_one_export_are_taken() -> None:
    names = {
        f"{part}-epoch-99-avg-1{suffix}.onnx"
        for part in ("encoder", "decoder", "joiner")
        for suffix in ("", ".int8")
    }
    assert choose_parts({*names, "tokens.txt", "encoder-other.onnx"}) == {
        "encoder": "encoder-epoch-99-avg-1.int8.onnx",
        "decoder": "decoder-epoch-99-avg-1.onnx",
        "joiner": "joiner-epoch-99-avg-1.int8.onnx",
        "tokens": "tokens.txt",
    }
    assert choose_parts({"encoder.onnx", "encoder.int8.onnx", "decoder.int8.onnx", "decoder.onnx"}) == {
        "encoder": "encoder.int8.onnx",
        "decoder": "decoder.int8.onnx",
    }


def test_the_folder_of_a_tokenizer_is_a_part(tmp_path: Path) -> None:
    (tmp_path / "qwen").mkdir()
    (tmp_path / "qwen" / "vocab.json").touch()
    assert find_parts(tmp_path, {"llm.int8.onnx"}) == {"llm": "llm.int8.onnx", "tokenizer": "qwen"}


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    parts = {"encoder": "encoder.onnx"}
    need_parts(tmp_path, parts, ("encoder",))
    missing = r"it has encoder.onnx, but decoder\*\.onnx, tokens\.txt missing"
    with pytest.raises(EngineFailed, match=missing):
        need_parts(tmp_path, parts, ("encoder", "decoder", "tokens"))
