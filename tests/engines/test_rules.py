"""Rule files, checked here and applied by the real library."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.contract import EngineContract, Speech, cut, cuts, decode_all, hear
from engines.folders import CTC, TRANSDUCER, make_installed, onnx_head, tokens
from engines.offline_nets import make_offline_paraformer, make_sense_voice
from engines.recordings import read
from engines.rule_files import DIGITS, write_far, write_fst
from saywire.engines import ENGINES, find
from saywire.engines.base import Engine
from saywire.engines.manifest import Manifest, write_manifest
from saywire.engines.offline import load as load_whole
from saywire.engines.offline import load_tiny as load_offline
from saywire.engines.online import load
from saywire.engines.rules import check_rules, find_rules, write_arguments
from saywire.engines.sherpa import load_tiny
from saywire.errors import EngineFailed
from saywire.types import Options

FST = write_fst(DIGITS)
FAR = write_far(FST, write_fst({"3 1": "31"}))
HEARD = {"three-one-eight": "3 1 8", "san-qi-ling": "370", "please-play-five": "please play 5"}


def put(folder: Path, name: str = "digits.fst", data: bytes = FST) -> Path:
    (folder / name).write_bytes(data)
    return folder / name


class TestRuled(EngineContract):
    """The shipped model with rules of the configuration."""

    rules: tuple[Path, ...]

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def install(cls, tmp_path_factory: pytest.TempPathFactory) -> None:
        cls.rules = (put(tmp_path_factory.mktemp("rules")),)

    def make(self) -> Engine:
        return load_tiny(self.rules)

    def speech(self) -> list[Speech]:
        return [Speech(read(name), text) for name, text in HEARD.items()]


class TestRuledWhole(TestRuled):
    def make(self) -> Engine:
        return load_offline(self.rules)


@pytest.mark.parametrize("files", [CTC, TRANSDUCER])
@pytest.mark.parametrize(("name", "data", "text"), [("a.fst", FST, "3 1 8"), ("a.far", FAR, "31 8")])
def test_rules_beside_an_installed_model_rewrite_its_finals(
    tmp_path: Path, files: tuple[str, ...], name: str, data: bytes, text: str
) -> None:
    folder = make_installed(tmp_path / "m", files)
    put(folder, name, data)
    engine, samples = load(folder), read("three-one-eight")
    assert engine.info.stability == "none"
    stream, said = engine.open(Options()), []
    for chunk in cut(samples, cuts(1600)):
        stream.accept(chunk)
        said.append(decode_all(engine, stream))
    assert {"three", "three one"} <= {now.text for now in said} and {now.stable for now in said} == {0}
    stream.finish()
    final = decode_all(engine, stream)
    assert (final.text, final.stable) == (text, len(text))
    assert " ".join(word.text for word in final.words) == text
    assert all(word.start < word.end for word in final.words)


def test_hot_words_and_rules_go_together(tmp_path: Path) -> None:
    engine = load_tiny((put(tmp_path),))
    stream = engine.open(Options(language="en", hotwords=("four",)))
    assert hear(engine, stream, read("four-down")).text == "4 down"


def test_whole_recordings_are_rewritten_in_every_window(tmp_path: Path) -> None:
    folder = make_sense_voice(tmp_path / "sv")
    put(folder, data=write_fst({"hello": "hi"}))
    engine = load_whole(folder)
    heard = hear(engine, engine.open(Options(language="en")), read("three-one-eight"))
    assert "hi" in heard.text.split() and "hello" not in heard.text
    assert [word.text for word in heard.words] == heard.text.split()


def test_rules_say_what_spaces_there_are(tmp_path: Path) -> None:
    engine = load_offline((put(tmp_path, data=write_fst({"三": "3"})),))
    heard = hear(engine, engine.open(Options(language="zh")), read("san-qi-ling"))
    assert (heard.text, [word.text for word in heard.words]) == ("3七零", ["3", "七", "零"])
    engine.close()


def test_text_without_times_is_rewritten_too(tmp_path: Path) -> None:
    folder = make_offline_paraformer(tmp_path / "p")
    put(folder, data=write_fst({"才": "cai"}))
    engine = load_whole(folder)
    assert "cai" in hear(engine, engine.open(Options()), read("three-one-eight")).text


def test_rules_are_found_by_name() -> None:
    assert find_rules(Path(__file__).parent) == ()
    assert find("tiny", ENGINES).ruled and not find("sphinx", ENGINES).ruled


def test_arguments_name_both_kinds(tmp_path: Path) -> None:
    one, two, more = put(tmp_path, "b.fst"), put(tmp_path, "a.fst"), put(tmp_path, "c.far", FAR)
    assert find_rules(tmp_path) == (two, one, more)
    assert write_arguments((one, two, more)) == {"rule_fsts": f"{one},{two}", "rule_fars": str(more)}
    assert write_arguments(()) == {}


@pytest.mark.parametrize(
    ("name", "data", "problem"),
    [
        ("a.fst", b"", "not a whole rule file"),
        ("a.fst", b"junk" * 50, "does not begin as a transducer"),
        ("a.fst", FST[:-9], "ends 9 bytes too early"),
        ("a.fst", FST[:60], "not a whole rule file"),
        ("a.fst", write_fst(DIGITS, "log"), "of type 'vector' with 'log' arcs"),
        ("a.fst", FST[:70] + struct.pack("<q", -1) + FST[78:], "less than no arcs"),
        ("a.fst", FST[:50] + struct.pack("<q", 2**40) + FST[58:], "ends .* too early"),
        ("a.fst", FST[:50] + struct.pack("<q", 0) + FST[58:], "it has no states"),
        ("a.fst", b"".join((FST[:4], struct.pack("<i", 5), b"const", FST[14:])), "ends .* too early"),
        ("a.far", b"junk" * 50, "does not begin as an archive"),
        ("a.far", FAR[:-9], "its table of contents"),
        ("a.far", write_far(), "its table of contents is missing"),
        ("a.far", write_far(FST[:-9]), "ends 9 bytes too early"),
        ("a.far", FAR[:-24] + struct.pack("<qqq", 10**6, 10**7, 2), "leads out of it"),
        ("a.far", write_far(write_fst(DIGITS, "log")), "with 'log' arcs"),
        ("a.txt", FST, "must end with"),
        ("a,b.fst", FST, "without commas"),
    ],
)
def test_broken_rules_are_refused(tmp_path: Path, name: str, data: bytes, problem: str) -> None:
    with pytest.raises(EngineFailed, match=problem):
        check_rules(put(tmp_path, name, data))
    if "," not in name and not name.endswith("txt"):
        folder = make_installed(tmp_path / "m", CTC)
        put(folder, name, data)
        with pytest.raises(EngineFailed, match=name.replace(".", r"\.")):
            load(folder)


def test_missing_rules_are_named(tmp_path: Path) -> None:
    with pytest.raises(EngineFailed, match=r"rule file 'none\.fst' cannot be read: No such file"):
        load_tiny((tmp_path / "none.fst",))


def test_a_kind_that_applies_none_says_so(tmp_path: Path) -> None:
    put(tmp_path)
    (tmp_path / "model.onnx").write_bytes(onnx_head({}))
    (tmp_path / "tokens.txt").write_text(tokens(5))
    write_manifest(tmp_path, Manifest("m", "sherpa-offline", "fire_red_asr_ctc", ()))
    with pytest.raises(EngineFailed, match="applies no rule files to models of kind 'fire_red_asr_ctc'"):
        load_whole(tmp_path)


@settings(deadline=None)
@given(st.binary(max_size=200) | st.integers(0, len(FAR) - 1).map(lambda cut: FAR[:cut]))
def test_any_bytes_are_rules_or_an_error(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    for name in ("any.fst", "any.far"):
        path = put(tmp_path_factory.getbasetemp(), name, data)
        with pytest.raises(EngineFailed, match=r"any\."):
            check_rules(path)
