"""Archives, honest and not."""

from __future__ import annotations

import errno
import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from saywire.errors import ModelError
from saywire.runtime import archive as module
from saywire.runtime.archive import NoRoom, copy_tree, move_tree, unpack

FILES = {"release/a.onnx": b"network" * 1000, "release/sub/tokens.txt": b"<blk> 0\n"}


def make_tar(path: Path, files: dict[str, bytes], *links: tarfile.TarInfo, mode: str = "w:bz2") -> Path:
    with tarfile.open(path, mode) as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        for link in links:
            tar.addfile(link)
    return path


def make_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def content(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("mode", ["w", "w:bz2", "w:gz", "w:xz"])
def test_tar_files_of_all_kinds(tmp_path: Path, mode: str) -> None:
    path = make_tar(tmp_path / "x", FILES, mode=mode)
    unpack(path, tmp_path / "out")
    expected = {name.removeprefix("release/"): data for name, data in FILES.items()}
    assert content(tmp_path / "out") == expected


def test_zip_files(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "x.zip", FILES | {"notes.txt": b"beside the folder"})
    unpack(path, tmp_path / "out")
    assert content(tmp_path / "out") == FILES | {"notes.txt": b"beside the folder"}


def test_links_inside_become_copies(tmp_path: Path) -> None:
    links = [link("release/b.onnx", "a.onnx"), link("release/c.onnx", "release/a.onnx", tarfile.LNKTYPE)]
    unpack(make_tar(tmp_path / "x", FILES, *links), tmp_path / "out")
    assert not any(path.is_symlink() for path in (tmp_path / "out").rglob("*"))
    assert (
        (tmp_path / "out/b.onnx").read_bytes() == (tmp_path / "out/c.onnx").read_bytes() == b"network" * 1000
    )


@pytest.mark.parametrize("target", ["/etc/passwd", "../../../etc/passwd", "nothing"])
def test_links_outside_are_refused(tmp_path: Path, target: str) -> None:
    path = make_tar(tmp_path / "x", FILES, link("release/b.onnx", target))
    with pytest.raises(ModelError, match=r"'release/b\.onnx' in the archive links to what is not in it"):
        unpack(path, tmp_path / "out")


def test_devices_are_refused(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "x", {}, link("pipe", "", tarfile.FIFOTYPE))
    with pytest.raises(ModelError, match="is no file but a device"):
        unpack(path, tmp_path / "out")


@pytest.mark.parametrize("name", ["../evil", "/evil", "a/../../evil", "a\\..\\evil", "C:evil"])
@pytest.mark.parametrize("make", [make_tar, make_zip])
def test_no_file_goes_outside(tmp_path: Path, name: str, make: object) -> None:
    assert callable(make)
    path = make(tmp_path / "x", {name: b"evil"})
    with pytest.raises(ModelError, match="would be written outside the folder"):
        unpack(path, tmp_path / "in" / "out")
    assert not list(tmp_path.rglob("evil"))


def test_a_bomb_is_left(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "x.zip", {"zeros": bytes(10_000_000)})
    assert path.stat().st_size < 20_000
    with pytest.raises(ModelError, match="unpacks to more than it may; it was left at 'zeros'"):
        unpack(path, tmp_path / "out", most_bytes=1_000_000)
    with pytest.raises(ModelError, match="has over 1 files"):
        unpack(make_zip(tmp_path / "y.zip", FILES), tmp_path / "two", most_files=1)


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "x", FILES, link("release/a.onnx", "release/sub/tokens.txt", tarfile.LNKTYPE))
    with pytest.raises(ModelError, match="File exists"):
        unpack(path, tmp_path / "out")


@pytest.mark.parametrize("cut", [0.3, 0.9])
def test_a_broken_archive_says_what_to_do(tmp_path: Path, cut: float) -> None:
    data = make_tar(tmp_path / "x", {"a": os.urandom(2_000_000)}).read_bytes()
    (tmp_path / "half.tar.bz2").write_bytes(data[: int(cut * len(data))])
    with pytest.raises(ModelError, match=r"half\.tar\.bz2 is damaged: .*; download it again"):
        unpack(tmp_path / "half.tar.bz2", tmp_path / "out")


def test_an_encrypted_archive_says_what_to_do(tmp_path: Path) -> None:
    data = make_zip(tmp_path / "x.zip", {"a": b"1"}).read_bytes()
    for head, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.index(head) + flags
        data = data[:at] + bytes([data[at] | 1]) + data[at + 1 :]
    (tmp_path / "x.zip").write_bytes(data)
    with pytest.raises(ModelError, match=r"x\.zip is encrypted; unpack it with its password"):
        unpack(tmp_path / "x.zip", tmp_path / "out")


def test_other_files_are_no_archives(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"text")
    with pytest.raises(ModelError, match="x is damaged"):
        unpack(tmp_path / "x", tmp_path / "out")


@pytest.mark.parametrize(("number", "kind"), [(errno.ENOSPC, NoRoom), (errno.EACCES, ModelError)])
def test_a_full_disk_is_told_from_a_bad_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[ModelError]
) -> None:
    def fail(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(module, "_extract", fail)
    with pytest.raises(ModelError, match=os.strerror(number)) as caught:
        unpack(make_tar(tmp_path / "a.tar.bz2", {"a": b"1"}), tmp_path / "out")
    assert type(caught.value) is kind


def test_chosen_files_of_a_folder_are_moved(tmp_path: Path) -> None:
    (tmp_path / "from" / "deep").mkdir(parents=True)
    (tmp_path / "from" / "deep" / "a").write_bytes(b"1")
    move_tree(tmp_path / "from", tmp_path / "to", ["deep/a"])
    assert content(tmp_path / "to") == {"deep/a": b"1"} and content(tmp_path / "from") == {}
    with pytest.raises(ModelError, match=r"cannot copy .*deep/b"):
        move_tree(tmp_path / "from", tmp_path / "to", ["deep/b"])


def test_chosen_files_of_a_folder_are_copied(tmp_path: Path) -> None:
    unpack(make_tar(tmp_path / "x", FILES), tmp_path / "in")
    copy_tree(tmp_path / "in", tmp_path / "out", ["sub/tokens.txt"])
    assert content(tmp_path / "out") == {"sub/tokens.txt": b"<blk> 0\n"}
    with pytest.raises(ModelError, match=r"cannot copy .*no: No such file"):
        copy_tree(tmp_path / "in", tmp_path / "out", ["no"])
