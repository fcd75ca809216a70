"""The store: whole models or none."""

from __future__ import annotations

import tarfile
import threading
from pathlib import Path

import pytest

from engines.folders import CTC, TRANSDUCER, make_folder
from engines.punctuation_nets import make_mandarin
from engines.turn_nets import FILE, make_turn_model
from saywire.config import Config, ModelConfig, ModelsConfig, TwoPassConfig
from saywire.engines import ENGINES, Entry, choose
from saywire.engines.manifest import MANIFEST
from saywire.engines.sherpa import TINY
from saywire.errors import ConfigError, EngineFailed, ModelError, UnknownModel
from saywire.runtime import models as module
from saywire.runtime.models import Damage, Store, find_entry, find_folder, known_entries


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def accept(_: Path) -> None:
    """Whatever it is."""


def add(store: Store, source: Path, name: str = "mine", languages: tuple[str, ...] = ("zh", "en")) -> None:
    store.add(source, name, languages, accept)


def seen(store: Store) -> list[str]:
    return sorted(path.name for path in store.folder.iterdir() if not path.name.startswith("."))


def left(store: Store) -> list[Path]:
    """Anything of unfinished work."""
    return [path for part in (".work", ".trash") for path in (store.folder / part).rglob("*")]


def test_a_folder_is_imported_and_found(store: Store, tmp_path: Path) -> None:
    source = make_folder(tmp_path / "release")
    (source / "export.py").write_text("not needed")
    add(store, source)
    assert seen(store) == ["mine"] and left(store) == []
    manifest = store.find("mine")
    assert [file.path for file in manifest.files] == sorted(TRANSDUCER)
    assert (manifest.family, manifest.kind, manifest.languages) == ("sherpa", "transducer", ("zh", "en"))
    assert store.installed() == [manifest] and store.has("mine")
    assert sorted(p.name for p in store.locate("mine").iterdir()) == sorted([*TRANSDUCER, MANIFEST])
    assert source.exists()


@pytest.mark.parametrize("mode", ["w:bz2", "w:gz"])
def test_an_archive_is_imported(store: Store, tmp_path: Path, mode: str) -> None:
    make_folder(tmp_path / "release", CTC)
    with tarfile.open(tmp_path / "x.tar", mode) as tar:
        tar.add(tmp_path / "release", "release")
    add(store, tmp_path / "x.tar")
    assert store.find("mine").kind == "zipformer2_ctc" and left(store) == []


def test_a_model_of_the_shipped_make_is_imported(store: Store) -> None:
    add(store, TINY, "tiny-2")
    assert store.verify("tiny-2") == [] and store.find("tiny-2").family == "saywire"


@pytest.mark.parametrize(
    ("missing", "problem"),
    [
        ("tokens.txt", r"half a model: .*tokens\.txt missing"),
        ("encoder.onnx", r"half a model: .*encoder\*\.onnx"),
    ],
)
def test_half_a_model_is_refused_and_leaves_nothing(
    store: Store, tmp_path: Path, missing: str, problem: str
) -> None:
    source = make_folder(tmp_path / "release")
    (source / missing).unlink()
    with pytest.raises(EngineFailed, match=problem):
        add(store, source)
    assert seen(store) == [] and left(store) == []


def test_what_is_no_model_is_refused(store: Store, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "text.tar.bz2").write_text("not an archive")
    with pytest.raises(EngineFailed, match="'photos' is not a model this version knows: it has no file"):
        add(store, tmp_path / "photos")
    with pytest.raises(ModelError, match=r"text\.tar\.bz2 is damaged"):
        add(store, tmp_path / "text.tar.bz2")
    with pytest.raises(ModelError, match="nothing does not exist; give a model's folder or archive"):
        add(store, tmp_path / "nothing")
    assert left(store) == []


def test_a_model_that_the_check_refuses_is_not_installed(store: Store, tmp_path: Path) -> None:
    def refuse(folder: Path) -> None:
        assert (folder / MANIFEST).exists()
        raise EngineFailed("it ends the process")

    with pytest.raises(EngineFailed, match="it ends the process"):
        store.add(make_folder(tmp_path / "release"), "mine", (), refuse)
    assert seen(store) == [] and left(store) == []


@pytest.mark.parametrize("name", ["", "../up", "UPPER", "a/b", "-a", "a" * 65, "tiny", "sphinx"])
def test_bad_names_are_refused(store: Store, tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError, match="give"):
        add(store, make_folder(tmp_path / "release"), name)
    with pytest.raises((ModelError, UnknownModel)):
        store.remove(name)


def test_two_of_one_name_are_refused(store: Store, tmp_path: Path) -> None:
    add(store, make_folder(tmp_path / "release"))
    with pytest.raises(ModelError, match="'mine' is installed already; remove it first"):
        add(store, tmp_path / "release")


def test_damage_is_found(store: Store, tmp_path: Path) -> None:
    add(store, make_folder(tmp_path / "release"))
    assert store.verify("mine") == []
    folder = store.locate("mine")
    data = bytearray((folder / "encoder.onnx").read_bytes())
    data[5000] ^= 1
    (folder / "encoder.onnx").write_bytes(data)
    (folder / "joiner.onnx").unlink()
    (folder / "tokens.txt").write_text("")
    decoder, joiner, tokens = store.verify("mine")
    assert decoder.path == "encoder.onnx" and decoder.problem.startswith("has changed: sha256 ")
    assert joiner == Damage("joiner.onnx", "cannot be read: No such file or directory")
    assert tokens.problem.startswith("has 0 bytes, not ")


def test_a_model_is_removed(store: Store, tmp_path: Path) -> None:
    add(store, make_folder(tmp_path / "release"))
    store.remove("mine")
    assert store.installed() == [] and seen(store) == [] and left(store) == []
    with pytest.raises(UnknownModel, match="'mine' is not installed; there are: none"):
        store.remove("mine")


def test_a_store_that_cannot_be_worked_in_is_told(store: Store, tmp_path: Path) -> None:
    store.folder.mkdir()
    (store.folder / ".work").touch()
    with pytest.raises(ModelError, match=r"cannot write to .*; set models\.folder to a place of yours"):
        add(store, make_folder(tmp_path / "release"))


def test_who_waits_for_another_process_is_told(store: Store, tmp_path: Path) -> None:
    add(store, make_folder(tmp_path / "release"))
    told = threading.Event()
    with store.claim("mine"):
        thread = threading.Thread(target=store.remove, args=("mine", told.set))
        thread.start()
        assert told.wait(30) and store.has("mine")
    thread.join(30)
    assert not store.has("mine")


def test_folders_that_are_no_models_are_left_out(store: Store, tmp_path: Path) -> None:
    add(store, make_folder(tmp_path / "release"))
    (store.folder / "other").mkdir()
    (store.folder / "broken").mkdir()
    (store.folder / "broken" / MANIFEST).write_text("{")
    (store.folder / "renamed").mkdir()
    (store.folder / "renamed" / MANIFEST).write_bytes((store.folder / "mine" / MANIFEST).read_bytes())
    assert [model.name for model in store.installed()] == ["mine"]
    assert store.damaged() == ["broken"]
    assert store.verify("broken") == [Damage(MANIFEST, "cannot be read")]


def test_the_folder_is_the_setting_or_the_system_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = Config(models=ModelsConfig(folder="/big/models"))
    assert find_folder(given, {"XDG_DATA_HOME": "/x"}) == Path("/big/models")
    assert find_folder(Config(), {"XDG_DATA_HOME": "/x", "HOME": "/h"}) == Path("/x/saywire/models")
    for system, folder in {
        "linux": "/h/.local/share/saywire/models",
        "darwin": "/h/Library/Application Support/saywire/models",
        "win32": "/h/AppData/Local/saywire/models",
    }.items():
        monkeypatch.setattr("sys.platform", system)
        assert find_folder(Config(), {"HOME": "/h"}) == Path(folder)


def test_installed_models_can_be_asked_for(store: Store, tmp_path: Path) -> None:
    add(store, make_folder(tmp_path / "release"))
    config = Config(models=ModelsConfig(folder=str(store.folder)))
    entries = known_entries(config, {})
    assert entries[:-1] == list(ENGINES)
    entry = find_entry("mine", entries)
    engine = entry.load()
    assert (engine.info.name, engine.info.languages) == ("mine", ("zh", "en"))
    assert choose("zh", entries).entry is entry


def test_marks_are_put_by_an_installed_model(store: Store, tmp_path: Path) -> None:
    add(store, make_folder(tmp_path / "release"))
    add(store, make_mandarin(tmp_path / "marks"), "marks")

    def finish(*pairs: str) -> list[Entry]:
        settings = ModelsConfig(folder=str(store.folder), punctuation=pairs)
        return known_entries(Config(models=settings), {})

    entries = finish("mine=marks", "tiny=marks")
    assert "marks" not in {entry.name for entry in entries}
    assert {entry.name: entry.punctuation for entry in entries if entry.punctuation} == {
        "mine": store.folder / "marks",
        "tiny": store.folder / "marks",
    }
    for pair, problem in {
        "tiny=none": "names 'none', which is not installed; model 'none' is not installed; there are: m",
        "tiny=punctuation-en": "not installed; `saywire models pull punctuation-en` installs it",
        "tiny=mine": "names 'mine', which is of family sherpa; name a model that punctuates",
    }.items():
        with pytest.raises(ConfigError, match=problem):
            finish(pair)


def test_an_installed_turn_model_is_asked_by_every_engine(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def choose_turns(wanted: str) -> set[Path | None]:
        config = Config(models=ModelsConfig(folder=str(store.folder), turns=wanted))
        return {entry.turns for entry in known_entries(config, {})}

    assert choose_turns("auto") == choose_turns("none") == {None}
    add(store, make_folder(tmp_path / "release"))
    add(store, make_turn_model(tmp_path / "one"), "turns-1")
    add(store, make_turn_model(tmp_path / "two"), "turns-2")
    monkeypatch.setattr(module, "TURN_MODULES", ("json",))
    assert choose_turns("auto") == {store.folder / "turns-2"}
    assert choose_turns("turns-1") == {store.folder / "turns-1"}
    assert choose_turns("none") == {None}
    monkeypatch.setattr(module, "TURN_MODULES", ("no_such_module",))
    assert choose_turns("auto") == {None}
    for name, problem in {
        "turns-1": r"'turns-1', which needs no_such_module; install it with: pip install 'saywire\[turns\]'",
        "smart-turn-v3": "not installed; `saywire models pull smart-turn-v3` installs it",
        "mine": "which is of family sherpa; name a model that tells the end of a turn",
    }.items():
        with pytest.raises(ConfigError, match=problem):
            choose_turns(name)


def test_of_a_turn_model_only_its_file_and_papers_are_kept(store: Store, tmp_path: Path) -> None:
    source = make_turn_model(tmp_path / "release")
    for name in ("smart-turn-v3.0.onnx", "README.md", "inference.py"):
        (source / name).write_bytes((source / FILE).read_bytes())
    add(store, source)
    assert [file.path for file in store.find("mine").files] == ["README.md", FILE]


def test_models_made_of_others_have_their_finishes_and_their_own(store: Store, tmp_path: Path) -> None:
    add(store, make_mandarin(tmp_path / "marks"), "marks")
    (tmp_path / "digits.fst").touch()
    settings = ModelsConfig(
        folder=str(store.folder), punctuation=("pair=marks",), rules=(f"tiny-offline={tmp_path}/digits.fst",)
    )
    config = Config(models=settings, two_pass=(TwoPassConfig("pair", "tiny", "tiny-offline"),))
    pair = find_entry("pair", known_entries(config, {}))
    assert pair.punctuation == store.folder / "marks"
    assert [part.rules for part in pair.parts] == [(), (tmp_path / "digits.fst",)]


def test_installed_models_are_run_as_configured(store: Store, tmp_path: Path) -> None:
    add(store, make_folder(tmp_path / "release"))
    sliced = ModelConfig("mine", mode="sliced")
    config = Config(models=ModelsConfig(folder=str(store.folder)), model=(sliced,))
    assert find_entry("mine", known_entries(config, {})).settings == sliced


def test_a_model_of_the_catalogue_says_how_to_get_it(store: Store) -> None:
    with pytest.raises(UnknownModel, match="`saywire models pull zipformer-zh` installs it"):
        find_entry("zipformer-zh", ENGINES)
    with pytest.raises(UnknownModel, match="did you mean 'tiny'"):
        find_entry("tiney", ENGINES)
