"""Who writes down what ``saywire listen`` captures: an engine on this machine, or a server."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from ..client.connection import connect
from ..client.hear import hear
from ..client.wires import SAYWIRE, Wire, find_wire
from ..config import Config, DialectName, RemoteConfig
from ..engines import Entry, layout, make_entry
from ..errors import BadRequest, ModelError
from ..messages import Event
from ..runtime.files import read_file
from ..runtime.pool import Pool
from ..server.app import default_options
from ..types import Options, Samples, Turns
from . import flags

Hear = Callable[[Iterator[Samples]], AsyncGenerator[Event]]
"""A session of its own for each call."""
REMOTE = "server"
"""What a server is called here that is the engine of sessions of ours."""


@dataclass(frozen=True, slots=True)
class Hearing:
    name: str
    """The model, or the server."""
    start: Callable[[], AbstractAsyncContextManager[Hear]]


@dataclass(frozen=True, slots=True)
class There:
    """Of a server, as flags say it."""

    url: str
    wire: str = ""
    key_variable: str = ""
    ca: Path | None = None


def hear_here(settings: Config, folder: Path | None, hotwords: Sequence[str], voices: int) -> Hearing:
    """``folder``: of a model, instead of an installed one. Raises UnknownModel, ModelError, EngineFailed."""
    entries = [find_model(folder, settings.engine.language)] if folder else None
    name = entries[0].name if entries else flags.default_model(settings)
    model = name if entries else settings.engine.model
    engine = replace(settings.engine, model=model, workers=voices, preload=())
    settings = replace(settings, engine=engine)
    options = replace(default_options(settings), hotwords=tuple(hotwords))
    return Hearing(name, lambda: _here(settings, entries, options))


def find_model(folder: Path, language: str | None) -> Entry:
    """The model in a folder, as an engine. Raises EngineFailed or ModelError for what is none."""
    found = layout.recognise(folder)
    languages = (language,) if language else ()
    entry = make_entry(folder, folder.name, found.family, found.kind, languages, f"the model in {folder}")
    if entry is None:
        raise ModelError(f"{folder} has a model of family '{found.family}', which no engine here runs")
    return entry


@asynccontextmanager
async def _here(settings: Config, entries: Sequence[Entry] | None, options: Options) -> AsyncIterator[Hear]:
    async with Pool(settings, entries) as pool:
        yield lambda blocks: read_file(pool, blocks, options)


def hear_there(
    there: There, settings: Config, model: str | None, hotwords: Sequence[str], voices: int
) -> Hearing:
    """``model``: as the server calls it. Raises BadRequest for an address, a wire or a key that is none."""
    wire = find_wire(there.url, there.wire)
    key = _find_key(wire, there.key_variable)
    if wire.name != SAYWIRE:
        others = [remote for remote in settings.remote if remote.name != REMOTE]
        remotes = (*others, _to_remote(wire, key, model, there.ca))
        settings = replace(settings, remote=remotes, engine=replace(settings.engine, model=REMOTE))
        return replace(hear_here(settings, None, hotwords, voices), name=model or wire.name)

    @asynccontextmanager
    async def start() -> AsyncIterator[Hear]:
        yield lambda blocks: hear(
            connect(
                there.url,
                api_key=os.environ.get(key),
                model=model,
                language=settings.engine.language,
                hotwords=hotwords,
                turns=settings.turns if settings.turns != Turns() else None,  # what nobody set, it chooses
                ca=there.ca,
            ),
            blocks,
        )

    return Hearing(model or SAYWIRE, start)


def _find_key(wire: Wire, named: str) -> str:
    """The variable; empty where there is none. Raises BadRequest for one that was named and is not set."""
    if named and not os.environ.get(named):
        raise BadRequest(f"the environment has no variable {named}, which is to hold the server's key")
    return named or (wire.key_variable if os.environ.get(wire.key_variable) else "")


def _to_remote(wire: Wire, key: str, model: str | None, ca: Path | None) -> RemoteConfig:
    model = model or wire.model
    if not model:
        raise BadRequest(f"a server of {wire.name} must be told which model: --model NAME")
    dialect = cast(DialectName, wire.name)
    return RemoteConfig(REMOTE, wire.url, model, dialect, api_key_env=key, ca=str(ca or ""))
