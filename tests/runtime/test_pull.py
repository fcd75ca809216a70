"""Pulling models from hubs that behave well and badly."""

from __future__ import annotations

import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from engines.folders import TRANSDUCER
from runtime.hub import Answer, Hub, serve
from saywire.config import ModelsConfig
from saywire.engines.sherpa import TINY
from saywire.errors import EngineFailed, FetchFailed, ModelError
from saywire.runtime import pull as module
from saywire.runtime.archive import NoRoom
from saywire.runtime.catalogue import Listed, Source
from saywire.runtime.models import Store
from saywire.runtime.patience import Patience
from saywire.runtime.pull import Watch, pull

HASTY = Patience(connect=2.0, silence=0.5, tries=3, sleep=lambda _: None)
FILES = {name: (TINY / name).read_bytes() for name in TRANSDUCER}
REPOSITORY = Source("huggingface", "a/b", "main")
RELEASE = Source("github", "k/s", "asr-models", "some.tar.bz2")
MODEL = Listed(
    "some",
    "for tests",
    ("zh", "en"),
    "sherpa",
    "transducer",
    True,
    "MIT",
    1_000_000,
    TRANSDUCER,
    (REPOSITORY,),
)
ARCHIVED = msgspec.structs.replace(MODEL, sources=(RELEASE,))
PATH = "/a/b/resolve/main/"
ARCHIVE = "/k/s/releases/download/asr-models/some.tar.bz2"


def accept(_: Path) -> None:
    """Whatever it is."""


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serve() as hub:
        yield hub


@pytest.fixture
def settings(hub: Hub) -> ModelsConfig:
    return ModelsConfig(huggingface=hub.address, modelscope=hub.address, github=hub.address)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def put(hub: Hub, **answers: Answer) -> None:
    """All files of the model; ``encoder=`` is the first answer for the encoder."""
    for name, data in FILES.items():
        hub.put(PATH + name, data, *([answers[name.split(".")[0]]] if name.split(".")[0] in answers else []))


def pack(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:bz2") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(f"release/{name}")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return file.getvalue()


def test_a_repository_is_pulled_file_by_file(hub: Hub, settings: ModelsConfig, store: Store) -> None:
    put(hub)
    told: list[tuple[str, int, int | None]] = []
    manifest = pull(MODEL, store, settings, accept, Watch(progress=lambda *now: told.append(now)), HASTY)
    assert store.find("some") == manifest and store.verify("some") == []
    assert (manifest.summary, manifest.licence, manifest.source) == (
        "for tests",
        "MIT",
        hub.address + PATH[:-1],
    )
    assert {name for name, _, _ in told} == set(TRANSDUCER)
    assert not any(file.published for file in manifest.files)
    assert not list((store.folder / ".work").iterdir())


def test_three_drops_do_not_matter(hub: Hub, settings: ModelsConfig, store: Store) -> None:
    put(hub)
    hub.resources[PATH + "encoder.onnx"].answers += [Answer(drop_at=n) for n in (70_000, 1, 9000)]
    pull(MODEL, store, settings, accept, patience=HASTY)
    assert store.verify("some") == []


def test_a_broken_pull_is_not_installed_and_goes_on_later(
    hub: Hub, settings: ModelsConfig, store: Store
) -> None:
    put(hub)
    hub.resources[PATH + "joiner.onnx"].answers += [Answer(502)] * 3
    with pytest.raises(
        FetchFailed, match=r"'some' could not be downloaded: .*joiner\.onnx: the server answered 502"
    ):
        pull(MODEL, store, settings, accept, patience=HASTY)
    assert store.installed() == [] and not (store.folder / "some").exists()
    hub.requests.clear()
    pull(MODEL, store, settings, accept, patience=HASTY)
    assert [path.rpartition("/")[2] for path, _ in hub.requests] == ["joiner.onnx", "tokens.txt"]


def test_what_helps_is_kept_where_a_source_has_it(hub: Hub, settings: ModelsConfig, store: Store) -> None:
    model = msgspec.structs.replace(MODEL, helpers=("bpe.model", "bpe.vocab"), sources=(REPOSITORY,))
    put(hub)
    hub.put(PATH + "bpe.vocab", (TINY / "bpe.vocab").read_bytes())
    said: list[str] = []
    manifest = pull(model, store, settings, accept, Watch(said.append), HASTY)
    assert {file.path for file in manifest.files} == {*TRANSDUCER, "bpe.vocab"}
    assert any("without bpe.model: " in line and "404" in line for line in said)


def test_of_an_archive_what_helps_is_kept_too(hub: Hub, settings: ModelsConfig, store: Store) -> None:
    hub.put(ARCHIVE, pack(FILES | {"bpe.vocab": b"x\t1\n", "test_wavs/0.wav": b"", "export.py": b""}))
    manifest = pull(ARCHIVED, store, settings, accept, patience=HASTY)
    assert {file.path for file in manifest.files} == {*TRANSDUCER, "bpe.vocab"}


def test_a_published_checksum_is_compared(hub: Hub, settings: ModelsConfig, store: Store) -> None:
    put(hub)
    right = hashlib.sha256(FILES["encoder.onnx"]).hexdigest()
    model = msgspec.structs.replace(MODEL, sha256={"encoder.onnx": right})
    manifest = pull(model, store, settings, accept, patience=HASTY)
    assert [file.path for file in manifest.files if file.published] == ["encoder.onnx"]
    store.remove("some")
    with pytest.raises(FetchFailed, match="came damaged or changed"):
        pull(
            msgspec.structs.replace(MODEL, sha256={"encoder.onnx": "0" * 64}),
            store,
            settings,
            accept,
            patience=HASTY,
        )
    assert store.installed() == []


def test_an_archive_is_pulled(hub: Hub, settings: ModelsConfig, store: Store) -> None:
    hub.put(ARCHIVE, pack(FILES | {"LICENSE": b"mit", "test_wavs/0.wav": b"long"}), Answer(drop_at=100_000))
    manifest = pull(ARCHIVED, store, settings, accept, patience=HASTY)
    assert [file.path for file in manifest.files] == sorted([*TRANSDUCER, "LICENSE"])
    assert not list((store.folder / ".work").iterdir())


def test_the_next_source_is_tried(hub: Hub, settings: ModelsConfig, store: Store) -> None:
    hub.put(ARCHIVE, pack(FILES))
    said: list[str] = []
    model = msgspec.structs.replace(MODEL, sources=(REPOSITORY, RELEASE))
    pull(model, store, settings, accept, Watch(said.append), HASTY)
    assert said[0] == f"from {hub.address}{PATH[:-1]}" and "404" in said[1]
    assert store.find("some").source.endswith("some.tar.bz2")


@pytest.mark.parametrize(
    ("archive", "problem"),
    [
        (pack({"tokens.txt": b"<blk> 0\n"}), r"cannot copy .*encoder\.onnx: No such file"),
        (b"<html>", "is damaged"),
        (pack(FILES)[:50_000], "is damaged"),
        (pack(FILES | {"../../evil": b""}), "would be written outside the folder"),
        (pack(FILES | {"tokens.txt": b"<blk> 0\na 1\n"}), r"has 2 tokens .*the network has \d+ outputs"),
        (pack(FILES | {"encoder.onnx": FILES["encoder.onnx"][:-9]}), "is not a whole ONNX model"),
    ],
    ids=["half", "text", "cut", "evil", "tokens", "network"],
)
def test_bad_archives_are_refused_and_thrown_away(
    hub: Hub, settings: ModelsConfig, store: Store, archive: bytes, problem: str
) -> None:
    hub.put(ARCHIVE, archive)
    with pytest.raises(FetchFailed, match=problem):
        pull(ARCHIVED, store, settings, accept, patience=HASTY)
    assert store.installed() == [] and not list((store.folder / ".work" / "some").iterdir())
    hub.put(ARCHIVE, pack(FILES))
    pull(ARCHIVED, store, settings, accept, patience=HASTY)
    assert store.verify("some") == []


def test_a_model_that_the_check_refuses_is_kept_aside(hub: Hub, settings: ModelsConfig, store: Store) -> None:
    def refuse(folder: Path) -> None:
        raise EngineFailed("it ends the process")

    put(hub)
    with pytest.raises(
        ModelError, match=r"it ends the process; the files are kept: .*`saywire models remove some`"
    ):
        pull(MODEL, store, settings, refuse, patience=HASTY)
    assert store.installed() == []
    store.remove("some")
    assert not (store.folder / ".work" / "some").exists() or not list((store.folder / ".work/some").iterdir())


def test_two_who_pull_the_same_download_it_once(hub: Hub, settings: ModelsConfig, store: Store) -> None:
    put(hub)
    done = []
    threads = [
        threading.Thread(target=lambda: done.append(pull(MODEL, store, settings, accept, patience=HASTY)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 4 and len(hub.requests) == len(TRANSDUCER)
    assert store.verify("some") == []


def test_a_source_that_the_settings_leave_out_is_not_asked(
    hub: Hub, settings: ModelsConfig, store: Store
) -> None:
    with pytest.raises(ModelError, match=r"'some' is at huggingface, which models\.sources does not name"):
        pull(MODEL, store, replace(settings, sources=("modelscope",)), accept, patience=HASTY)
    assert hub.requests == []


def test_a_full_disk_is_told_first(
    hub: Hub, settings: ModelsConfig, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SPARE", 2**60)
    with pytest.raises(ModelError, match=r"needs 0 MB more, but .* MB free; make room, or set"):
        pull(MODEL, store, settings, accept, patience=HASTY)
    assert hub.requests == []


def test_what_is_here_already_needs_no_room(
    hub: Hub, settings: ModelsConfig, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(hub, tokens=Answer(404))
    with pytest.raises(FetchFailed, match="404"):
        pull(MODEL, store, settings, accept, patience=HASTY)
    free = 500_000 + module.SPARE  # half of the model
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    assert pull(MODEL, store, settings, accept, patience=HASTY).name == "some"


def test_an_archive_that_the_disk_cannot_take_unpacked_is_kept(
    hub: Hub, settings: ModelsConfig, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, folder: Path, most: int) -> None:
        folder.mkdir()
        (folder / "encoder.onnx").write_bytes(FILES["encoder.onnx"][:1000])
        raise NoRoom(f"cannot unpack {path.name}")

    hub.put(ARCHIVE, pack(FILES))
    with monkeypatch.context() as patch:
        patch.setattr(module, "unpack", full)
        with pytest.raises(FetchFailed, match=r"cannot unpack some\.tar\.bz2; the archive is kept"):
            pull(ARCHIVED, store, settings, accept, patience=HASTY)
    assert pull(ARCHIVED, store, settings, accept, patience=HASTY).name == "some"
    assert len(hub.requests) == 1 and store.verify("some") == []


def test_a_refused_model_of_an_archive_is_not_downloaded_again(
    hub: Hub, settings: ModelsConfig, store: Store
) -> None:
    def refuse(_: Path) -> None:
        raise EngineFailed("it ends the process")

    hub.put(ARCHIVE, pack(FILES))
    with pytest.raises(ModelError, match="the files are kept: call again"):
        pull(ARCHIVED, store, settings, refuse, patience=HASTY)
    assert pull(ARCHIVED, store, settings, accept, patience=HASTY).name == "some"
    assert len(hub.requests) == 1 and store.verify("some") == []


def test_a_model_of_another_family_is_known_by_the_catalogue(
    hub: Hub, settings: ModelsConfig, store: Store
) -> None:
    put(hub)
    model = msgspec.structs.replace(MODEL, family="sherpa-offline", kind="moonshine_v2", streaming=False)
    assert pull(model, store, settings, accept, patience=HASTY).kind == "moonshine_v2"
