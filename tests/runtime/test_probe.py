"""A model that would end its process ends only the child's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from engines.folders import make_installed
from engines.punctuation_nets import make_english, make_mandarin
from engines.turn_nets import make_turn_model
from saywire.engines import TURN_MODULES, find_missing
from saywire.engines.layout import recognise
from saywire.engines.manifest import Manifest, read_manifest, write_manifest
from saywire.errors import EngineFailed
from saywire.runtime import probe as module
from saywire.runtime.probe import probe


def test_a_model_that_works(tmp_path: Path) -> None:
    assert probe(make_installed(tmp_path / "td"))


@pytest.mark.parametrize("make", [make_mandarin, make_english])
def test_a_model_that_punctuates_is_tried_behind_an_engine(
    tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    folder = make(tmp_path / "marks")
    layout = recognise(folder)
    write_manifest(folder, Manifest("marks", layout.family, layout.kind, ()))
    assert probe(folder)
    for network in folder.glob("*.onnx"):
        network.write_bytes(network.read_bytes().replace(b"MatMul", b"MatMol").replace(b"Gather", b"Gathor"))
    with pytest.raises(EngineFailed, match=r"'marks'.*(cannot be loaded|ends the process)"):
        probe(folder)


def test_a_turn_model_is_tried_where_it_can_be(tmp_path: Path) -> None:
    folder = make_turn_model(tmp_path / "turns")
    layout = recognise(folder)
    write_manifest(folder, Manifest("turns", layout.family, layout.kind, ()))
    assert probe(folder) == (not find_missing(TURN_MODULES))


def test_a_family_that_nothing_here_runs(tmp_path: Path) -> None:
    folder = make_installed(tmp_path / "td")
    write_manifest(folder, msgspec.structs.replace(read_manifest(folder), family="other"))
    assert not probe(folder)


def test_a_model_that_ends_its_process(tmp_path: Path) -> None:
    folder = make_installed(tmp_path / "td")
    data = (folder / "encoder.onnx").read_bytes()
    (folder / "encoder.onnx").write_bytes(data.replace(b"rnn_hidden_size", b"rnn_hidden_hope"))
    with pytest.raises(
        EngineFailed, match=r"ends the process that loads it \(status 255\): .*rnn_hidden_size"
    ):
        probe(folder)


def test_a_model_that_was_broken_since(tmp_path: Path) -> None:
    folder = make_installed(tmp_path / "td")
    (folder / "encoder.onnx").write_bytes((folder / "encoder.onnx").read_bytes()[:-9])
    with pytest.raises(EngineFailed, match=r"'encoder\.onnx' is not a whole ONNX model"):
        probe(folder)


def test_a_model_that_never_gets_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHILD", "import time; time.sleep(60)")
    with pytest.raises(EngineFailed, match="was not ready after 0 s"):
        probe(make_installed(tmp_path / "td"), 0.2)
