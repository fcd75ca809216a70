"""Folders of streaming Paraformers, whole and broken, without torch."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engines.funasr_files import TOKENS, make_configuration, make_scaling, write_configuration, write_files
from saywire.engines import funasr_folder
from saywire.engines.funasr_folder import FunasrFolder
from saywire.engines.layout import PARAFORMER_STREAMING
from saywire.errors import EngineFailed

pytest.importorskip("yaml", reason="PyYAML, which comes with funasr, is not installed: make test-funasr")

Change = Callable[[dict[str, Any]], object]


def read_folder(folder: Path) -> FunasrFolder:
    return funasr_folder.read_folder(folder, (PARAFORMER_STREAMING,))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_files(tmp_path / "m")
    (tmp_path / "m" / "model.pt").write_bytes(b"weights")
    return tmp_path / "m"


def configure(folder: Path, change: Change) -> None:
    configuration = make_configuration()
    change(configuration)
    write_configuration(folder, configuration)


def test_a_whole_folder_is_read_without_dither(folder: Path) -> None:
    read = read_folder(folder)
    assert (read.tokens, read.weights) == (TOKENS, folder / "model.pt")
    frontend = {"cmvn_file": str(folder / "am.mvn"), "dither": 0.0}
    assert read.parts["frontend_conf"] == make_configuration()["frontend_conf"] | frontend
    assert read.parts["tokenizer_conf"]["token_list"] == str(folder / "tokens.json")
    assert read.parts["encoder_conf"] == make_configuration()["encoder_conf"]
    assert read.parts["model"] == "ParaformerStreaming"


def test_what_is_only_for_other_uses_may_be_missing(folder: Path) -> None:
    for name in ("seg_dict", "configuration.json"):
        (folder / name).unlink()
    assert read_folder(folder).tokens == TOKENS


def test_nothing_is_taken_that_does_more_than_build_the_network(folder: Path) -> None:
    more = {
        "trust_remote_code": True,
        "remote_code": "./model.py",
        "init_param": "/etc/passwd",
        "device": "x",
    }
    configure(folder, lambda c: c.update(more | {"frontend_conf": c["frontend_conf"] | {"dither": 1.0}}))
    read = read_folder(folder)
    assert not read.parts.keys() & more.keys()
    assert read.parts["frontend_conf"]["dither"] == 0.0


def test_another_model_is_told_by_its_name(folder: Path) -> None:
    configure(folder, lambda c: c.update(model="SenseVoiceSmall"))
    words = r"'m' is a model of family 'funasr' and of kind 'SenseVoiceSmall', which this engine does not run"
    with pytest.raises(EngineFailed, match=words):
        read_folder(folder)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda c: c["frontend_conf"].update(fs=8000),
            "is for audio of 8000 Hz; only models of 16000",
        ),
        (lambda c: c["frontend_conf"].update(lfr_n=1), "has frames of 10 ms; only those of 60 ms"),
        (lambda c: c.pop("encoder_conf"), "does not describe a network: .*encoder_conf.*; download it again"),
        (lambda c: c.update(frontend_conf=[1]), "does not describe a network: .*frontend_conf"),
    ],
)
def test_a_configuration_that_cannot_be_streamed_is_refused(folder: Path, change: Change, words: str) -> None:
    configure(folder, change)
    with pytest.raises(EngineFailed, match=words):
        read_folder(folder)


def test_a_configuration_that_is_no_yaml_is_refused(folder: Path) -> None:
    (folder / "config.yaml").write_text("model: ParaformerStreaming\n\t[: {\n")
    with pytest.raises(EngineFailed, match=r"config.yaml of 'm' does not describe a network"):
        read_folder(folder)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[1, 2]", "is no list of texts"),
        ("{", "is no list of texts"),
        ('["<blank>", "a"]', "has no '<unk>', which the model needs; is it another's?"),
        (json.dumps([*TOKENS, "hello"]), "has 'hello' twice"),
    ],
)
def test_tokens_that_are_none_are_refused(folder: Path, text: str, words: str) -> None:
    (folder / "tokens.json").write_text(text)
    with pytest.raises(EngineFailed, match=f"tokens.json of 'm' {words}"):
        read_folder(folder)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "has 0 numbers for AddShift, but the network has 560 features; take both from the same model"),
        (make_scaling().replace("0.2 ", "", 1).encode(), "has 559 numbers for Rescale"),
        (make_scaling().replace("-8.0", "eight", 1).encode(), "is damaged: .*'eight'"),
        (b"\xff\xfe", "is damaged"),
    ],
)
def test_scaling_that_does_not_fit_is_refused(folder: Path, data: bytes, words: str) -> None:
    (folder / "am.mvn").write_bytes(data)
    with pytest.raises(EngineFailed, match=f"am.mvn of 'm' {words}"):
        read_folder(folder)
