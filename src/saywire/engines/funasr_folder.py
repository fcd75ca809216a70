"""The folder of a Paraformer of FunASR, as it is downloaded, checked before torch sees it.

It has config.yaml (the parts of the network and of its front end), tokens.json (a list of texts), am.mvn (the
shift and the scale of each feature, as a Kaldi network) and model.pt (the weights). configuration.json and
seg_dict (the pieces of words) may be missing. Only what builds the network is taken from config.yaml: FunASR
would also run code and fetch packages that a configuration names. Source: FunASR 1.4.16,
download_model_from_hub.py, auto_model.py and wav_frontend.py, November 2026.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec

from ..errors import EngineFailed
from ..types import RATE
from .layout import FUNASR, recognise

PARTS = ("encoder", "decoder", "predictor", "seaco_decoder", "frontend", "tokenizer", "normalize")
"""Of config.yaml; each may have a ``_conf``."""
FRAME = 60
"""Milliseconds of a frame of the encoder, which FunASR takes for granted in streaming and in word times."""
_ROW = re.compile(r"<(AddShift|Rescale)>[^\[]*<LearnRateCoef>\s*\S+\s*\[([^\]]*)\]")


class _Frontend(msgspec.Struct, frozen=True):
    fs: int = RATE
    n_mels: int = 80
    frame_shift: int = 10
    lfr_m: int = 1
    """Frames of features in a frame of the encoder."""
    lfr_n: int = 1
    """Frames of features from one to the next."""


class _Configuration(msgspec.Struct, frozen=True):
    encoder: str
    encoder_conf: dict[str, Any]
    decoder: str
    predictor: str
    frontend_conf: _Frontend
    tokenizer: str
    frontend: str = ""


@dataclass(frozen=True, slots=True)
class FunasrFolder:
    """What builds the network, and its weights."""

    parts: Mapping[str, Any]
    """As FunASR's ``AutoModel.build_model`` takes them."""
    tokens: tuple[str, ...]
    """Text of each output of the network; ``@@`` at the end of a piece whose word goes on."""
    weights: Path
    kind: str


def read_folder(folder: Path, kinds: Sequence[str]) -> FunasrFolder:
    """Raises EngineFailed for a model of none of these kinds, saying what it is, and for a broken one."""
    layout = recognise(folder)
    if layout.family != FUNASR or layout.kind not in kinds:
        raise EngineFailed(
            f"'{folder.name}' is a model of family '{layout.family}' and of kind '{layout.kind}', which this"
            f" engine does not run; it runs {', '.join(kinds)} of FunASR"
        )
    parts, frontend = _read_configuration(folder)
    tokens = _read_tokens(folder)
    _check_scaling(folder, frontend.n_mels * frontend.lfr_m)
    # Dither is noise that makes the same audio give other words each time.
    sizes = {"n_mels": frontend.n_mels, "lfr_m": frontend.lfr_m, "lfr_n": frontend.lfr_n}
    parts["frontend_conf"] |= {**sizes, "cmvn_file": str(folder / "am.mvn"), "dither": 0.0}
    parts["tokenizer_conf"] = parts.get("tokenizer_conf", {}) | {"token_list": str(folder / "tokens.json")}
    return FunasrFolder(parts, tokens, folder / "model.pt", layout.kind)


def _read_configuration(folder: Path) -> tuple[dict[str, Any], _Frontend]:
    where = f"config.yaml of '{folder.name}'"
    try:
        everything = msgspec.yaml.decode((folder / "config.yaml").read_bytes(), type=dict[str, Any])
        frontend = msgspec.convert(everything, _Configuration).frontend_conf
    except OSError as e:
        raise EngineFailed(f"{where} cannot be read: {e.strerror}") from e
    except msgspec.MsgspecError as e:
        raise EngineFailed(f"{where} does not describe a network: {e}; download it again") from e
    if frontend.fs != RATE:
        raise EngineFailed(
            f"'{folder.name}' is for audio of {frontend.fs} Hz; only models of {RATE} Hz are run"
        )
    frame = frontend.frame_shift * frontend.lfr_n
    if frame != FRAME:
        raise EngineFailed(f"{where} has frames of {frame} ms; only those of {FRAME} ms are run")
    names = ("model", "model_conf", *PARTS, *(f"{part}_conf" for part in PARTS))
    return {name: everything[name] for name in names if name in everything}, frontend


def _read_tokens(folder: Path) -> tuple[str, ...]:
    where = f"tokens.json of '{folder.name}'"
    try:
        tokens = msgspec.json.decode((folder / "tokens.json").read_bytes(), type=tuple[str, ...])
    except OSError as e:
        raise EngineFailed(f"{where} cannot be read: {e.strerror}") from e
    except msgspec.MsgspecError as e:
        raise EngineFailed(f"{where} is no list of texts: {e}; download it again") from e
    twice = next((left for left, right in pairwise(sorted(tokens)) if left == right), None)
    if twice is not None:
        raise EngineFailed(f"{where} has '{twice}' twice; download it again")
    if "<unk>" not in tokens:
        raise EngineFailed(f"{where} has no '<unk>', which the model needs; is it another's?")
    return tokens


def _check_scaling(folder: Path, count: int) -> None:
    where = f"am.mvn of '{folder.name}'"
    try:
        found = dict(_ROW.findall((folder / "am.mvn").read_text("utf-8")))
        sizes = {name: len([float(number) for number in row.split()]) for name, row in found.items()}
    except OSError as e:
        raise EngineFailed(f"{where} cannot be read: {e.strerror}") from e
    except ValueError as e:  # not UTF-8 either
        raise EngineFailed(f"{where} is damaged: {e}; download it again") from e
    for name in ("AddShift", "Rescale"):
        if sizes.get(name) != count:
            raise EngineFailed(
                f"{where} has {sizes.get(name, 0)} numbers for {name}, but the network has {count} features;"
                " take both from the same model"
            )
