"""Turn models in the real library, made here: they find those finished who whistle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engines.recordings import read
from engines.turn_nets import FILE, make_turn_model, whistle
from saywire.audio.log_mel import log_mel
from saywire.engines.layout import SMART_TURN, TURNS, recognise
from saywire.errors import EngineFailed
from saywire.types import RATE, Samples

pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: make test-turns")
from saywire.engines.turns import LENGTH, extract, load


def paused(speech: Samples, *, finished: bool = False) -> Samples:
    if finished:
        speech = speech + np.pad(whistle(0.5), (len(speech) - RATE // 2, 0))
    return np.concatenate([speech, np.zeros(RATE // 5, np.float32)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_turn_model(tmp_path_factory.mktemp("turns") / "smart")


@pytest.mark.parametrize("name", ["computer-stop", "three-one-eight"])
def test_the_end_of_what_was_said_decides(folder: Path, name: str) -> None:
    judge = load(folder)
    assert judge(paused(read(name))) < 0.1
    assert judge(paused(read(name), finished=True)) > 0.9


def test_only_the_last_eight_seconds_are_heard(folder: Path) -> None:
    judge, speech = load(folder), paused(read("computer-stop"), finished=True)
    long = np.concatenate([whistle(3), np.zeros(LENGTH, np.float32), speech])
    assert judge(long) == judge(long[-LENGTH:])


def test_what_is_shorter_has_silence_before_it_and_loudness_does_not_matter() -> None:
    speech = read("computer-stop")
    whole = np.pad(speech, (LENGTH - len(speech), 0))
    features = extract(speech)
    assert features.shape == (80, 800) and features.dtype == np.float32
    assert np.array_equal(features, extract(whole))
    assert features == pytest.approx(extract(speech * 0.25), abs=0.05)
    assert features == pytest.approx(log_mel((whole - whole.mean()) / whole.std()), abs=0.05)


def test_silence_and_nothing_can_be_judged(folder: Path) -> None:
    judge = load(folder)
    assert all(0 <= judge(np.zeros(count, np.float32)) <= 1 for count in (0, 1, RATE, 2 * LENGTH))


def test_the_file_tells_what_it_is(folder: Path, tmp_path: Path) -> None:
    layout = recognise(folder)
    assert (layout.family, layout.kind, layout.files) == (TURNS, SMART_TURN, {"model": FILE})
    (tmp_path / "model.onnx").write_bytes((folder / FILE).read_bytes())
    assert recognise(tmp_path).files == {"model": "model.onnx"}
    assert load(tmp_path)(paused(read("computer-stop"), finished=True)) > 0.9


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"bands": 128}, "failed: .*Expected: 128"),
        ({"outputs": 2}, "failed"),
        ({"sure": False}, "says -?[0-9.]+; expected a probability"),
    ],
)
def test_a_model_of_another_shape_is_refused(tmp_path: Path, wrong: dict[str, int], problem: str) -> None:
    with pytest.raises(EngineFailed, match=problem):
        load(make_turn_model(tmp_path / "m", **wrong))


def test_a_broken_file_is_refused_in_words(folder: Path, tmp_path: Path) -> None:
    whole = (folder / FILE).read_bytes()
    for damaged in (whole[:1000], whole.replace(b"ReduceSum", b"ReduceSam"), b"", b"not a model at all"):
        (tmp_path / FILE).write_bytes(damaged)
        with pytest.raises(EngineFailed, match=FILE.replace(".", r"\.")):
            load(tmp_path)


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineFailed):
        load(tmp_path)
    with pytest.raises(EngineFailed):
        load(tmp_path / "nowhere")
