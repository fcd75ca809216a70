"""Flags that several commands have, and the configuration they come to."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from ..config import Config
from ..engines import choose
from ..errors import ConfigError
from ..runtime.models import known_entries
from ..settings import Loaded
from ..settings import load as read_settings

ConfigFile = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="A TOML file instead of the usual ones.")
]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Any setting, as in --set turns.silence=0.8"),
]
Model = Annotated[
    str | None, typer.Option(help="An engine or installed model by its name; see `saywire models list`.")
]
Language = Annotated[str | None, typer.Option(help="The language spoken, as in en or zh.")]


def load(file: Path | None, sets: Sequence[str] | None, flags: Mapping[str, object]) -> Loaded:
    """Files, environment and flags together; a flag of None was not given. Raises ConfigError."""
    given = {name: value for name, value in flags.items() if value is not None}
    return read_settings(file, os.environ, dict(map(_split, sets or ())) | given)


def _split(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ConfigError(f"--set {text} has no value; write --set {text}=VALUE")
    return name.strip(), value


def default_model(settings: Config) -> str:
    """The model that a session gets that names none. Raises UnknownModel."""
    named = settings.engine.model
    return choose(settings.engine.language, known_entries(settings)).entry.name if named == "auto" else named


def describe_model(settings: Config) -> str:
    """What a session gets that names no model, and why. Raises UnknownModel."""
    if settings.engine.model != "auto":
        return f"model {settings.engine.model}"
    return choose(settings.engine.language, known_entries(settings)).reason
