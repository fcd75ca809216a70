"""The store of installed models: a folder for each, made whole or not at all.

``<data>/saywire/models/NAME/`` has the files of a model as they were published and ``saywire.json``, which
says what it is and has the checksum of every file. Whoever changes a model holds its lock; what is not
finished lies in ``.work/NAME`` beside it, on the same disk, and gets its name by one rename. So a folder that
can be seen is a model that was whole when it was installed.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from ..config import Config
from ..engines import ENGINES, TURN_INSTALL, TURN_MODULES, Entry, find, find_missing, make_entry
from ..engines.configured import with_configured
from ..engines.finishes import with_finishes
from ..engines.layout import PUNCTUATION, TURNS, recognise
from ..engines.manifest import MANIFEST, FileRecord, Manifest, read_manifest, write_manifest
from ..engines.model_settings import with_settings
from ..errors import ConfigError, EngineFailed, ModelError, UnknownModel
from .archive import copy_tree, move_tree, unpack
from .catalogue import load_catalogue
from .contents import checksum, choose_files, describe
from .locks import locked
from .places import find_data

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_WORK, _LOCKS, _TRASH = ".work", ".locks", ".trash"


def silent() -> None:
    """Nobody wants to know that somebody else is at work."""


@dataclass(frozen=True, slots=True)
class Damage:
    """What is wrong with a file of an installed model."""

    path: str
    problem: str


def find_folder(config: Config, environment: Mapping[str, str]) -> Path:
    """Where models are installed: the setting, or the user's data folder as the system has it."""
    if config.models.folder:
        return Path(config.models.folder).expanduser()
    return find_data(environment) / "models"


@dataclass(frozen=True, slots=True)
class Store:
    folder: Path

    def installed(self) -> list[Manifest]:
        """What is installed, by name. A folder that is no model is left out."""
        return [manifest for _, manifest in self._scan()]

    def damaged(self) -> list[str]:
        """Of models whose manifest cannot be read, the names: nothing else is known of them."""
        return [folder.name for folder in self._folders() if self._is_damaged(folder.name)]

    def _is_damaged(self, name: str) -> bool:
        try:
            read_manifest(self.folder / name)
        except EngineFailed:
            return self.has(name)
        return False

    def find(self, name: str) -> Manifest:
        """Raises UnknownModel when it is not installed, EngineFailed when its manifest is damaged."""
        if not NAME.fullmatch(name) or not (self.folder / name).is_dir():
            names = ", ".join(model.name for model in self.installed()) or "none"
            raise UnknownModel(f"model '{name}' is not installed; there are: {names}", param="model")
        return read_manifest(self.folder / name)

    def has(self, name: str) -> bool:
        return (self.folder / name / MANIFEST).is_file()

    def locate(self, name: str) -> Path:
        """Raises UnknownModel."""
        return self.folder / self.find(name).name

    def entries(self) -> list[Entry]:
        """What an engine here can run, the largest first."""
        largest = sorted(self._scan(), key=lambda item: -item[1].size)
        entries = (
            make_entry(folder, m.name, m.family, m.kind, m.languages, m.summary or f"installed, {m.kind}")
            for folder, m in largest
        )
        return [entry for entry in entries if entry]

    def _folders(self) -> list[Path]:
        try:
            return sorted(path for path in self.folder.iterdir() if NAME.fullmatch(path.name))
        except OSError:  # nothing was ever installed
            return []

    def _scan(self) -> Iterator[tuple[Path, Manifest]]:
        for folder in self._folders():
            try:
                manifest = read_manifest(folder)
            except EngineFailed:
                continue
            if manifest.name == folder.name:
                yield folder, manifest

    @contextmanager
    def claim(self, name: str, waiting: Callable[[], None] = silent) -> Iterator[Path]:
        """Hold the lock of a name; the folder to work in, with what an earlier try left there.

        Raises ModelError for a name that cannot be one, and where nothing can be written.
        """
        check_name(name)
        with locked(self.folder / _LOCKS / f"{name}.lock", waiting):
            work = self.folder / _WORK / name
            try:
                work.mkdir(parents=True, exist_ok=True)
            except OSError as e:
                raise ModelError(
                    f"cannot write to {work}: {e.strerror}; set models.folder to a place of yours"
                ) from e
            yield work

    def settle(self, folder: Path, manifest: Manifest) -> None:
        """Make a finished folder a model. Only inside ``claim``. Raises ModelError."""
        write_manifest(folder, manifest)
        target = self.folder / manifest.name
        try:
            if target.exists():
                self._throw_away(target)
            folder.rename(target)
            shutil.rmtree(self.folder / _WORK / manifest.name, ignore_errors=True)
        except OSError as e:
            raise ModelError(f"cannot put model '{manifest.name}' into {self.folder}: {e.strerror}") from e

    def add(
        self,
        path: Path,
        name: str,
        languages: tuple[str, ...],
        check: Callable[[Path], object],
        waiting: Callable[[], None] = silent,
    ) -> Manifest:
        """Install a folder or an archive. ``check`` may refuse the finished folder by raising.

        Raises ModelError, EngineFailed for what is no whole model.
        """
        if not path.exists():
            raise ModelError(f"{path} does not exist; give a model's folder or archive")
        with self.claim(name, waiting) as work:
            if self.has(name):
                raise ModelError(
                    f"model '{name}' is installed already; remove it first, or give another --name"
                )
            shutil.rmtree(work)
            try:
                source, take = (path, copy_tree) if path.is_dir() else (work / "unpacked", move_tree)
                if not path.is_dir():
                    unpack(path, source)
                layout = recognise(source)
                take(source, work / "model", choose_files(source, layout))
                manifest = describe(work / "model", name, layout, languages, source=str(path.resolve()))
                write_manifest(work / "model", manifest)
                check(work / "model")
                self.settle(work / "model", manifest)
            finally:
                shutil.rmtree(work, ignore_errors=True)
        return manifest

    def verify(self, name: str) -> list[Damage]:
        """Compare every file with its checksum; what is wrong. Raises UnknownModel, EngineFailed."""
        if self._is_damaged(name):
            return [Damage(MANIFEST, "cannot be read")]
        manifest = self.find(name)
        checked = (_examine(self.folder / name / record.path, record) for record in manifest.files)
        return [damage for damage in checked if damage]

    def find_punctuation(self, name: str) -> Path:
        """The folder of an installed model that punctuates. Raises ConfigError."""
        return self._find_named("models.punctuation", name, PUNCTUATION, "punctuates")

    def find_turns(self, wanted: str) -> Path | None:
        """The folder of the turn model that ``models.turns`` means, of several the last by name; None where
        nobody is to be asked, or nobody can be. Raises ConfigError."""
        missing = ", ".join(find_missing(TURN_MODULES))
        if wanted == "none" or (wanted == "auto" and missing):
            return None
        if wanted == "auto":
            found = (folder for folder, manifest in self._scan() if manifest.family == TURNS)
            return max(found, default=None)
        folder = self._find_named("models.turns", wanted, TURNS, "tells the end of a turn")
        if missing:
            raise ConfigError(
                f"models.turns names '{wanted}', which needs {missing}; install it with: {TURN_INSTALL}"
            )
        return folder

    def _find_named(self, setting: str, name: str, family: str, what: str) -> Path:
        try:
            manifest = self.find(name)
        except UnknownModel as e:
            hint = f"`saywire models pull {name}` installs it" if _is_listed(name) else e.message
            raise ConfigError(f"{setting} names '{name}', which is not installed; {hint}") from e
        if manifest.family != family:
            other = f"is of family {manifest.family}"
            raise ConfigError(f"{setting} names '{name}', which {other}; name a model that {what}")
        return self.folder / name

    def remove(self, name: str, waiting: Callable[[], None] = silent) -> None:
        """Raises UnknownModel, ModelError. Of a server's sessions those that have it keep it."""
        check_name(name)
        target, work = self.folder / name, self.folder / _WORK / name
        if not target.is_dir() and not work.is_dir():
            self.find(name)
        with self.claim(name, waiting):
            shutil.rmtree(work, ignore_errors=True)
            if target.is_dir():
                self._throw_away(target)

    def _throw_away(self, folder: Path) -> None:
        """Out of sight at once, then off the disk."""
        trash = self.folder / _TRASH / f"{folder.name}-{os.getpid()}"
        try:
            trash.parent.mkdir(parents=True, exist_ok=True)
            folder.rename(trash)
        except OSError as e:
            raise ModelError(f"cannot remove {folder}: {e.strerror}; is it in use?") from e
        shutil.rmtree(trash, ignore_errors=True)


def known_entries(config: Config, environment: Mapping[str, str] = os.environ) -> list[Entry]:
    """All that can be asked for by name here: what ships with the product, what is installed, and what the
    configuration adds: how these are run (``with_settings``), models (``with_configured``) and what finishes
    their text (``with_finishes``). Raises ConfigError for what it cannot add."""
    store = Store(find_folder(config, environment))
    finish = partial(with_finishes, config, find_punctuation=store.find_punctuation)
    # Those that others are made of are finished before, and those that are made of them as well.
    run = finish(with_settings(config, [*ENGINES, *store.entries()]))
    turns = store.find_turns(config.models.turns)
    return [replace(entry, turns=turns) for entry in finish(with_configured(config, run, find_entry))]


def find_entry(name: str, entries: Sequence[Entry]) -> Entry:
    """The entry of that name. Raises UnknownModel, which says how to get what only the catalogue has."""
    if _is_listed(name) and name not in {entry.name for entry in entries}:
        raise UnknownModel(
            f"model '{name}' is not installed here, or no engine here runs it; `saywire models pull {name}`"
            " installs it",
            param="model",
        )
    return find(name, entries)


def _is_listed(name: str) -> bool:
    return any(model.name == name for model in load_catalogue())


def check_name(name: str) -> None:
    """Raises ModelError for what cannot name a model."""
    if not NAME.fullmatch(name):
        raise ModelError(
            f"'{name}' cannot name a model: up to 64 small letters, digits, dots and dashes; give --name"
        )
    if name in {entry.name for entry in ENGINES}:
        raise ModelError(f"'{name}' is a model that ships with the product; give another --name")


def _examine(path: Path, record: FileRecord) -> Damage | None:
    try:
        size = path.stat().st_size
        if size != record.size:
            return Damage(record.path, f"has {size:,} bytes, not {record.size:,}")
        found = checksum(path)
    except OSError as e:
        return Damage(record.path, f"cannot be read: {e.strerror}")
    if found != record.sha256:
        return Damage(record.path, f"has changed: sha256 {found[:12]}, not {record.sha256[:12]}")
    return None
