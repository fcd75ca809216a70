"""A model of the catalogue, downloaded, checked and installed: from the first source that has it whole.

What was downloaded stays in the store's work folder until the model is installed, so that another call goes
on from there; nothing is seen of it before. Two calls for one model wait for each other.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from ..config import ModelsConfig
from ..engines.layout import OFFLINE, Layout, recognise
from ..engines.manifest import Manifest, write_manifest
from ..errors import EngineFailed, FetchFailed, ModelError
from .archive import NoRoom, move_tree, unpack
from .catalogue import Listed, Source, locate, order_sources
from .contents import PAPERS, describe, find_helpers
from .fetch import SPARE, fetch
from .models import Store
from .patience import PATIENT, Patience, open_client


def ignore(name: str, done: int, total: int | None) -> None:
    """A progress nobody watches."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Who follows a pull."""

    say: Callable[[str], None] = lambda text: None
    """A line for a person."""
    progress: Callable[[str, int, int | None], None] = ignore
    """Name of a file, its bytes that are here, its bytes in all where known."""


NOBODY = Watch()


@dataclass(frozen=True, slots=True)
class _Pull:
    model: Listed
    settings: ModelsConfig
    watch: Watch
    patience: Patience
    client: httpx.Client

    def from_source(self, source: Source, work: Path) -> Manifest:
        """Raises FetchFailed, ModelError, EngineFailed."""
        folder = work / "model"
        take = self._take_archive if source.archive else self._take_files
        published = take(source, work, folder)
        return describe(
            folder,
            self.model.name,
            _examine(folder, self.model),
            self.model.languages,
            source=locate(source, "", self.settings).rstrip("/"),
            summary=self.model.summary,
            licence=self.model.licence,
            published=published,
        )

    def _fetch(self, url: str, path: Path, sha256: str) -> bool:
        """Whether its checksum was known."""
        done = fetch(
            self.client,
            url,
            path,
            sha256=sha256,
            limit=2 * self.model.size + 4 * SPARE,
            progress=lambda done, total: self.watch.progress(path.name, done, total),
            patience=self.patience,
        )
        return done.published

    def _take_files(self, source: Source, work: Path, folder: Path) -> list[str]:
        known = []
        for name in self.model.files:
            if not (folder / name).is_file():  # otherwise an earlier call finished it
                sha256 = self.model.sha256.get(name, "")
                if self._fetch(locate(source, name, self.settings), folder / name, sha256):
                    known.append(name)
        for name in self.model.helpers:
            if not (folder / name).is_file():
                self._help(locate(source, name, self.settings), folder / name)
        return known

    def _help(self, url: str, path: Path) -> None:
        """Fetch a file that the model does without, if it is there."""
        try:
            self._fetch(url, path, "")
        except FetchFailed as error:
            self.watch.say(f"without {path.name}: {error.message}")

    def _take_archive(self, source: Source, work: Path, folder: Path) -> list[str]:
        if all((folder / name).is_file() for name in self.model.files):
            return []  # an earlier call finished it
        path, unpacked = work / source.archive, work / "unpacked"
        known = path.is_file() or self._fetch(locate(source, "", self.settings), path, source.sha256)
        self.watch.say(f"unpacking {path.name}")
        try:
            unpack(path, unpacked, 8 * self.model.size + 4 * SPARE)
        except NoRoom as e:
            shutil.rmtree(unpacked)
            raise FetchFailed(f"{e.message}; the archive is kept") from e
        path.unlink()
        papers = [
            paper.name for paper in unpacked.iterdir() if paper.is_file() and PAPERS.fullmatch(paper.name)
        ]
        # The model's own files last: where they are, all is.
        move_tree(
            unpacked, folder, list(dict.fromkeys((*papers, *find_helpers(unpacked), *self.model.files)))
        )
        shutil.rmtree(unpacked)
        return list(self.model.files) if known and source.sha256 else []


def pull(
    model: Listed,
    store: Store,
    settings: ModelsConfig,
    check: Callable[[Path], object],
    watch: Watch = NOBODY,
    patience: Patience = PATIENT,
) -> Manifest:
    """Install a model; at once where it is installed. ``check`` may refuse the finished folder by raising.

    Raises FetchFailed when no source has it whole, ModelError, EngineFailed.
    """
    sources = order_sources(model, settings)
    if not sources:
        hubs = ", ".join(sorted({source.hub for source in model.sources}))
        raise ModelError(
            f"model '{model.name}' is at {hubs}, which models.sources does not name; add one there"
        )
    with store.claim(model.name, lambda: watch.say("another process is at it; waiting")) as work:
        if store.has(model.name):
            return store.find(model.name)
        _check_room(store, model, work, twice=bool(sources[0].archive))
        with open_client(patience) as client:
            manifest, folder = _try_sources(_Pull(model, settings, watch, patience, client), sources, work)
        write_manifest(folder, manifest)
        try:
            check(folder)
        except EngineFailed as e:
            raise ModelError(
                f"{e.message}; the files are kept: call again, or begin anew after"
                f" `saywire models remove {model.name}`"
            ) from e
        store.settle(folder, manifest)
    return manifest


def _try_sources(pull: _Pull, sources: list[Source], work: Path) -> tuple[Manifest, Path]:
    problems = []
    for source in sources:
        place = work / f"{source.hub}-{source.repository.replace('/', '-')}"
        place.mkdir(exist_ok=True)
        pull.watch.say(f"from {locate(source, '', pull.settings).rstrip('/')}")
        try:
            return pull.from_source(source, place), place / "model"
        except (FetchFailed, ModelError, EngineFailed) as error:
            if not isinstance(error, FetchFailed):
                shutil.rmtree(place)  # it came whole, and is not what it should be
            problems.append(error.message)
            pull.watch.say(error.message)
    raise FetchFailed(f"model '{pull.model.name}' could not be downloaded: " + "; ".join(problems))


def _check_room(store: Store, model: Listed, work: Path, twice: bool) -> None:
    """``twice``: an archive, which takes about as much as what is in it; ``work`` has what came before."""
    here = sum(path.stat().st_size for path in work.rglob("*") if path.is_file())
    needed = max(0, (2 if twice else 1) * model.size - here)
    free = shutil.disk_usage(store.folder).free
    if needed + SPARE > free:
        raise ModelError(
            f"model '{model.name}' needs {needed >> 20:,} MB more, but {store.folder} has"
            f" {free >> 20:,} MB free; make room, or set models.folder to a larger disk"
        )


def _examine(folder: Path, model: Listed) -> Layout:
    """Raises EngineFailed for what is not the model it should be. Some offline networks do not tell their
    kind, which the catalogue knows."""
    return recognise(folder, model.kind if model.family == OFFLINE else None)
