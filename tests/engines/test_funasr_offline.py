"""Paraformers of whole recordings, of random weights: what they say means nothing, but always the same."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from engines.contract import EngineContract, Speech, hear
from engines.funasr_files import TOKENS
from saywire.config import ModelConfig
from saywire.engines import two_pass
from saywire.engines.base import Engine
from saywire.engines.layout import SEACO
from saywire.engines.recognizer import Recognition, Window
from saywire.errors import EngineFailed
from saywire.types import RATE, Options, Word

if importlib.util.find_spec("funasr") is None:
    pytest.skip("funasr is not installed: make test-funasr", allow_module_level=True)
from engines.tiny_funasr import LONG, OTHER, copy_model, share_model, talk
from saywire.engines.funasr import load
from saywire.engines.funasr_offline import FunasrOffline, place, read_pieces

USUAL = ModelConfig("m")


class TestSeaco(EngineContract):
    kind = SEACO

    def make(self) -> Engine:
        return load(share_model(kind=self.kind))

    def speech(self) -> list[Speech]:
        return [Speech(talk(names), hear_once(self.kind, names)) for names in (LONG, OTHER)]

    @pytest.mark.skip(reason="random weights make other words of other audio")
    def test_the_last_word_is_kept_when_the_audio_stops_with_it(self) -> None: ...


class TestBicif(TestSeaco):
    kind = "BiCifParaformer"


class TestTwoPasses(EngineContract):
    """The streaming model for partials, SeACo for finals."""

    def make(self) -> Engine:
        return two_pass.make("2pass", lambda: load(share_model()), lambda: load(share_model(kind=SEACO)))

    def speech(self) -> list[Speech]:
        return [Speech(talk(names), hear_once(SEACO, names)) for names in (LONG, OTHER)]

    @pytest.mark.skip(reason="random weights make other words of other audio")
    def test_the_last_word_is_kept_when_the_audio_stops_with_it(self) -> None: ...


@cache
def hear_once(kind: str, names: tuple[str, ...]) -> str:
    engine = load(share_model(kind=kind))
    return hear(engine, engine.open(Options()), talk(names)).text


@pytest.fixture(scope="module")
def seaco() -> Iterator[FunasrOffline]:
    recognizer = FunasrOffline(share_model(kind=SEACO), USUAL)
    yield recognizer
    recognizer.close()


def recognize(recognizer: FunasrOffline, *hotwords: str) -> Recognition:
    return recognizer.recognize([Window(talk(LONG), Options(hotwords=hotwords))])[0]


def test_words_have_times(seaco: FunasrOffline) -> None:
    words = recognize(seaco).words
    assert len(words) > 3
    assert all(word.start < word.end <= len(talk(LONG)) / RATE for word in words)


def test_hot_words_change_what_is_heard_and_others_do_not(seaco: FunasrOffline) -> None:
    plain = recognize(seaco).text
    assert seaco.info.hotwords
    assert recognize(seaco, "中国", "hello").text != plain
    assert recognize(seaco, "阿里巴巴", "xyzzy").text == plain
    assert recognize(seaco).text == plain
    assert not FunasrOffline(share_model(kind="BiCifParaformer"), USUAL).info.hotwords


def test_hot_words_that_cannot_be_spelled_are_said_once(
    seaco: FunasrOffline, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        recognize(seaco, "中国", "阿")
    said = [record.getMessage() for record in caplog.records]
    assert len([line for line in said if "cannot use some of a session's hot words" in line]) == 1


@pytest.mark.parametrize(
    ("phrase", "tokens"),
    [
        ("中国", ["中", "国"]),
        ("Hello 中国", ["hello", "中", "国"]),
        ("really", ["re@@", "al@@", "ly"]),
        ("http://127.0.0.1:9/words", None),
        ("list.txt", None),
        ("阿", None),
        (" ", []),
    ],
)
def test_hot_words_are_spelled_with_the_tokens_there_are(
    seaco: FunasrOffline, phrase: str, tokens: list[str] | None
) -> None:
    found = seaco._spell_phrase(phrase)
    assert (None if found is None else [TOKENS[index] for index in found]) == tokens


def test_a_window_that_is_too_short_for_a_feature(seaco: FunasrOffline) -> None:
    heard = seaco.recognize([Window(np.full(10, 0.1, np.float32), Options())])[0]
    assert all(word.end <= 10 / RATE for word in heard.words)


@pytest.mark.parametrize(
    ("tokens", "times", "words"),
    [
        (["你", "hel@@", "lo"], [(0, 200), (250, 400), (400, 700)], [("你", 0.0, 0.2), ("hello", 0.25, 0.7)]),
        (["i", "<unk>", "b"], [(0, 100), (100, 200), (200, 300)], [("IB", 0.0, 0.3)]),
        (["a", "你"], [(0, 100)], [("a", 0.0, 0.1), ("你", 1.0, 1.0)]),
        (["的", "你"], [(500, 900), (800, 2000)], [("的", 0.5, 0.9), ("你", 0.9, 1.0)]),
        ([], [], []),
    ],
)
def test_words_are_placed_inside_the_audio_in_their_order(
    tokens: list[str], times: list[tuple[float, float]], words: list[tuple[str, float, float]]
) -> None:
    assert place(tokens, times, 1.0) == [Word(*word) for word in words]


def test_what_only_streaming_models_take_is_refused() -> None:
    with pytest.raises(EngineFailed, match=r"model\.m\.mode is for streaming models of FunASR; leave it out"):
        load(share_model(kind=SEACO), ModelConfig("m", mode="sliced", threads=2))


def test_pieces_of_words_may_be_missing_but_not_broken(tmp_path: Path) -> None:
    folder = copy_model(tmp_path / "m", SEACO)
    assert read_pieces(folder / "seg_dict")["really"] == ("re@@", "al@@", "ly")
    (folder / "seg_dict").write_bytes(b"\xff\xfe")
    with pytest.raises(EngineFailed, match="seg_dict of 'm' cannot be read"):
        load(folder)
    (folder / "seg_dict").unlink()
    assert FunasrOffline(folder, USUAL)._spell_phrase("really") is None
