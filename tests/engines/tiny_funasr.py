"""Paraformers of random weights, made in a second by FunASR's own classes: every path runs, and
what it says means nothing. Only when it speaks is fitted: in speech, not in silence. Same seed, same model.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from engines.funasr_files import STREAMING, TOKENS, write_files
from engines.recordings import read
from saywire.engines.funasr_model import AutoModel, Heard
from saywire.engines.quiet import quietly
from saywire.types import Samples

SEED = 1  # a talkative one
OFTEN, NEVER = 3.0, -8.0
"""What is wanted of the layer that says when a token is due, before its sigmoid: in speech, in silence."""


LONG, OTHER = ("please-play-five", "three-one-eight", "san-qi-ling"), ("da-kai-deng", "four-down")
"""Recordings that make a talk."""
_keep: list[TemporaryDirectory[str]] = []


@cache
def share_model(tokens: tuple[str, ...] = TOKENS, kind: str = STREAMING) -> Path:
    """Made once; not to be changed."""
    _keep.append(folder := TemporaryDirectory())
    return make_model(Path(folder.name), tokens, kind)


def copy_model(target: Path, kind: str = STREAMING) -> Path:
    """One that may be changed."""
    target.mkdir()
    for path in share_model(kind=kind).iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    return target


def talk(names: Sequence[str]) -> Samples:
    return np.concatenate([read(name) for name in names])


def make_model(folder: Path, tokens: Sequence[str] = TOKENS, kind: str = STREAMING) -> Path:
    configuration = write_files(folder, tokens, kind)
    model, frontend = build(folder, configuration)
    fit_voice(model, frontend, configuration)
    torch.save(model.state_dict(), folder / "model.pt")
    return folder


def build(folder: Path, configuration: dict[str, Any]) -> tuple[Any, Any]:
    files = {
        "frontend_conf": configuration["frontend_conf"]
        | {"cmvn_file": str(folder / "am.mvn"), "dither": 0.0},
        "tokenizer_conf": configuration["tokenizer_conf"] | {"token_list": str(folder / "tokens.json")},
    }
    with quietly():
        model, made = AutoModel.build_model(**(configuration | files), device="cpu", ncpu=1, seed=SEED)
    return model, made["frontend"]


def fit_voice(model: Any, frontend: Any, configuration: dict[str, Any]) -> None:
    """Set the last layer that says when a token is due: often in speech, never in silence or low noise."""
    draw = np.random.default_rng(0)
    quiet = [draw.standard_normal(48_000) * level for level in (0.0, 0.0, 0.0001, 0.0003, 0.0006)]
    loud = [keep_loud(read(name)) for name in ("please-play-five", "three-one-eight", "san-qi-ling")]
    inputs = [watch(model, frontend, configuration, np.float32(audio)) for audio in (*quiet, *loud)]
    goals = [NEVER] * len(quiet) + [OFTEN] * len(loud)
    rows = torch.cat([torch.cat((each, torch.ones(len(each), 1)), dim=1) for each in inputs])
    wanted = torch.cat([torch.full((len(each), 1), goal) for each, goal in zip(inputs, goals, strict=True)])
    found = torch.linalg.lstsq(rows.double(), wanted.double()).solution.float()
    model.predictor.cif_output.weight.data = found[:-1].T.contiguous()
    model.predictor.cif_output.bias.data = found[-1]


def keep_loud(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    frames = samples[: len(samples) // 960 * 960].reshape(-1, 960)
    return frames[np.sqrt((frames**2).mean(axis=1)) > 0.02].reshape(-1)


def watch(
    model: Any, frontend: Any, configuration: dict[str, Any], audio: NDArray[np.float32]
) -> torch.Tensor:
    """What that layer gets when the model hears this."""
    seen: list[torch.Tensor] = []
    hook = model.predictor.cif_output.register_forward_hook(lambda _, given, __: seen.append(given[0][0]))
    with torch.inference_mode():
        model.inference(
            [audio],
            key=["-"],
            tokenizer=Heard(TOKENS),
            frontend=frontend,
            cache={},
            is_final=True,
            encoder_conf=configuration["encoder_conf"],
            frontend_conf=configuration["frontend_conf"],
            device="cpu",
        )
    hook.remove()
    return torch.cat(seen).clone()
