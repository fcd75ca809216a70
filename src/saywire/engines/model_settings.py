"""How installed models are run, where a ``[model.NAME]`` of the configuration says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..config import Config, ModelConfig
from . import Entry

LONGEST = 100
"""Frames of 60 ms of any part of a chunk: six seconds."""


def with_settings(config: Config, entries: Sequence[Entry]) -> list[Entry]:
    """The entries, those of configured models with their settings, or with a ``problem`` where these cannot
    be. A name that no entry has is left alone: its model may be installed later."""
    changed = {model.name: model for model in config.model if model.changed}
    return [_apply(changed[entry.name], entry) if entry.name in changed else entry for entry in entries]


def _apply(model: ModelConfig, entry: Entry) -> Entry:
    # What was loaded onto another device cannot be inherited by a forked process.
    shares = entry.shares and model.device == "cpu"
    return replace(entry, settings=model, shares=shares, problem=entry.problem or find_problem(model, entry))


def find_problem(model: ModelConfig, entry: Entry) -> str:
    """What is wrong with the settings, and what to do; or empty."""
    if useless := sorted(model.changed - entry.takes):
        takes = ", ".join(sorted(entry.takes)) or "no settings"
        what = f"model.{model.name}.{useless[0]} means nothing to this model, which takes {takes}"
        return f"{what}; leave it out"
    before, own, behind = model.chunk_size
    if own < 1 or min(before, behind) < 0 or max(model.chunk_size) > LONGEST:
        return (
            f"model.{model.name}.chunk_size is [{before}, {own}, {behind}]; expected frames of 60 ms before"
            f" the chunk, of the chunk (at least 1) and behind it, none over {LONGEST}, as in [0, 10, 5]"
        )
    return ""
