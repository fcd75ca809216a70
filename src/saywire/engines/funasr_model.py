"""A network of FunASR with its weights, from a folder that was checked before.

FunASR's own loader goes on with random weights where the file does not fit, so weights are loaded here, and
mapped from the file, so that workers share them. Networks are built with one thread, and the number of
threads is set where steps are made: a process that has used several must not be forked. Source: FunASR
1.4.16, auto_model.py and load_pretrained_model.py, November 2026.
"""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..config import ModelConfig
from ..errors import EngineFailed
from ..types import RATE, Samples
from .funasr_folder import FunasrFolder, read_folder
from .manifest import MANIFEST, read_manifest
from .quiet import quietly

with quietly():
    import torch
    from funasr import AutoModel

NEEDED = ("encoder.", "decoder.", "predictor.", "bias_encoder.", "seaco_decoder.", "hotword_output_layer.")
"""Of the weights, those that are used; what serves training alone, a file may lack."""
OUTPUTS = "decoder.output_layer.weight"
FAILURES = (
    RuntimeError,
    ArithmeticError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    AssertionError,
)
"""What FunASR and torch raise."""


@dataclass(slots=True)
class Heard:
    """FunASR's tokenizer for one step: keeps the tokens, and gives the library a character for each, so that
    it joins none of them to words."""

    table: Sequence[str]
    tokens: list[str] = field(default_factory=list)

    def ids2tokens(self, ids: Sequence[int]) -> list[str]:
        self.tokens += [self.table[index] for index in ids]
        return ["字"] * len(ids)

    def tokens2text(self, tokens: Iterable[str]) -> str:
        return "".join(tokens)


class FunasrModel:
    """Raises EngineFailed for a folder that is not a whole model of one of ``kinds``, or for a device that is
    not here."""

    def __init__(self, folder: Path, kinds: Sequence[str], settings: ModelConfig) -> None:
        if settings.device != "cpu" and not torch.cuda.is_available():
            raise EngineFailed(
                f"model.{folder.name}.device is '{settings.device}', but torch finds no GPU here; leave it"
                " out, or install a torch for this machine's GPU"
            )
        manifest = read_manifest(folder) if (folder / MANIFEST).is_file() else None
        self.name = manifest.name if manifest else folder.name
        self.languages = manifest.languages if manifest else ()
        self.folder = read_folder(folder, kinds)
        self._settings = settings
        network, self._frontend = build(self.folder)
        self.network: Any = network.to(settings.device)

    def infer(self, samples: Samples, arguments: Mapping[str, object]) -> tuple[list[str], Any]:
        """The tokens of one step, and all that FunASR answers. Raises EngineFailed."""
        if self.network is None:
            raise EngineFailed(f"model '{self.name}' is closed")
        if torch.get_num_threads() != self._settings.threads:
            torch.set_num_threads(self._settings.threads)
        heard = Heard(self.folder.tokens)
        try:
            with torch.inference_mode():
                answer = self.network.inference(
                    [samples],
                    key=["-"],
                    tokenizer=heard,
                    frontend=self._frontend,
                    device=self._settings.device,
                    **arguments,
                )
        except FAILURES as e:
            seconds = len(samples) / RATE
            raise EngineFailed(f"FunASR failed a step of {seconds:.2f} s: {type(e).__name__}: {e}") from e
        return heard.tokens, answer

    def close(self) -> None:
        self.network = None


def build(read: FunasrFolder) -> tuple[Any, Any]:
    """The network with its weights, and its front end. Raises EngineFailed."""
    try:
        with quietly():
            model, made = AutoModel.build_model(**read.parts, device="cpu", ncpu=1)
    except FAILURES as e:
        raise EngineFailed(
            f"config.yaml of '{read.weights.parent.name}' describes no network that FunASR can build:"
            f" {type(e).__name__}: {e}; download it again"
        ) from e
    weights = read_weights(read.weights)
    check_weights(model.state_dict(), weights, read)
    known = {name: weights[name] for name in model.state_dict() if name in weights}
    model.load_state_dict(known, strict=False, assign=True)  # assign: they stay mapped from the file
    return model.float(), made["frontend"]


def read_weights(path: Path) -> dict[str, torch.Tensor]:
    """By name, mapped from the file where its format allows; runs no code of it. Raises EngineFailed."""
    try:
        found = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
        for wrapping in ("state_dict", "model_state_dict", "model"):
            found = found.get(wrapping, found)
        return {name: value for name, value in found.items() if isinstance(value, torch.Tensor)}
    except (*FAILURES, OSError, EOFError, pickle.UnpicklingError) as e:
        first = str(e).strip().partition("\n")[0]
        raise EngineFailed(
            f"model.pt of '{path.parent.name}' is no file of weights: {first}; download it again"
        ) from e


def check_weights(
    wanted: dict[str, torch.Tensor], found: dict[str, torch.Tensor], read: FunasrFolder
) -> None:
    """Raises EngineFailed unless all that is used is there in its shape."""
    folder, outputs = read.weights.parent.name, found.get(OUTPUTS)
    if outputs is not None and len(outputs) != len(read.tokens):
        raise EngineFailed(
            f"tokens.json of '{folder}' has {len(read.tokens)} tokens, but the network has {len(outputs)}"
            " outputs; take tokens.json and model.pt from the same model"
        )
    # Only what reads hot words embeds tokens when it decodes.
    reads = any(name.startswith("bias_encoder.") for name in wanted)
    used = [name for name in wanted if name.startswith(NEEDED) and (reads or "decoder.embed." not in name)]
    wrong = [name for name in used if name not in found or found[name].shape != wanted[name].shape]
    if wrong:
        raise EngineFailed(
            f"model.pt of '{folder}' does not fit its config.yaml: {len(wrong)} of {len(used)} weights are"
            f" missing or of another shape, as {wrong[0]}; take both from the same model"
        )
