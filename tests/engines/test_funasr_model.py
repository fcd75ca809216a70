"""Weights of all sorts, whole and broken."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from engines.funasr_files import TOKENS
from saywire.config import ModelConfig
from saywire.engines.layout import PARAFORMER_STREAMING
from saywire.errors import EngineFailed

if importlib.util.find_spec("funasr") is None:
    pytest.skip("funasr is not installed: make test-funasr", allow_module_level=True)
import torch

from engines.tiny_funasr import copy_model, share_model, talk
from saywire.engines.funasr_model import FunasrModel

KINDS = (PARAFORMER_STREAMING,)


def tell(folder: Path) -> list[str]:
    """The tokens of a recording, all at once."""
    model = FunasrModel(folder, KINDS, ModelConfig("m"))
    parts = model.folder.parts
    confs = {"encoder_conf": parts["encoder_conf"], "frontend_conf": parts["frontend_conf"]}
    tokens, _ = model.infer(talk(("four-down",)), {**confs, "cache": {}, "is_final": True})
    model.close()
    with pytest.raises(EngineFailed, match="is closed"):
        model.infer(talk(("four-down",)), {})
    return tokens


@cache
def expected() -> list[str]:
    return tell(share_model())


def save(folder: Path, change: Any) -> Path:
    """A copy of the model whose weights are what ``change`` makes of them."""
    weights = torch.load(share_model() / "model.pt", weights_only=True)
    copy_model(folder)
    torch.save(change(weights), folder / "model.pt")
    return folder


@pytest.mark.parametrize(
    "change",
    [
        lambda weights: {"state_dict": weights},
        lambda weights: {"model": weights, "epoch": 3},
        lambda weights: {n: w for n, w in weights.items() if not n.startswith(("ctc.", "decoder.embed."))},
    ],
)
def test_weights_as_trainers_wrap_them_and_without_what_only_they_need(tmp_path: Path, change: Any) -> None:
    assert tell(save(tmp_path / "m", change)) == expected()


def test_weights_of_another_precision(tmp_path: Path) -> None:
    assert (
        tell(save(tmp_path / "m", lambda weights: {n: w.double() for n, w in weights.items()})) == expected()
    )


def test_weights_in_the_old_format(tmp_path: Path) -> None:
    folder = copy_model(tmp_path / "m")
    weights = torch.load(folder / "model.pt", weights_only=True)
    torch.save(weights, folder / "model.pt", _use_new_zipfile_serialization=False)
    assert tell(folder) == expected()


class Mischief:
    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("never printed",)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda weights: {n: w for n, w in weights.items() if "encoders0" not in n},
            "missing or of another shape",
        ),
        (
            lambda weights: weights | {"predictor.cif_output.bias": torch.zeros(2)},
            "1 of .* as predictor.cif_out",
        ),
        (
            lambda weights: weights | {"decoder.output_layer.weight": torch.zeros(8404, 32)},
            rf"has {len(TOKENS)} tokens, but the network has 8404 outputs; take tokens.json and model.pt",
        ),
        (lambda weights: weights | {"x": Mischief()}, "is no file of weights"),
        (lambda weights: [1], "is no file of weights"),
    ],
)
def test_weights_that_do_not_fit_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: Any, words: str
) -> None:
    with pytest.raises(EngineFailed, match=words):
        tell(save(tmp_path / "m", change))
    assert "never printed" not in capsys.readouterr().out


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 half a zip file", b"text\n" * 99])
def test_a_file_of_weights_that_is_none_is_refused(tmp_path: Path, data: bytes) -> None:
    folder = copy_model(tmp_path / "m")
    (folder / "model.pt").write_bytes(data)
    with pytest.raises(EngineFailed, match=r"model.pt of 'm' is no file of weights: .*; download it again"):
        tell(folder)


def test_a_network_that_funasr_cannot_build_is_refused(tmp_path: Path) -> None:
    folder = copy_model(tmp_path / "m")
    configuration = (folder / "config.yaml").read_text("utf-8")
    (folder / "config.yaml").write_text(configuration.replace("SANMEncoderChunkOpt", "Unheard"), "utf-8")
    with pytest.raises(EngineFailed, match="describes no network that FunASR can build"):
        tell(folder)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_device_that_is_not_here_is_refused() -> None:
    with pytest.raises(EngineFailed, match=r"device is 'cuda', but torch finds no GPU here"):
        FunasrModel(share_model(), KINDS, ModelConfig("m", device="cuda"))
