"""A streaming Paraformer of random weights: what it says means nothing, but it always says the same."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from cli.program import saywire
from engines.contract import EngineContract, Speech, decode_all, hear, tell
from engines.funasr_files import CHINESE
from engines.recordings import DATA
from saywire.config import ModelConfig
from saywire.engines import make_entry
from saywire.engines.base import Engine
from saywire.engines.layout import recognise
from saywire.engines.manifest import Manifest, write_manifest
from saywire.errors import EngineFailed, OutOfOrder
from saywire.types import RATE, Hypothesis, Options

if importlib.util.find_spec("funasr") is None:  # to import it here would print, warn and set up logging
    pytest.skip("funasr is not installed: make test-funasr", allow_module_level=True)
from engines.tiny_funasr import LONG, OTHER, copy_model, share_model, talk
from saywire.engines.funasr import FunasrEngine, load, write
from saywire.engines.funasr_model import AutoModel
from saywire.engines.quiet import quietly

USUAL = ModelConfig("usual")
SLICED = ModelConfig("sliced", mode="sliced")


@pytest.fixture(scope="module")
def engine() -> Iterator[FunasrEngine]:
    engine = FunasrEngine(share_model(), USUAL)
    yield engine
    engine.close()


class Contract(EngineContract):
    settings = USUAL

    def make(self) -> Engine:
        return load(share_model(), self.settings)

    def speech(self) -> list[Speech]:
        return [Speech(talk(names), hear_once(self.settings, names)) for names in (LONG, OTHER)]


@cache
def hear_once(settings: ModelConfig, names: tuple[str, ...]) -> str:
    engine = load(share_model(), settings)
    return hear(engine, engine.open(Options()), talk(names)).text


class TestStreaming(Contract): ...


class TestSliced(Contract):
    settings = SLICED


class TestShortChunks(Contract):
    settings = ModelConfig("short", chunk_size=(0, 8, 4))


class TestChunksHeardAgain(Contract):
    settings = ModelConfig("again", chunk_size=(5, 10, 5), encoder_chunk_look_back=-1)


def test_settings_change_what_is_heard() -> None:
    changed = [
        USUAL,
        SLICED,
        ModelConfig("short", chunk_size=(0, 8, 4)),
        ModelConfig("again", chunk_size=(5, 10, 5)),
        ModelConfig("blind", encoder_chunk_look_back=0),
        ModelConfig("deaf", decoder_chunk_look_back=0),
    ]
    assert len({hear_once(settings, LONG) for settings in changed}) == len(changed)


def test_it_says_what_funasr_says_of_the_whole() -> None:
    """Of words without pieces, which FunASR joins otherwise when it knows what follows."""
    folder = share_model(("<blank>", "<s>", "</s>", *CHINESE, "hello", "world", "of", "<unk>"))
    engine, samples = load(folder), talk((*LONG, *OTHER))
    with quietly():
        model = AutoModel(
            model=str(folder),
            device="cpu",
            ncpu=1,
            frontend_conf={"dither": 0.0},
            disable_update=True,
            disable_pbar=True,
        )
        looks = {"chunk_size": [0, 10, 5], "encoder_chunk_look_back": 4, "decoder_chunk_look_back": 1}
        (answer,) = model.generate(input=samples, cache={}, is_final=True, **looks)
    text = hear(engine, engine.open(Options()), samples).text
    assert len(text) > 10
    assert text.replace(" ", "") == answer["text"].replace(" ", "")


def test_text_grows_with_every_chunk(engine: FunasrEngine) -> None:
    stream, seen = engine.open(Options()), [""]
    for start in range(0, len(talk(LONG)), RATE * 6 // 10):
        stream.accept(talk(LONG)[start : start + RATE * 6 // 10])
        now = decode_all(engine, stream)
        assert now.text[: now.stable].startswith(seen[-1])
        seen.append(now.text[: now.stable])
    assert len(set(seen)) > 4


def test_streams_that_take_turns_do_not_mix(engine: FunasrEngine) -> None:
    audio = [talk(LONG), talk(OTHER), talk((*OTHER, *LONG))]
    alone = [tell(hear(engine, engine.open(Options()), samples)) for samples in audio]
    streams = [engine.open(Options()) for _ in audio]
    for stream, samples in zip(streams, audio, strict=True):
        stream.accept(samples)
        stream.finish()
    while ready := [stream for stream in streams if stream.ready]:
        for stream in ready:
            engine.decode([stream])
    assert [tell(stream.hypothesis) for stream in streams] == alone


@pytest.mark.parametrize(
    ("tokens", "text", "stable"),
    [
        ([], "", 0),
        (["hello", "world"], "hello world", 11),
        (["你", "好", "hello", "你"], "你好 hello 你", 10),
        (["hel@@"], "hel", 3),
        (["<s>", "hel@@", "lo", "</s>", "<unk>"], "hello", 5),
        (["你", "i"], "你 i", 2),
        (["你", "i", "b"], "你 IB", 4),
        (["i", "b", "m", "的"], "IBM 的", 5),
        (["i", "b@@"], "i b", 3),
        (["i", "b@@", "ook"], "i book", 6),
    ],
)
def test_tokens_become_text_that_only_grows(tokens: list[str], text: str, stable: int) -> None:
    assert write(tokens, ended=False) == (text, stable)
    assert write(tokens, ended=True) == (text, len(text))
    held = ""
    for count in range(len(tokens) + 1):
        now, until = write(tokens[:count], ended=False)
        assert now.startswith(held)
        held = now[:until]


def test_a_recording_too_short_for_a_frame_says_nothing(engine: FunasrEngine) -> None:
    for count in (1, 959):
        stream = engine.open(Options())
        stream.accept(np.full(count, 0.1, np.float32))
        stream.finish()
        assert not stream.ready
        assert stream.hypothesis == Hypothesis()


def test_it_is_strict_about_order(engine: FunasrEngine) -> None:
    stream, other = engine.open(Options()), engine.open(Options())
    with pytest.raises(OutOfOrder, match="decode takes 1, ready"):
        engine.decode([stream])
    for each in (stream, other):
        each.accept(talk(LONG))
    with pytest.raises(OutOfOrder, match="2 streams"):
        engine.decode([stream, other])
    stream.finish()
    with pytest.raises(OutOfOrder, match="after finish"):
        stream.accept(talk(LONG))
    with pytest.raises(OutOfOrder, match="once"):
        stream.finish()


def test_hot_words_are_ignored(engine: FunasrEngine) -> None:
    assert not engine.info.hotwords
    stream = engine.open(Options(hotwords=("阿里巴巴",)))
    assert hear(engine, stream, talk(OTHER)).text == hear_once(USUAL, OTHER)


def test_an_installed_model_is_run_as_its_entry_says(tmp_path: Path) -> None:
    folder = copy_model(tmp_path / "mine")
    layout = recognise(folder)
    write_manifest(folder, Manifest("mine", layout.family, layout.kind, (), ("zh",), True))
    entry = make_entry(folder, "mine", layout.family, layout.kind, ("zh",), "a test")
    assert entry and entry.shares and not entry.missing
    for settings in (None, SLICED):
        engine = replace(entry, settings=settings).load()
        assert (engine.info.name, engine.info.languages) == ("mine", ("zh",))
        heard = hear(engine, engine.open(Options()), talk(LONG))
        assert (heard.text, heard.language) == (hear_once(settings or USUAL, LONG), "zh")


def test_workers_forked_from_the_loaded_model_hear_a_file(tmp_path: Path) -> None:
    imported = saywire("models", "import", share_model(), "--name", "mine", home=tmp_path)
    assert (imported.returncode, imported.stderr) == (0, "")
    assert "saywire serve --model mine" in imported.stdout  # it was tried
    flags = ("--set", "model.mine.mode=sliced", "--set", "engine.workers=2")
    heard = saywire("transcribe", "--model", "mine", *flags, DATA / "three-one-eight.wav", home=tmp_path)
    assert (heard.returncode, heard.stderr) == (0, "")
    assert heard.stdout.strip()


def test_loading_says_nothing_and_leaves_logging_alone(capsys: pytest.CaptureFixture[str]) -> None:
    before = logging.getLogger().handlers[:], logging.getLogger().level
    load(share_model()).close()
    assert capsys.readouterr() == ("", "")
    assert (logging.getLogger().handlers, logging.getLogger().level) == before


def test_a_closed_engine_decodes_no_more() -> None:
    engine = load(share_model())
    stream = engine.open(Options())
    stream.accept(talk(LONG))
    engine.close()
    with pytest.raises(EngineFailed, match="is closed"):
        engine.decode([stream])


def test_what_funasr_raises_fails_the_step_alone(
    engine: FunasrEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = engine.open(Options())
    stream.accept(talk(LONG))
    with monkeypatch.context() as patch:
        patch.setattr(engine.model.network, "encode_chunk", lambda *_, **__: 1 / 0)
        with pytest.raises(EngineFailed, match=r"FunASR failed a step of 0.60 s: ZeroDivisionError"):
            engine.decode([stream])
    stream.reset()
    assert hear(engine, stream, talk(OTHER)).text == hear_once(USUAL, OTHER)
