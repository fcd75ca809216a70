"""What the configuration adds behind engines: rule files and models that punctuate.

Rules are the engine's own (sherpa-onnx applies them); marks are put behind any engine (``punctuation.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from ..config import Config
from ..errors import ConfigError
from ..settings import read_pairs
from . import Entry


def with_finishes(
    config: Config, entries: Sequence[Entry], find_punctuation: Callable[[str], Path]
) -> list[Entry]:
    """The entries with what finishes their text. A setting for a model that is not there waits for it.

    ``find_punctuation`` gives the folder of a model that punctuates. Raises ConfigError, as it does.
    """
    rules, marks = config.models.rules, config.models.punctuation
    files: dict[str, list[Path]] = {}
    for name, path in read_pairs("models.rules", rules, "model=file", "tiny=/path/to/digits.fst"):
        files.setdefault(name, []).append(Path(path).expanduser())
    example = "zipformer-zh-en=punctuation-zh-en"
    punctuation = dict(read_pairs("models.punctuation", marks, "model=model that punctuates", example))
    return [
        _finish(entry, tuple(files.get(entry.name, ())), punctuation, find_punctuation) for entry in entries
    ]


def _finish(
    entry: Entry, rules: tuple[Path, ...], punctuation: dict[str, str], find: Callable[[str], Path]
) -> Entry:
    if rules and not entry.ruled:
        raise ConfigError(
            f"models.rules has files for '{entry.name}', which applies none; sherpa-onnx models do"
        )
    for path in rules:
        if not path.is_file():
            raise ConfigError(f"models.rules names {path}, which is no file")
    folder = find(punctuation[entry.name]) if entry.name in punctuation else None
    if not (rules or folder):
        return entry
    # sherpa-onnx, which puts the marks, is not to be loaded before a fork
    return replace(entry, rules=rules, punctuation=folder, shares=entry.shares and folder is None)
