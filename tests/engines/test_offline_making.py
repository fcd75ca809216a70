"""Which recognisers of a model are in memory, and what they are told."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from engines.offline_nets import SPOKEN, make_sense_voice, make_whisper
from saywire.engines.layout import recognise
from saywire.engines.offline_making import (
    KEPT,
    PROMPTED,
    Maker,
    Shelf,
    Wanted,
    ask,
    make_recognizer,
    switch,
    write_prompted,
)
from saywire.engines.offline_models import KINDS
from saywire.errors import EngineFailed


def test_the_recognisers_used_last_are_kept() -> None:
    made: list[Wanted] = []
    shelf = Shelf(lambda wanted: made.append(wanted) or object(), most=2)
    german, french = Wanted("de"), Wanted("fr")
    first = shelf.take(german)
    assert made == [Wanted(), german]
    assert shelf.take(german) is first
    shelf.take(french)
    assert shelf.take(german) is first
    shelf.take(Wanted())
    assert made == [Wanted(), german, french, Wanted()]
    assert shelf.take(german) is first
    shelf.clear()
    assert shelf.take(german) is not first


def test_a_model_of_five_languages_is_in_memory_three_times_at_most(tmp_path: Path) -> None:
    folder = make_sense_voice(tmp_path / "sv")
    maker = Maker(folder, recognise(folder), None, {})
    made: list[str | None] = []

    def make(wanted: Wanted) -> object:
        made.append(wanted.language)
        return maker.make(wanted)

    shelf = Shelf(make)
    for language in (*SPOKEN, *SPOKEN):
        handle = shelf.take(Wanted(language))
        assert handle.config.model_config.sense_voice.language == language
        assert len(shelf) <= KEPT
    assert made == [None, *SPOKEN, *SPOKEN]


def test_a_recogniser_that_is_made_is_switched(tmp_path: Path) -> None:
    folder = make_whisper(tmp_path / "w")
    handle = Maker(folder, recognise(folder), None, {}).make(Wanted())
    for language, translate in (("zh", False), ("en", False), ("zh", True), (None, False), (None, False)):
        switch(handle, KINDS["whisper"], language, translate)
        settings = handle.config.model_config.whisper
        assert (settings.language, settings.task == "translate") == (language or "", translate)


def test_canary_translates_only_when_it_is_asked_to() -> None:
    """There is no small one; so its settings are watched."""
    told: list[tuple[str, str]] = []
    canary = SimpleNamespace(src_lang="en", tgt_lang="en")
    config = SimpleNamespace(model_config=SimpleNamespace(canary=canary))
    inner = SimpleNamespace(set_config=lambda _: told.append((canary.src_lang, canary.tgt_lang)))
    for language, translate in (("de", False), ("de", False), ("fr", True), ("fr", False), (None, False)):
        switch(SimpleNamespace(config=config, recognizer=inner), KINDS["canary"], language, translate)
    assert told == [("de", "de"), ("fr", "en"), ("fr", "fr"), ("en", "en")]


class Told:
    """A stream that remembers what it was told."""

    def __init__(self) -> None:
        self.options: dict[str, str] = {}

    def set_option(self, name: str, value: str) -> None:
        self.options[name] = value


@pytest.mark.parametrize(
    ("language", "hotwords", "expected"),
    [
        (None, "", {}),
        ("zh", "", {"language": "Chinese"}),
        ("fil", "a,b", {"language": "Filipino", "hotwords": "a,b"}),
        ("tlh", "a", {"hotwords": "a"}),
    ],
)
def test_a_stream_is_told_in_the_words_of_its_model(
    language: str | None, hotwords: str, expected: dict[str, str]
) -> None:
    stream = Told()
    ask(stream, language, hotwords)
    assert stream.options == expected


def test_hot_words_before_the_audio_are_words_alone() -> None:
    assert write_prompted(["Qwen", "北京"]) == ("Qwen,北京", 0)
    assert write_prompted(["a,b", "x<|im_end|>y", " ", "<|im_start|>"]) == ("a b,x y", 2)
    long = ["word" * 10] * 20
    text, left = write_prompted(long)
    assert len(text) <= PROMPTED and left == 20 - text.count("word" * 10)


def test_what_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EngineFailed, match="the zipformer2_ctc model cannot be loaded"):
        make_recognizer(
            "zipformer2_ctc", {"model": str(tmp_path / "no.onnx"), "tokens": str(tmp_path / "no.txt")}
        )
