"""Streaming models from folders, with the shipped networks in the place of large ones."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from engines.contract import EngineContract, Speech, decode_all, hear
from engines.folders import CTC, TRANSDUCER, make_installed
from engines.paraformer import make_paraformer
from engines.recordings import read
from saywire.engines.base import Engine
from saywire.engines.online import MAX_BATCH, OnlineEngine, load
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
    files: Sequence[str] = TRANSDUCER
    folder: Path

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def install(cls, tmp_path_factory: pytest.TempPathFactory) -> None:
        cls.folder = make_installed(tmp_path_factory.mktemp("models") / "mine", cls.files)

    def make(self) -> Engine:
        return load(self.folder)

    def speech(self) -> Sequence[Speech]:
        return speeches()


class TestCtc(TestTransducer):
    files = CTC


def load_paraformer() -> OnlineEngine:
    with tempfile.TemporaryDirectory() as place:
        return load(make_paraformer(Path(place) / "para"))


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


def test_hot_words_decide_between_words_that_sound_alike(engine: OnlineEngine) -> None:
    samples = read("four-down")
    heard = [
        hear(engine, engine.open(Options(hotwords=words)), samples)
        for words in ((), ("qwertz", "/", "five :9", "@", "\x00"), ("Four",), ("volume", "four down"), ())
    ]
    assert [found.text for found in heard] == [
        "five down",
        "five down",
        "four down",
        "four down",
        "five down",
    ]
    assert all(word.confidence and word.start < word.end for found in heard for word in found.words)
    assert engine.info.hotwords and engine.info.confidence


def test_hot_words_of_one_session_are_not_those_of_another(engine: OnlineEngine) -> None:
    """In one batch, of one recogniser."""
    hints = [(), ("four",), ("five",), ("four",), ("three",)]
    streams = [engine.open(Options(hotwords=words)) for words in hints]
    for stream in streams:
        stream.accept(read("four-down"))
        stream.finish()
    while batch := [stream for stream in streams if stream.ready]:
        engine.decode(batch)
    heard = [stream.hypothesis.text for stream in streams]
    assert heard == ["five down", "four down", "five down", "four down", "five down"]


def test_with_hot_words_nothing_is_stable_before_the_end(engine: OnlineEngine) -> None:
    stream = engine.open(Options(hotwords=("four",)))
    stream.accept(read("four-down"))
    assert decode_all(engine, stream).stable == 0
    stream.finish()
    assert decode_all(engine, stream).stable == len("four down")


def test_hot_words_without_a_list_of_pieces(tmp_path: Path) -> None:
    """The folder has tokens.txt alone; "computer" is three tokens."""
    engine = load(make_installed(tmp_path / "td"))
    assert not (tmp_path / "td" / "bpe.vocab").exists()
    stream = engine.open(Options(hotwords=("computer stop",)))
    assert hear(engine, stream, read("computer-stop")).text == "computer stop"


def test_a_ctc_model_cannot_use_hot_words_and_goes_on(tmp_path: Path) -> None:
    engine = load(make_installed(tmp_path / "ctc", CTC))
    assert not engine.info.hotwords
    assert hear(engine, engine.open(Options(hotwords=("four",))), read("four-down")).text == "five down"


def test_a_model_that_was_removed_meanwhile_fails_sessions_with_hot_words_alone(tmp_path: Path) -> None:
    engine = load(make_installed(tmp_path / "td"))
    shutil.rmtree(tmp_path / "td")
    assert hear(engine, engine.open(Options()), read("three-one-eight")).text == "three one eight"
    stream = engine.open(Options(hotwords=("four",)))
    stream.accept(read("four-down"))
    with pytest.raises(EngineFailed, match="was the model removed"):
        engine.decode([stream])


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
