"""The models that can be installed by name: ``models/catalogue.toml``, and where each file of them is.

A source is a repository of a hub, from which files are taken one by one, or an archive that has all of them.
The addresses of the hubs are settings, so that a mirror can stand in for each.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

from ..config import ModelsConfig
from ..errors import UnknownModel

FILE = Path(__file__).parent.parent / "models" / "catalogue.toml"

Hub = Literal["huggingface", "modelscope", "github"]


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    hub: Hub
    repository: str
    revision: str
    """A branch, tag or commit; for GitHub the tag of a release."""
    archive: str = ""
    """Name of the file that holds all others; empty: each is there by itself."""
    sha256: str = ""
    """Of the archive, where it was published."""


class Listed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A model of the catalogue."""

    name: str
    summary: str
    languages: tuple[str, ...]
    family: str
    kind: str
    streaming: bool
    licence: str
    size: int
    """Bytes, to a million."""
    files: tuple[str, ...]
    sources: tuple[Source, ...]
    sha256: dict[str, str] = {}
    helpers: tuple[str, ...] = ()
    """Files that are kept where a source has them, and that it does without."""


class _Catalogue(msgspec.Struct, forbid_unknown_fields=True):
    models: tuple[Listed, ...]


@cache
def load_catalogue() -> tuple[Listed, ...]:
    return msgspec.convert(tomllib.loads(FILE.read_text("utf-8")), _Catalogue).models


def find_listed(name: str, catalogue: Sequence[Listed]) -> Listed:
    """Raises UnknownModel, naming the nearest."""
    for model in catalogue:
        if model.name == name:
            return model
    near = get_close_matches(name, [model.name for model in catalogue], 1)
    hint = f"did you mean '{near[0]}'?" if near else "`saywire models list` shows what there is"
    raise UnknownModel(f"no model '{name}' in the catalogue; {hint}", param="model")


def order_sources(model: Listed, settings: ModelsConfig) -> list[Source]:
    """The sources that may be used, the preferred first."""
    preferred = settings.sources
    return sorted(
        (source for source in model.sources if source.hub in preferred),
        key=lambda source: preferred.index(source.hub),
    )


def locate(source: Source, file: str, settings: ModelsConfig) -> str:
    """The URL of a file of a source, or of its archive."""
    place, name = f"{source.repository}/resolve/{source.revision}", source.archive or file
    match source.hub:
        case "huggingface":
            return f"{settings.huggingface.rstrip('/')}/{place}/{name}"
        case "modelscope":
            return f"{settings.modelscope.rstrip('/')}/models/{place}/{name}"
        case "github":
            release = f"{source.repository}/releases/download/{source.revision}"
            return f"{settings.github.rstrip('/')}/{release}/{name}"
