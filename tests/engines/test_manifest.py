"""The manifest of an installed model."""

from __future__ import annotations

from pathlib import Path

import pytest

from saywire.engines.manifest import MANIFEST, FileRecord, Manifest, read_manifest, write_manifest
from saywire.errors import EngineFailed

SOME = Manifest(
    "some",
    "sherpa",
    "transducer",
    (FileRecord("a.onnx", 5, "00"), FileRecord("b/c.txt", 7, "11", True)),
    ("zh",),
)


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_manifest(tmp_path, SOME)
    assert read_manifest(tmp_path) == SOME
    assert SOME.size == 12


def test_a_folder_without_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(EngineFailed, match=r"has no readable saywire\.json: No such file"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"name": 5}'])
def test_a_damaged_one_says_what_to_do(tmp_path: Path, text: str) -> None:
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(EngineFailed, match=r"is damaged .*; remove the model and install it again"):
        read_manifest(tmp_path)
