"""The recordings that ship with the product, and what is said in them (``samples/``)."""

from __future__ import annotations

from importlib.resources import files
from io import BytesIO
from typing import Literal

import msgspec
import numpy as np

from ..audio.container import decode
from ..errors import BadRequest
from ..types import Options, Samples, Turns
from .measure import Said

FOLDER = files(__package__.rpartition(".")[0]) / "samples"
LONGEST = 60.0


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    about: str
    file: str
    model: str
    language: str | None = None
    turns: Literal["voice", "button"]
    """Who ends an utterance: silence, or a client that commits."""
    most_wrong: float
    """Word error rate above which an engine that is named here does not do its work."""
    said: tuple[Said, ...]

    @property
    def text(self) -> str:
        return " ".join(one.text for one in self.said)

    @property
    def options(self) -> Options:
        return Options(self.model, self.language, turns=Turns(voice=self.turns == "voice"))

    def stops(self, after: float = 0.2) -> tuple[float, ...]:
        """Where a hand lets go of the button: some tenths after the last word."""
        return tuple(one.end + after for one in self.said) if self.turns == "button" else ()

    def read(self) -> Samples:
        data = BytesIO((FOLDER / self.file).read_bytes())
        return np.concatenate(list(decode(data, max_seconds=LONGEST)))


def load_samples() -> tuple[Sample, ...]:
    return msgspec.json.decode((FOLDER / "samples.json").read_bytes(), type=tuple[Sample, ...])


def find_sample(name: str) -> Sample:
    """Raises BadRequest for a name that is not there."""
    known = {sample.name: sample for sample in load_samples()}
    if name not in known:
        raise BadRequest(f"no sample '{name}'; there are: {', '.join(known)}")
    return known[name]
