"""Settings of installed models, on their way to the engine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from saywire.config import Config, ModelConfig
from saywire.engines import ENGINES, Entry, find
from saywire.engines.model_settings import with_settings
from saywire.errors import EngineFailed

MINE = Entry(
    "mine",
    "loading:load",
    (),
    "",
    (),
    "installed",
    shares=True,
    folder=Path("mine"),
    takes=frozenset({"mode", "device", "chunk_size"}),
)


def apply(*models: ModelConfig) -> list[Entry]:
    return with_settings(Config(model=models), [*ENGINES, MINE])


def test_an_entry_has_the_settings_of_its_name() -> None:
    sliced = ModelConfig("mine", mode="sliced")
    assert apply(sliced) == [*ENGINES, replace(MINE, settings=sliced)]


def test_without_settings_or_with_the_usual_ones_nothing_changes() -> None:
    assert apply() == apply(ModelConfig("mine")) == [*ENGINES, MINE]


def test_a_model_that_is_not_here_may_come_later() -> None:
    assert apply(ModelConfig("later", threads=2)) == [*ENGINES, MINE]


def test_what_a_model_does_not_take_is_refused_when_it_is_loaded() -> None:
    mine = find("mine", apply(ModelConfig("mine", mode="sliced", threads=2)))
    assert mine.obstacle.startswith("model.mine.threads means nothing")
    with pytest.raises(EngineFailed, match=r"this model, which takes chunk_size, device, mode; leave it out"):
        mine.load()
    with pytest.raises(EngineFailed, match=r"^model\.tiny\.mode means nothing .* takes no settings"):
        find("tiny", apply(ModelConfig("tiny", mode="sliced"))).load()


@pytest.mark.parametrize("size", [(0, 0, 5), (0, 10, -5), (-1, 10, 5), (0, 101, 5)])
def test_a_chunk_that_cannot_be_is_refused(size: tuple[int, ...]) -> None:
    problem = find("mine", apply(ModelConfig("mine", chunk_size=size))).problem
    assert f"model.mine.chunk_size is {list(size)}; expected frames of 60 ms before" in problem
    assert "none over 100, as in [0, 10, 5]" in problem


def test_what_is_on_another_device_is_not_shared_by_forking() -> None:
    assert find("mine", apply(ModelConfig("mine", mode="sliced"))).shares
    assert not find("mine", apply(ModelConfig("mine", device="cuda"))).shares


def test_the_loader_takes_the_settings_after_the_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[object, ...]] = []
    loading = type("Loading", (), {"load": staticmethod(lambda *all_: given.append(all_))})
    monkeypatch.setattr("importlib.import_module", lambda name: loading)
    sliced = ModelConfig("mine", mode="sliced")
    for entry in (MINE, find("mine", apply(sliced))):
        entry.load()
    assert given == [(Path("mine"),), (Path("mine"), sliced)]
