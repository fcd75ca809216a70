import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engines.contract import EngineContract, Speech, decode_all, hear, tell
from engines.recordings import read
from saywire.engines.sherpa import MAX_BATCH, TINY, SherpaEngine, load_folder, load_tiny
from saywire.errors import EngineFailed, OutOfOrder
from saywire.types import Options

ENGLISH = {
    "please-play-five": "please play five",
    "computer-stop": "computer stop",
    "three-one-eight": "three one eight",
}
MANDARIN = {"da-kai-deng": "打开灯", "san-qi-ling": "三七零"}


@pytest.fixture(scope="module")
def engine() -> Iterator[SherpaEngine]:
    engine = load_tiny()
    yield engine
    engine.close()


class TestTiny(EngineContract):
    def make(self) -> SherpaEngine:
        return load_tiny()

    def speech(self) -> list[Speech]:
        return [Speech(read(name), text) for name, text in {**ENGLISH, **MANDARIN}.items()]


@pytest.mark.parametrize(("name", "text"), ENGLISH.items())
def test_english_is_heard_in_english(engine: SherpaEngine, name: str, text: str) -> None:
    heard = hear(engine, engine.open(Options(language="en")), read(name))
    assert (heard.text, heard.language) == (text, "en")
    assert [word.text for word in heard.words] == text.split()


@pytest.mark.parametrize(("name", "text"), MANDARIN.items())
def test_mandarin_is_one_word_a_character(engine: SherpaEngine, name: str, text: str) -> None:
    heard = hear(engine, engine.open(Options(language="zh")), read(name))
    assert (heard.text, heard.language) == (text, "zh")
    assert [word.text for word in heard.words] == list(text)


@pytest.mark.parametrize("hotwords", [(), ("stop",), ("打开",)])
def test_a_language_keeps_all_others_out(engine: SherpaEngine, hotwords: tuple[str, ...]) -> None:
    for name in (*ENGLISH, *MANDARIN):
        english = hear(engine, engine.open(Options(language="en", hotwords=hotwords)), read(name)).text
        mandarin = hear(engine, engine.open(Options(language="zh", hotwords=hotwords)), read(name)).text
        assert english.isascii()
        assert not any(character.isascii() for character in mandarin)


def test_the_language_is_told_when_none_was_asked(engine: SherpaEngine) -> None:
    assert hear(engine, engine.open(Options()), read("three-one-eight")).language == "en"
    assert hear(engine, engine.open(Options()), read("san-qi-ling")).language == "zh"


def test_text_grows_while_it_is_spoken_and_is_stable_at_once(engine: SherpaEngine) -> None:
    stream, samples = engine.open(Options(language="en")), read("three-one-eight")
    seen = [""]
    for start in range(0, len(samples), 800):
        stream.accept(samples[start : start + 800])
        now = decode_all(engine, stream)
        assert now.stable == len(now.text)
        assert now.text.startswith(seen[-1])
        seen.append(now.text)
    assert {"three", "three one"} <= set(seen)


def test_words_are_where_they_were_said(engine: SherpaEngine) -> None:
    samples = read("three-one-eight")
    pause = np.zeros(16_000, np.float32)
    words = hear(engine, engine.open(Options()), np.concatenate([samples, pause, samples])).words
    second = len(samples) / 16_000 + 1
    assert [word.text for word in words] == ["three", "one", "eight"] * 2
    assert (
        words[2].end <= second <= words[3].start + 0.2 <= words[5].end <= second + len(samples) / 16_000 + 0.2
    )


def test_hotwords_give_confidence_and_a_text_that_is_stable_at_the_end(engine: SherpaEngine) -> None:
    stream, samples = engine.open(Options(language="en", hotwords=("play five",))), read("please-play-five")
    stream.accept(samples)
    assert decode_all(engine, stream).stable == 0
    stream.finish()
    heard = decode_all(engine, stream)
    assert (heard.text, heard.stable) == ("please play five", len("please play five"))
    assert all(word.confidence is not None and 0 < word.confidence <= 1 for word in heard.words)


def test_a_hotword_decides_between_words_that_sound_alike(engine: SherpaEngine) -> None:
    samples = read("four-down")
    plain, other, wanted = (
        hear(engine, engine.open(Options(language="en", hotwords=hotwords)), samples).text
        for hotwords in ((), ("volume",), ("four",))
    )
    assert plain == other == "five down"
    assert wanted == "four down"


@pytest.mark.parametrize("phrase", ["", "/", "open/stop", "five :9.0", "qwertz", "灯 x", "@", "\x00"])
def test_hotwords_that_cannot_be_spelled_are_ignored(engine: SherpaEngine, phrase: str) -> None:
    stream = engine.open(Options(hotwords=(phrase,)))
    assert hear(engine, stream, read("please-play-five")).text == "please play five"
    assert stream.hypothesis.words[0].confidence is None


def test_streams_of_all_kinds_share_a_batch(engine: SherpaEngine) -> None:
    options = [Options(), Options(language="en"), Options(language="en", hotwords=("one",))]
    streams = [engine.open(options[n % 3]) for n in range(MAX_BATCH)]
    for stream in streams:
        stream.accept(read("three-one-eight"))
        stream.finish()
    while batch := [stream for stream in streams if stream.ready]:
        engine.decode(batch)
    assert {stream.hypothesis.text for stream in streams} == {"three one eight"}


def test_noise_has_no_words(engine: SherpaEngine) -> None:
    noise = np.random.default_rng(5).standard_normal(160_000).astype(np.float32)
    for level in (0.003, 0.03, 0.2):
        assert tell(hear(engine, engine.open(Options()), noise * np.float32(level))) == ("", ())


def test_it_is_strict_about_order(engine: SherpaEngine) -> None:
    stream = engine.open(Options())
    with pytest.raises(OutOfOrder, match="ready"):
        engine.decode([stream])
    stream.finish()
    with pytest.raises(OutOfOrder, match="after finish"):
        stream.accept(read("three-one-eight"))
    with pytest.raises(OutOfOrder, match="once"):
        stream.finish()


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineFailed, match=r"metadata\.json"):
        SherpaEngine(tmp_path)


def test_a_model_for_audio_of_another_rate_is_refused(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(TINY, tmp_path / "slow"))
    metadata = (folder / "metadata.json").read_text("utf-8")
    assert '"sample_rate": 16000' in metadata
    (folder / "metadata.json").write_text(
        metadata.replace('"sample_rate": 16000', '"sample_rate": 8000'), "utf-8"
    )
    with pytest.raises(
        EngineFailed, match="'tiny' hears 8,000 Hz; this version runs its kind at 16,000 Hz only"
    ):
        load_folder(folder)


def test_the_shipped_files_are_small_and_carry_their_notice() -> None:
    files = sorted(TINY.glob("*.onnx"))
    assert files
    assert all(path.stat().st_size < 1_000_000 for path in files)
    assert "CC BY-SA 4.0" in (TINY / "NOTICE.md").read_text(encoding="utf-8")
