"""Streaming models from folders, with the shipped networks in the place of large ones."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from engines.contract import EngineContract, Speech, decode_all, hear
from engines.folders import CTC, make_installed
from engines.paraformer import make_paraformer
from engines.recordings import read
from saywire.engines.base import Engine
from saywire.engines.layout import recognise
from saywire.engines.manifest import Manifest, write_manifest
from saywire.engines.online import MAX_BATCH, OnlineEngine, load, tell_script
from saywire.errors import EngineFailed, OutOfOrder, Unsupported
from saywire.types import Hypothesis, Options

SPOKEN = {
    "three-one-eight": "three one eight",
    "san-qi-ling": "三七零",
    "please-play-five": "please play five",
}


def speeches() -> Sequence[Speech]:
    return [Speech(read(name), text) for name, text in SPOKEN.items()]


class TestTransducer(EngineContract):
    def make(self) -> Engine:
        with tempfile.TemporaryDirectory() as place:
            return load(make_installed(Path(place) / "td"))

    def speech(self) -> Sequence[Speech]:
        return speeches()


class TestCtc(TestTransducer):
    def make(self) -> Engine:
        with tempfile.TemporaryDirectory() as place:
            return load(make_installed(Path(place) / "ctc", CTC))


def load_paraformer() -> OnlineEngine:
    with tempfile.TemporaryDirectory() as place:
        folder = make_paraformer(Path(place) / "para")
        layout = recognise(folder)
        write_manifest(folder, Manifest("para", layout.family, layout.kind, (), ("zh",), True))
        return load(folder)


@cache
def hear_paraformer(name: str) -> Hypothesis:
    """Its weights are random: what is right is what it says once."""
    engine = load_paraformer()
    return hear(engine, engine.open(Options()), read(name))


class TestParaformer(EngineContract):
    def make(self) -> Engine:
        return load_paraformer()

    def speech(self) -> Sequence[Speech]:
        return [Speech(read(name), hear_paraformer(name).text) for name in SPOKEN]


def test_a_paraformer_has_no_word_times_and_says_no_token_that_is_none() -> None:
    assert not load_paraformer().info.words
    for name in SPOKEN:
        heard = hear_paraformer(name)
        assert heard.text and not heard.words
        assert not set(heard.text) & set("<>@")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnlineEngine]:
    engine = load(make_installed(tmp_path_factory.mktemp("models") / "td"))
    yield engine
    engine.close()


def test_it_has_the_name_and_languages_of_its_manifest(engine: OnlineEngine) -> None:
    assert (engine.info.name, engine.info.languages) == ("td", ("zh", "en"))
    with pytest.raises(Unsupported, match="language 'fr' is not in model 'td'; it has: zh, en"):
        engine.open(Options(language="fr"))


def test_words_have_times_and_confidence(engine: OnlineEngine) -> None:
    words = hear(engine, engine.open(Options()), read("three-one-eight")).words
    assert [word.text for word in words] == ["three", "one", "eight"]
    assert all(word.confidence and word.start < word.end for word in words)


def test_text_grows_while_it_is_spoken(engine: OnlineEngine) -> None:
    stream, samples = engine.open(Options()), read("three-one-eight")
    seen = [""]
    for start in range(0, len(samples), 800):
        stream.accept(samples[start : start + 800])
        now = decode_all(engine, stream)
        assert now.stable == len(now.text) and now.text.startswith(seen[-1])
        seen.append(now.text)
    assert {"three", "three one"} <= set(seen)


def test_streams_share_a_batch(engine: OnlineEngine) -> None:
    streams = [engine.open(Options()) for _ in range(MAX_BATCH)]
    for number, stream in enumerate(streams):
        stream.accept(np.concatenate((np.zeros(number * 100, np.float32), read("three-one-eight"))))
        stream.finish()
    while batch := [stream for stream in streams if stream.ready]:
        engine.decode(batch)
    assert {stream.hypothesis.text for stream in streams} == {"three one eight"}


def test_it_is_strict_about_order(engine: OnlineEngine) -> None:
    stream = engine.open(Options())
    with pytest.raises(OutOfOrder, match="ready"):
        engine.decode([stream])
    stream.finish()
    with pytest.raises(OutOfOrder, match="after finish"):
        stream.accept(read("three-one-eight"))
    with pytest.raises(OutOfOrder, match="once"):
        stream.finish()


def test_a_folder_that_is_not_streaming_is_refused(tmp_path: Path) -> None:
    folder = make_installed(tmp_path / "off", ("offline.onnx", "tokens.txt"))
    with pytest.raises(EngineFailed, match="of family 'sherpa-offline', not streaming"):
        load(folder)


def test_scripts_are_told_by_the_tokens() -> None:
    assert not tell_script(["<blk>", "▁one", "灯"]).bytes
    assert tell_script(["<blk>", "▁ƌŕş", "ƍĩĴ"]).bytes
    assert tell_script(["<blk>", "▁THE", "S", "<unk>"]).capitals
    assert not tell_script(["<blk>", "▁The", "S"]).capitals
    assert not tell_script(["<blk>", "零"]).capitals
