"""What of a folder becomes an installed model, under which name, and how its manifest describes it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from ..engines.layout import STREAMING, TINY, TURNS, Layout
from ..engines.manifest import MANIFEST, FileRecord, Manifest
from ..engines.pieces import FILES as PIECES
from ..engines.rules import SUFFIXES as RULES

PAPERS = re.compile(r"(licen[cs]e|notice|readme|copying|model_license).*", re.IGNORECASE)
"""Files that are kept though no engine reads them."""


def propose_name(path: Path) -> str:
    """A name for a model from where it lies."""
    stem = re.sub(r"\.(tar(\.\w+)?|tbz2|tgz|zip)$", "", path.resolve().name.lower())
    return re.sub(r"[^a-z0-9._-]+", "-", stem).strip("-._")[:64]


def choose_files(folder: Path, layout: Layout) -> list[str]:
    """What of a folder belongs to the model: what its engine reads, and its papers."""
    if layout.family in (STREAMING, TINY, TURNS):
        papers = [path.name for path in folder.iterdir() if path.is_file() and PAPERS.fullmatch(path.name)]
        more = ["metadata.json"] if (folder / "metadata.json").is_file() else []
        return sorted({*layout.files.values(), *papers, *more, *find_helpers(folder)})
    every = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(path.as_posix() for path in every if not path.parts[0].startswith((".", "test_wavs")))


def find_helpers(folder: Path) -> list[str]:
    """Files that a model works without, but worse: how its words are cut, rules for its text."""
    return [path.name for path in folder.iterdir() if path.name in PIECES or path.suffix in RULES]


def describe(
    folder: Path,
    name: str,
    layout: Layout,
    languages: tuple[str, ...],
    *,
    source: str,
    summary: str = "",
    licence: str = "",
    published: Sequence[str] = (),
) -> Manifest:
    """The manifest of a folder as it is now. ``published``: files whose checksum was known before."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    names = {path: path.relative_to(folder).as_posix() for path in paths}
    files = tuple(
        FileRecord(names[path], path.stat().st_size, checksum(path), names[path] in published)
        for path in paths
    )
    return Manifest(
        name, layout.family, layout.kind, files, languages, layout.streaming, summary, licence, source
    )


def checksum(path: Path) -> str:
    """The sha256 of a file, in hexadecimal. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
