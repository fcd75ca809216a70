"""What becomes part of an installed model."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from engines.folders import make_folder
from saywire.engines.layout import OFFLINE, Layout, recognise
from saywire.engines.sherpa import TINY
from saywire.runtime.contents import choose_files, describe, propose_name


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (
            "x/sherpa-onnx-streaming-zipformer-zh-14M-2023-02-23.tar.bz2",
            "sherpa-onnx-streaming-zipformer-zh-14m-2023-02-23",
        ),
        ("My Model (new).zip", "my-model-new"),
        ("folder", "folder"),
        ("模型", ""),
    ],
)
def test_names_are_proposed(path: str, name: str) -> None:
    assert propose_name(Path(path)) == name


def test_of_a_streaming_model_only_what_is_read_and_its_papers(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m")
    for name in ("README.md", "LICENSE", "bpe.vocab", "digits.fst", "export.py", "encoder-other.onnx"):
        (folder / name).write_text("x")
    (folder / "test_wavs").mkdir()
    expected = [
        "LICENSE",
        "README.md",
        "bpe.vocab",
        "decoder.onnx",
        "digits.fst",
        "encoder.onnx",
        "joiner.onnx",
        "tokens.txt",
    ]
    assert choose_files(folder, recognise(folder)) == expected


def test_of_a_model_of_funasr_everything(tmp_path: Path) -> None:
    names = ["am.mvn", "config.yaml", "configuration.json", "model.pt", "seg_dict", "tokens.json"]
    for name in names:
        (tmp_path / name).write_text("model: ParaformerStreaming")
    assert choose_files(tmp_path, recognise(tmp_path)) == names


def test_of_the_shipped_kind_all_that_it_names() -> None:
    files = choose_files(TINY, recognise(TINY))
    assert {"metadata.json", "ctc.onnx", "NOTICE.md"} <= set(files)


def test_of_an_offline_model_all_but_examples(tmp_path: Path) -> None:
    for name in ("model.onnx", "tokenizer/vocab.json", "test_wavs/0.wav", ".git/config"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    assert choose_files(tmp_path, Layout(OFFLINE, "qwen3_asr")) == ["model.onnx", "tokenizer/vocab.json"]


def test_a_manifest_has_every_file_s_checksum(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m")
    manifest = describe(folder, "m", recognise(folder), ("zh",), source="here", published=["tokens.txt"])
    record = {file.path: file for file in manifest.files}["tokens.txt"]
    data = (folder / "tokens.txt").read_bytes()
    assert (record.size, record.sha256, record.published) == (
        len(data),
        hashlib.sha256(data).hexdigest(),
        True,
    )
    assert len(manifest.files) == 4 and manifest.streaming
