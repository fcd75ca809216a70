import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from saywire.engines.folder import OutputBias, read_metadata, restrict
from saywire.engines.sherpa import TINY
from saywire.errors import EngineFailed


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(TINY, tmp_path / "copy"))


def test_the_shipped_folder_is_whole() -> None:
    metadata = read_metadata(TINY)
    read = {path.name for path in TINY.iterdir() if path.suffix in (".onnx", ".txt", ".vocab")}
    assert read == set(metadata.sha256)
    assert set(metadata.languages) == set(metadata.language_tokens) == set(metadata.vocabulary)


def test_language_tokens_are_the_vocabulary_s_own() -> None:
    metadata = read_metadata(TINY)
    lines = (TINY / metadata.tokens).read_text(encoding="utf-8").splitlines()
    tokens = [line.rsplit(" ", 1)[0] for line in lines]
    for language, ids in metadata.language_tokens.items():
        assert 0 not in ids
        spelled = {tokens[index].strip("▁") for index in ids}
        assert all(any(part in word for word in metadata.vocabulary[language]) for part in spelled)


def test_a_folder_without_metadata_is_named(tmp_path: Path) -> None:
    with pytest.raises(EngineFailed, match=r"has no readable metadata\.json"):
        read_metadata(tmp_path)


def test_metadata_of_another_shape_is_refused(copy: Path) -> None:
    metadata = json.loads((copy / "metadata.json").read_text(encoding="utf-8"))
    del metadata["tail_padding"]
    (copy / "metadata.json").write_text(json.dumps(metadata), encoding="utf-8")
    with pytest.raises(EngineFailed, match="tail_padding"):
        read_metadata(copy)


def test_a_missing_file_is_named(copy: Path) -> None:
    (copy / "joiner.onnx").unlink()
    with pytest.raises(EngineFailed, match=r"'joiner\.onnx' cannot be read"):
        read_metadata(copy)


@pytest.mark.parametrize("name", ["ctc.onnx", "tokens.txt"])
def test_a_damaged_file_is_named(copy: Path, name: str) -> None:
    (copy / name).write_bytes((copy / name).read_bytes()[:-7])
    with pytest.raises(EngineFailed, match=f"'{name}' is damaged"):
        read_metadata(copy)


def test_restricting_changes_the_bias_of_other_tokens_alone() -> None:
    bias = np.arange(4, dtype="<f4")
    data = b"before!" + bias.tobytes() + b"after"
    changed = restrict(data, OutputBias("x.onnx", 7, 4), frozenset({0, 2}))
    assert (changed[:7], changed[23:]) == (b"before!", b"after")
    assert np.frombuffer(changed[7:23], "<f4").tolist() == [0.0, -10_000.0, 2.0, -10_000.0]
