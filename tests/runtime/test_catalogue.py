"""The catalogue: well-formed, and where its files are."""

from __future__ import annotations

import re

import pytest

from saywire.config import ModelsConfig
from saywire.engines import ENGINES, is_run
from saywire.engines.layout import (
    FUNASR,
    OFFLINE,
    PARAFORMER_STREAMING,
    PUNCTUATION,
    STREAMING,
    TURNS,
    WHISPER,
)
from saywire.engines.online import MAKERS
from saywire.errors import UnknownModel
from saywire.runtime.catalogue import Listed, Source, find_listed, load_catalogue, locate, order_sources
from saywire.runtime.models import NAME

LISTED = load_catalogue()
SOME = find_listed("zipformer-zh-en", LISTED)


def test_names_are_good_and_taken_once() -> None:
    names = [model.name for model in LISTED]
    assert len(names) == len(set(names)) >= 15
    assert all(NAME.fullmatch(name) for name in names)
    assert not set(names) & {entry.name for entry in ENGINES}


@pytest.mark.parametrize("model", LISTED, ids=lambda model: model.name)
def test_an_entry_is_well_formed(model: Listed) -> None:
    assert model.family in (STREAMING, OFFLINE, WHISPER, FUNASR, PUNCTUATION, TURNS)
    assert model.streaming == (model.family == STREAMING or model.kind == PARAFORMER_STREAMING)
    assert model.family != STREAMING or model.kind in MAKERS
    assert model.summary and model.licence and 10**6 < model.size < 10**10
    assert model.files and model.sources
    assert set(model.sha256) <= set(model.files)
    assert all(re.fullmatch("[0-9a-f]{64}", sum) for sum in model.sha256.values())
    assert all(re.fullmatch(r"[a-z]{2,3}", code) for code in model.languages)
    assert not any(name.startswith("/") or ".." in name for name in model.files)
    assert all(source.archive.endswith(".tar.bz2") for source in model.sources if source.hub == "github")


def test_there_is_something_for_everybody() -> None:
    streaming = [model for model in LISTED if model.streaming]
    for language in ("zh", "en"):
        sizes = sorted(model.size for model in streaming if language in model.languages)
        assert sizes[0] < 50_000_000 and sizes[-1] > 500_000_000
    assert [model for model in streaming if {"zh", "en"} <= set(model.languages)]
    assert [model for model in LISTED if not model.languages]


def test_an_engine_runs_every_model() -> None:
    assert not [model.name for model in LISTED if not is_run(model.family, model.kind)]


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    assert SOME.name == "zipformer-zh-en"
    with pytest.raises(UnknownModel, match="did you mean 'whisper-small'"):
        find_listed("whisper-smal", LISTED)
    with pytest.raises(UnknownModel, match="`saywire models list` shows"):
        find_listed("1234", LISTED)


@pytest.mark.parametrize(
    ("source", "url"),
    [
        (Source("huggingface", "a/b", "main"), "https://huggingface.co/a/b/resolve/main/sub/x.onnx"),
        (Source("modelscope", "a/b", "master"), "https://modelscope.cn/models/a/b/resolve/master/sub/x.onnx"),
        (
            Source("modelscope", "a/b", "master", "all.tar.bz2"),
            "https://modelscope.cn/models/a/b/resolve/master/all.tar.bz2",
        ),
        (
            Source("github", "a/b", "v1", "all.tar.bz2"),
            "https://github.com/a/b/releases/download/v1/all.tar.bz2",
        ),
    ],
)
def test_every_hub_has_its_addresses(source: Source, url: str) -> None:
    assert locate(source, "sub/x.onnx", ModelsConfig()) == url


def test_mirrors_stand_in_for_hubs() -> None:
    settings = ModelsConfig(huggingface="https://hf-mirror.com/", github="https://mirror.example/github.com")
    found = [locate(source, "tokens.txt", settings) for source in SOME.sources]
    assert found[0].startswith("https://hf-mirror.com/csukuangfj/")
    assert found[1].startswith("https://mirror.example/github.com/k2-fsa/")


def test_sources_are_tried_in_the_order_of_the_settings() -> None:
    assert [s.hub for s in order_sources(SOME, ModelsConfig())] == ["huggingface", "github"]
    assert [s.hub for s in order_sources(SOME, ModelsConfig(sources=("github", "modelscope")))] == ["github"]
    assert order_sources(SOME, ModelsConfig(sources=("modelscope",))) == []
