from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engines.contract import EngineContract, Speech, hear
from engines.recordings import read
from engines.test_sherpa import ENGLISH, MANDARIN
from saywire.engines import Entry, make_entry
from saywire.engines.manifest import Manifest, write_manifest
from saywire.engines.offline import SherpaOffline, load, load_tiny, make_tiny
from saywire.engines.offline_models import KINDS
from saywire.engines.recognizer import Window
from saywire.engines.sherpa import TINY
from saywire.engines.sherpa import load_tiny as load_streaming
from saywire.engines.windowed import Windowed
from saywire.errors import EngineFailed
from saywire.types import Options

HEARD = {**ENGLISH, **MANDARIN}


@pytest.fixture(scope="module")
def engine() -> Iterator[Windowed]:
    engine = load_tiny()
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
    with pytest.raises(EngineFailed, match=r"expected \.onnx files beside tokens\.txt"):
        load(tmp_path)


class Untimed:
    """What sherpa-onnx says of a family without times."""

    text, tokens, timestamps, lang = " It was. ", ["It", "was"], [], "<|en|>"


class Handle:
    """A recogniser of such a family."""

    result = Untimed()

    def create_stream(self) -> Handle:
        return self

    def accept_waveform(self, rate: int, samples: list[float]) -> None:
        assert rate == 16_000 and samples

    def decode_stream(self, stream: Handle) -> None:
        assert stream is self


@pytest.mark.parametrize(("by_language", "expected"), [(True, [None, "en"]), (False, [None])])
def test_a_family_without_times_has_words_all_the_same_and_its_language(
    by_language: bool, expected: list[str | None]
) -> None:
    made = []

    def make(language: str | None) -> Handle:
        made.append(language)
        return Handle()

    tiny = make_tiny()
    recognizer = SherpaOffline(tiny.info, make, KINDS["paraformer"], by_language=by_language)
    window = Window(read("computer-stop"), Options(language="en"))
    for _ in range(2):
        heard = recognizer.recognize([window])[0]
        assert ([word.text for word in heard.words], heard.language) == ([" It", " was."], "en")
    assert made == expected
