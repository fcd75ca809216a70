"""Archives of models, unpacked so that nothing outside the folder can come to harm.

Only plain files come out. A link becomes a copy of what it points to inside the archive; anything that points
elsewhere, has an odd name, is a device, or is larger than it may be, ends the unpacking. Formats: tar, plain
or compressed by bzip2, gzip or xz, and zip.
"""

from __future__ import annotations

import lzma
import os
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from ..errors import DISK_FULL, ModelError

MOST_FILES = 10_000
MOST_BYTES = 64 * 2**30
BLOCK = 2**20
ENCRYPTED = 1
"""Of a zip's flags (APPNOTE.TXT 6.3.10, section 4.4.4)."""
_BROKEN = (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError)


class NoRoom(ModelError):
    """The disk is at fault, not the archive."""


@dataclass(frozen=True, slots=True)
class _Member:
    name: str
    open: Callable[[], IO[bytes]]


def unpack(path: Path, folder: Path, most_bytes: int = MOST_BYTES, most_files: int = MOST_FILES) -> None:
    """Unpack into ``folder``, which is made. If all is in one folder there, that one is left out.

    Raises NoRoom where the disk cannot take it, ModelError; ``folder`` may then hold a part.
    """
    folder.mkdir(parents=True, exist_ok=True)
    left = most_bytes
    try:
        for number, member in enumerate(_members(path), 1):
            if number > most_files:
                raise ModelError(f"{path.name} has over {most_files:,} files; it is no model")
            left -= _extract(member, folder / _checked(member.name, path.name), left, path.name)
    except (*_BROKEN, OSError) as e:
        if isinstance(e, OSError) and e.errno is not None:
            what = f"cannot unpack {path.name} into {folder}: {e.strerror or e}"
            if e.errno in DISK_FULL:
                raise NoRoom(f"{what}; make room, and call again") from e
            raise ModelError(what) from e
        raise ModelError(
            f"{path.name} is damaged: {str(e).splitlines()[0] or type(e).__name__}; download it again"
        ) from e
    _lift(folder)


def _members(path: Path) -> Iterator[_Member]:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                if info.flag_bits & ENCRYPTED:
                    raise ModelError(
                        f"{path.name} is encrypted; unpack it with its password, and give the folder"
                    )
                if not info.is_dir():
                    yield _Member(info.filename, partial(archive.open, info))
        return
    with tarfile.open(path, "r:*") as tar:
        for entry in tar:
            if not entry.isdir():
                yield _Member(entry.name, partial(_open, tar, entry))


def _open(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> IO[bytes]:
    try:
        file = tar.extractfile(entry)  # follows links inside the archive only
    except KeyError as e:
        raise ModelError(
            f"'{entry.name}' in the archive links to what is not in it; it was not unpacked"
        ) from e
    if file is None:
        raise ModelError(f"'{entry.name}' in the archive is no file but a device; it was not unpacked")
    return file


def _checked(name: str, archive: str) -> PurePosixPath:
    path = PurePosixPath(name)
    odd = path.is_absolute() or ".." in path.parts or not path.parts or any(c in name for c in "\\:\0")
    if odd:
        raise ModelError(
            f"'{name[:80]}' in {archive} would be written outside the folder; it was not unpacked"
        )
    return path


def _extract(member: _Member, target: Path, most: int, archive: str) -> int:
    """Bytes written."""
    target.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with member.open() as source, target.open("xb") as file:
        while block := source.read(BLOCK):
            written += len(block)
            if written > most:
                raise ModelError(f"{archive} unpacks to more than it may; it was left at '{member.name}'")
            file.write(block)
    return written


def _lift(folder: Path) -> None:
    """Most releases have all in one folder with the release's name."""
    inside = list(folder.iterdir())
    if len(inside) == 1 and inside[0].is_dir():
        aside = inside[0].rename(folder.with_name(folder.name + ".lifted"))
        folder.rmdir()
        aside.rename(folder)


def move_tree(source: Path, folder: Path, names: list[str]) -> None:
    """Move these files to another folder of the same disk, each whole or not at all. Raises ModelError."""
    _carry(source, folder, names, os.replace)


def copy_tree(source: Path, folder: Path, names: list[str]) -> None:
    """Copy these files of a folder, by their paths below it. Raises ModelError."""
    _carry(source, folder, names, shutil.copyfile)


def _carry(source: Path, folder: Path, names: list[str], carry: Callable[[Path, Path], object]) -> None:
    for name in names:
        target = folder / name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            carry(source / name, target)
        except OSError as e:
            raise ModelError(f"cannot copy {source / name}: {e.strerror or e}") from e
