from __future__ import annotations

import inspect
from pathlib import Path

import pytest
import sherpa_onnx

from saywire.engines.offline_models import KINDS, find_model
from saywire.errors import EngineFailed

RELEASES = {
    "sense_voice": {"model.int8.onnx": b"lfr_window_size lang_zh", "model.onnx": b"", "tokens.txt": b""},
    "paraformer": {"model.int8.onnx": b"lfr_window_size", "tokens.txt": b"", "am.mvn": b""},
    "zipformer2_ctc": {"model.onnx": b"zipformer2_ctc", "tokens.txt": b""},
    "wenet_ctc": {"model.int8.onnx": b"..wenet_ctc..", "tokens.txt": b""},
    "telespeech_ctc": {"model.int8.onnx": b"telespeech_ctc", "tokens.txt": b""},
    "nemo_ctc": {"model.onnx": b"EncDecCTCModelBPE", "tokens.txt": b""},
    "transducer": {
        "encoder-epoch-99-avg-1.onnx": b"zipformer2",
        "encoder-epoch-99-avg-1.int8.onnx": b"zipformer2",
        "decoder-epoch-99-avg-1.onnx": b"",
        "joiner-epoch-99-avg-1.int8.onnx": b"",
        "tokens.txt": b"",
    },
    "nemo_transducer": {
        "encoder.int8.onnx": b"EncDecRNNTBPEModel",
        "decoder.int8.onnx": b"",
        "joiner.int8.onnx": b"",
        "tokens.txt": b"",
    },
    "whisper": {
        "tiny.en-encoder.onnx": b"n_text_layer",
        "tiny.en-encoder.int8.onnx": b"n_text_layer",
        "tiny.en-decoder.int8.onnx": b"",
        "tiny.en-tokens.txt": b"",
    },
    "fire_red_asr": {"encoder.int8.onnx": b"fire", "decoder.int8.onnx": b"", "tokens.txt": b""},
    "moonshine": {
        "preprocess.onnx": b"",
        "encode.int8.onnx": b"",
        "uncached_decode.int8.onnx": b"",
        "cached_decode.int8.onnx": b"",
        "tokens.txt": b"",
    },
    "fire_red_asr_ctc": {"model.int8.onnx": b"", "tokens.txt": b""},
    "qwen3_asr": {
        "conv_frontend.onnx": b"",
        "encoder.int8.onnx": b"",
        "decoder.int8.onnx": b"",
        "tokenizer/vocab.json": b"",
    },
    "moonshine_v2": {"encoder_model.ort": b"", "decoder_model_merged.ort": b"", "tokens.txt": b""},
}
"""The files of a release of each family, and what their networks mention."""


NAMELESS = {"fire_red_asr_ctc"}
"""Families that their files do not tell."""


def lay(folder: Path, files: dict[str, bytes]) -> Path:
    for name, mentions in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"\x08\x08 " + mentions)
    return folder


def test_there_is_a_release_of_every_kind() -> None:
    assert set(RELEASES) == set(KINDS)


@pytest.mark.parametrize("kind", RELEASES)
def test_a_family_is_told_by_its_files(tmp_path: Path, kind: str) -> None:
    found = find_model(lay(tmp_path, RELEASES[kind]), kind if kind in NAMELESS else None)
    assert found == find_model(tmp_path, kind)
    assert found.kind == kind
    assert set(found.files) == set(KINDS[kind].parts)
    names = {path.name for path in found.files.values()}
    assert len(names) == len(found.files)
    smaller = {name for name in RELEASES[kind] if ".int8" in name}
    assert smaller <= names


@pytest.mark.parametrize("kind", KINDS)
def test_sherpa_onnx_takes_what_a_kind_gives_it(kind: str) -> None:
    known = KINDS[kind]
    takes = inspect.signature(getattr(sherpa_onnx.OfflineRecognizer, known.constructor)).parameters
    given = {*known.parts.values(), "num_threads", *known.extra, *filter(None, [known.language])}
    needed = {name for name, each in takes.items() if each.default is inspect.Parameter.empty}
    assert needed <= given <= set(takes)


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({}, "it has no file; expected .onnx files beside tokens.txt"),
        ({"tokens.txt": b""}, "it has tokens.txt; expected .onnx files"),
        ({"model.onnx": b""}, "half a model: it has model.onnx; download it again"),
        ({"model.onnx": b"gigaformer", "tokens.txt": b""}, "does not say what it is; known are: zipf"),
        ({"decoder.onnx": b"", "tokens.txt": b""}, "half a model: it has decoder.onnx"),
        ({"cached_decode.onnx": b"", "tokens.txt": b""}, "half a model"),
    ],
)
def test_what_is_no_model_is_refused(tmp_path: Path, files: dict[str, bytes], problem: str) -> None:
    with pytest.raises(EngineFailed, match=problem):
        find_model(lay(tmp_path, files))


def test_a_folder_or_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineFailed, match="'nowhere' cannot be read"):
        find_model(tmp_path / "nowhere")
    (tmp_path / "model.onnx").touch()
    (tmp_path / "tokens.txt").touch()
    with pytest.raises(EngineFailed, match=r"'model.onnx' cannot be read"):
        find_model(tmp_path)
