"""Marks behind engines, by tiny models in the real library."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.contract import EngineContract, Speech, cut, cuts, decode_all, hear
from engines.folders import CTC, make_folder
from engines.punctuation_nets import make_english, make_mandarin
from engines.recordings import read
from engines.test_sherpa import ENGLISH, MANDARIN
from saywire.engines import ENGINES, Entry, find
from saywire.engines.base import Engine
from saywire.engines.layout import PUNCTUATION, recognise
from saywire.engines.offline import load_tiny as load_offline
from saywire.engines.punctuation import is_marked, load_punctuation, punctuate, put_marks
from saywire.engines.sherpa import load_tiny
from saywire.errors import EngineFailed, OutOfOrder
from saywire.types import Options

MARKED = {
    "please play five": "please play five.",
    "computer stop": "computer stop.",
    "three one eight": "three, one eight.",
    "打开灯": "打开灯。",
    "三七零": "三七零。",
}


class TestPunctuated(EngineContract):
    folder: Path

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def install(cls, tmp_path_factory: pytest.TempPathFactory) -> None:
        cls.folder = make_mandarin(tmp_path_factory.mktemp("models") / "marks")

    def make(self) -> Engine:
        return punctuate(load_tiny(), self.folder)

    def speech(self) -> Sequence[Speech]:
        return [Speech(read(name), MARKED[text]) for name, text in {**ENGLISH, **MANDARIN}.items()]


class TestPunctuatedWhole(TestPunctuated):
    def make(self) -> Engine:
        return punctuate(load_offline(), self.folder)


def test_marks_come_with_the_final_alone_and_words_keep_their_times(tmp_path: Path) -> None:
    plain, marked = load_tiny(), punctuate(load_tiny(), make_mandarin(tmp_path / "m"))
    samples = read("three-one-eight")
    stream, said = marked.open(Options()), []
    for chunk in cut(samples, cuts(1600)):
        stream.accept(chunk)
        said.append(decode_all(marked, stream))
    assert {"three", "three one"} <= {now.text for now in said}
    assert {now.stable for now in said} == {0}
    stream.finish()
    final, bare = decode_all(marked, stream), hear(plain, plain.open(Options()), samples)
    assert (final.text, final.stable, final.language) == ("three, one eight.", len("three, one eight."), "en")
    assert [word.text for word in final.words] == ["three,", "one", "eight."]
    assert [(w.start, w.end) for w in final.words] == [(w.start, w.end) for w in bare.words]
    marked.close()
    plain.close()


def test_an_english_model_puts_capitals_too(tmp_path: Path) -> None:
    marks = load_punctuation(make_english(tmp_path / "m"))
    assert marks("hello stop three one eight") == "Hello, stop. Three one eight?"
    assert marks("hello 灯") == "hello 灯"
    assert marks("hello " * 300).startswith("Hello, Hello,")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hello dog stop", "hello, dog, stop."),
        ("今天好吗", "今天，好吗？"),
        ("hello 今天 three", "hello, 今天，three."),
        ("open 灯", "open 灯。"),
        ("3.5 dog", "3.5 dog."),
        ("don't stop", "don't stop."),
    ],
)
def test_a_mandarin_model_punctuates_both(tmp_path: Path, text: str, expected: str) -> None:
    assert load_punctuation(make_mandarin(tmp_path / "m"))(text) == expected


@pytest.mark.parametrize(("text", "marked"), [("one two", "one three."), ("one", "ones"), ("one two", "one")])
def test_other_words_than_those_that_were_said_are_not_believed(text: str, marked: str) -> None:
    assert put_marks(text, marked) == text


@settings(deadline=None)
@given(st.text("ab你 .", max_size=20))
def test_marks_change_nothing_but_spaces_and_marks(text: str) -> None:
    line = put_marks(text, text.replace(" ", "") + "。")
    assert line.replace(" ", "").rstrip(".。") == text.replace(" ", "").rstrip(".")


def test_what_has_marks_already_is_left_alone() -> None:
    assert is_marked("Hello, world") and is_marked("你好，世界") and is_marked("yes.")
    assert not is_marked("it is 3.5 or 10:30") and not is_marked("don't") and not is_marked("")


def test_an_entry_with_punctuation_has_it_behind_its_engine(tmp_path: Path) -> None:
    tiny = find("tiny", ENGINES)
    entry = Entry(tiny.name, tiny.loader, (), "", (), "", punctuation=make_mandarin(tmp_path / "m"))
    engine = entry.load()
    assert (engine.info.name, engine.info.stability) == ("tiny", "none")
    assert hear(engine, engine.open(Options()), read("computer-stop")).text == "computer stop."
    engine.close()


def test_it_is_strict_about_order(tmp_path: Path) -> None:
    engine = punctuate(load_tiny(), make_mandarin(tmp_path / "m"))
    with pytest.raises(OutOfOrder, match="1 streams, 0 ready"):
        engine.decode([engine.open(Options())])
    engine.close()


def test_its_folders_are_told(tmp_path: Path) -> None:
    assert recognise(make_mandarin(tmp_path / "zh")).kind == "ct_transformer"
    layout = recognise(make_english(tmp_path / "en"))
    assert (layout.family, layout.kind) == (PUNCTUATION, "cnn_bilstm")
    assert set(layout.files.values()) == {"model.onnx", "bpe.vocab"}


@pytest.mark.parametrize(
    "changed",
    [{"vocab_size": "7"}, {"punctuations": "_|，|。|？"}, {"unk_symbol": "<none>"}, {"tokens": "a|b"}],
)
def test_tables_that_do_not_fit_are_refused(tmp_path: Path, changed: dict[str, str]) -> None:
    with pytest.raises(EngineFailed, match=r"the tables inside 'model\.int8\.onnx' do not fit each other"):
        recognise(make_mandarin(tmp_path / "m", **changed))


def test_marks_with_other_numbers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineFailed, match="numbers its marks in a way of its own"):
        recognise(make_english(tmp_path / "m", PERIOD="1"))


def test_half_a_model_and_one_that_hears_are_refused(tmp_path: Path) -> None:
    folder = make_english(tmp_path / "m")
    (folder / "bpe.vocab").write_text("no scores\n")
    with pytest.raises(EngineFailed, match=r"'bpe\.vocab' is no list of pieces: line 1"):
        load_punctuation(folder)
    (folder / "bpe.vocab").unlink()
    with pytest.raises(EngineFailed, match=r"half a model: it has model\.onnx, but bpe\.vocab missing"):
        load_punctuation(folder)
    engine = load_tiny()
    with pytest.raises(EngineFailed, match="is of family 'sherpa'; it cannot punctuate"):
        punctuate(engine, make_folder(tmp_path / "ctc", CTC))
