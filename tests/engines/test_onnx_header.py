"""The head of an ONNX file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.folders import onnx_head
from saywire.engines.onnx_header import OnnxHeader, read_header
from saywire.engines.sherpa import TINY
from saywire.errors import EngineFailed


def test_a_real_file_tells_its_metadata_inputs_and_outputs() -> None:
    encoder = read_header(TINY / "encoder.onnx")
    assert encoder.metadata["model_type"] == "lstm"
    assert encoder.number("decode_chunk_len") == 8
    assert encoder.inputs == ("x", "h", "c")
    assert encoder.outputs == ("encoder_out", "new_h", "new_c")
    tokens = (TINY / "tokens.txt").read_text("utf-8").splitlines()
    assert read_header(TINY / "ctc.onnx").width == len(tokens)


def test_what_is_not_said_is_none(tmp_path: Path) -> None:
    (tmp_path / "x.onnx").write_bytes(onnx_head({"T": "many"}))
    header = read_header(tmp_path / "x.onnx")
    assert header == OnnxHeader({"T": "many"}, ("x",), ("y",), None)
    assert header.number("T") is header.number("decode_chunk_len") is None


@pytest.mark.parametrize("part", [0, 1, 100, 0.5, 0.999])
def test_a_file_that_was_cut_off_is_refused(tmp_path: Path, part: float) -> None:
    data = (TINY / "ctc.onnx").read_bytes()
    (tmp_path / "ctc.onnx").write_bytes(data[: int(part if part >= 1 or not part else part * len(data))])
    with pytest.raises(EngineFailed, match=r"'ctc\.onnx' is not a whole ONNX model"):
        read_header(tmp_path / "ctc.onnx")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(EngineFailed, match=r"'no\.onnx' cannot be read: No such file"):
        read_header(tmp_path / "no.onnx")


@given(data=st.binary(max_size=300) | st.binary(max_size=60).map(lambda tail: onnx_head({"T": "1"}) + tail))
def test_any_bytes_are_a_header_or_an_error(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.onnx"
    path.write_bytes(data)
    try:
        assert isinstance(read_header(path), OnnxHeader)
    except EngineFailed as error:
        assert "any.onnx" in error.message
