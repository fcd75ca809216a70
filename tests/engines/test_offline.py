from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engines.contract import EngineContract, Speech, hear
from engines.folders import make_folder
from engines.offline_nets import (
    SPOKEN,
    make_nemo,
    make_offline_paraformer,
    make_offline_transducer,
    make_sense_voice,
    make_whisper,
)
from engines.recordings import read
from engines.test_sherpa import ENGLISH, MANDARIN
from saywire.engines import Entry, make_entry
from saywire.engines.manifest import Manifest, write_manifest
from saywire.engines.offline import load, load_tiny
from saywire.engines.sherpa import TINY
from saywire.engines.sherpa import load_tiny as load_streaming
from saywire.engines.spelling import join_words
from saywire.engines.windowed import Windowed
from saywire.errors import EngineFailed, Unsupported
from saywire.types import Options

HEARD = {**ENGLISH, **MANDARIN}


@pytest.fixture(scope="module")
def engine() -> Iterator[Windowed]:
    engine = load_tiny()
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def sense_voice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Windowed]:
    engine = load(make_sense_voice(tmp_path_factory.mktemp("models") / "sv"))
    yield engine
    engine.close()


class TestTinyOffline(EngineContract):
    def make(self) -> Windowed:
        return load_tiny()

    def speech(self) -> list[Speech]:
        return [Speech(read(name), text) for name, text in HEARD.items()]


@pytest.mark.parametrize("language", [None, "en"])
def test_words_are_where_the_streaming_form_hears_them(engine: Windowed, language: str | None) -> None:
    streaming, options = load_streaming(), Options(language=language)
    for name in ENGLISH:
        here = hear(engine, engine.open(options), read(name))
        there = hear(streaming, streaming.open(options), read(name))
        assert here.language == "en"
        for one, other in zip(here.words, there.words, strict=True):
            assert one.text == other.text
            assert (one.start, one.end) == pytest.approx((other.start, other.end), abs=0.1)
    streaming.close()


def test_a_language_keeps_all_others_out(engine: Windowed) -> None:
    for name in (*ENGLISH, *MANDARIN):
        assert hear(engine, engine.open(Options(language="en")), read(name)).text.isascii()
        mandarin = hear(engine, engine.open(Options(language="zh")), read(name)).text
        assert not any(character.isascii() for character in mandarin)


def test_a_long_talk_is_heard_through_many_windows(engine: Windowed) -> None:
    pause = np.zeros(4_000, np.float32)
    names = ["computer-stop", "three-one-eight"] * 18  # it mishears "play" between other words
    talk = np.concatenate([part for name in names for part in (read(name), pause)])
    assert len(talk) > 45 * 16_000
    heard = hear(engine, engine.open(Options(language="en")), talk)
    assert heard.text == " ".join(ENGLISH[name] for name in names)


def test_a_released_folder_is_loaded_by_an_entry(tmp_path: Path) -> None:
    """The shipped network in the layout in which sherpa-onnx's models are released."""
    shutil.copy(TINY / "offline.onnx", tmp_path / "model.onnx")
    shutil.copy(TINY / "tokens.txt", tmp_path)
    engine = Entry("mine", "offline:load", ("sherpa_onnx",), "", (), "", folder=tmp_path).load()
    assert (engine.info.name, engine.info.words) == (tmp_path.name, True)
    heard = hear(engine, engine.open(Options()), read("computer-stop"))
    assert heard.text == "computer stop"
    engine.close()


def test_what_is_known_of_an_installed_model_goes_before_its_files(tmp_path: Path) -> None:
    shutil.copy(TINY / "offline.onnx", tmp_path / "model.onnx")
    shutil.copy(TINY / "tokens.txt", tmp_path)
    manifest = Manifest("mine", "sherpa-offline", "zipformer2_ctc", (), ("zh", "en"))
    write_manifest(tmp_path, manifest)
    entry = make_entry(tmp_path, manifest.name, manifest.family, manifest.kind, manifest.languages, "")
    assert entry is not None
    engine = entry.load()
    assert engine.info.languages == ("zh", "en")
    assert hear(engine, engine.open(Options(language="zh")), read("san-qi-ling")).text == "三七零"
    write_manifest(tmp_path, Manifest("mine", "sherpa-offline", "gigaformer", ()))
    with pytest.raises(EngineFailed, match="is of kind 'gigaformer'; known are: zipformer2_ctc"):
        load(tmp_path)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        EngineFailed, match=r"it has no file; expected encoder, decoder and joiner or one model"
    ):
        load(tmp_path)


@pytest.mark.parametrize("language", SPOKEN)
def test_sense_voice_hears_the_language_it_is_asked_for(sense_voice: Windowed, language: str) -> None:
    heard = hear(sense_voice, sense_voice.open(Options(language=language)), read("three-one-eight"))
    first, second = (token.strip("▁") for token in SPOKEN[language])
    assert heard.language == language
    assert set(heard.text.replace(" ", "")) <= set(first + second)
    assert heard.words and all(word.start <= word.end for word in heard.words)


def test_asked_for_none_it_tells_which_it_heard(sense_voice: Windowed) -> None:
    heard = hear(sense_voice, sense_voice.open(Options()), read("three-one-eight"))
    assert heard.language == "en" and "hello" in heard.text
    with pytest.raises(Unsupported, match="'fr' is not in model 'sv'; it has: zh, en, ja, ko, yue"):
        sense_voice.open(Options(language="fr"))


def test_one_whisper_hears_every_language_by_turns(tmp_path: Path) -> None:
    engine, samples = load(make_whisper(tmp_path / "w")), read("three-one-eight")
    assert (engine.info.languages, engine.info.words) == (("en", "zh"), False)
    for language, text in [(None, "你好"), ("en", "hello"), ("zh", "你好"), ("en", "hello"), (None, "你好")]:
        heard = hear(engine, engine.open(Options(language=language)), samples)
        assert (heard.text, heard.words, heard.language) == (text, (), language or "zh")
    with pytest.raises(Unsupported, match="'xx' is not in model 'w'; it has: en, zh"):
        engine.open(Options(language="xx"))


def test_whisper_translates_when_it_is_asked_to(tmp_path: Path) -> None:
    engine, samples = load(make_whisper(tmp_path / "w")), read("three-one-eight")
    assert engine.info.translates
    for translate, text in [(True, "hello"), (False, "你好"), (True, "hello")]:
        heard = hear(engine, engine.open(Options(language="zh", translate=translate)), samples)
        assert (heard.text, heard.language) == (text, "zh")


def test_what_the_network_lacks_is_not_believed_of_a_manifest(tmp_path: Path) -> None:
    folder = make_whisper(tmp_path / "w")
    write_manifest(folder, Manifest("w", "sherpa-offline", "whisper", (), ("zh", "xx")))
    assert load(folder).info.languages == ("zh",)
    write_manifest(folder, Manifest("w", "sherpa-offline", "whisper", (), ("xx",)))
    assert load(folder).info.languages == ("en", "zh")


@pytest.mark.parametrize("times", ["", "some", "wrong"])
def test_paraformer_has_word_times_where_its_network_tells_them(tmp_path: Path, times: str) -> None:
    engine = load(make_offline_paraformer(tmp_path / "p", times))
    assert engine.info.words == bool(times)
    heard = hear(engine, engine.open(Options()), read("three-one-eight"))
    assert "lo" in heard.text and not set(heard.text) & set("@<>")
    assert bool(heard.words) == (times == "some")
    assert join_words([word.text for word in heard.words]) in ("", heard.text)


@pytest.fixture
def transducer(tmp_path: Path) -> Windowed:
    """The shipped streaming transducer as one of whole recordings."""
    return load(make_offline_transducer(tmp_path / "td"))


def test_words_of_a_transducer_have_confidence(transducer: Windowed) -> None:
    heard = hear(transducer, transducer.open(Options()), read("three-one-eight"))
    assert transducer.info.confidence and heard.words
    assert all(word.confidence is not None and 0 < word.confidence <= 1 for word in heard.words)


def test_hot_words_change_what_a_transducer_hears(transducer: Windowed) -> None:
    samples = read("four-down")
    heard = [
        hear(transducer, transducer.open(Options(hotwords=words)), samples).text
        for words in ((), ("qwertz",), ("volume", "four"), ())
    ]
    assert heard == ["five down", "five down", "four down", "five down"]


def test_hot_words_change_what_a_nemo_transducer_hears(tmp_path: Path) -> None:
    """Its probabilities have in them what hot words add, so that they are none then."""
    engine = load(make_nemo(tmp_path / "n"))
    for words, text in [((), "alpha"), (("beta",), "beta"), (("gamma",), "alpha")]:
        heard = hear(engine, engine.open(Options(hotwords=words)), read("three-one-eight"))
        assert heard.text == text
        assert all((word.confidence is None) == (words == ("beta",)) for word in heard.words)


def test_a_kind_of_the_streaming_family_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineFailed, match="is of family 'sherpa', not of whole recordings"):
        load(make_folder(tmp_path / "m"))
