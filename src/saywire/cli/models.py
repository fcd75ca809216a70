"""``saywire models``: what can be installed and is, installing, checking, removing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console, JustifyMethod
from rich.filesize import decimal
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import TransferSpeedColumn as SpeedColumn
from rich.table import Table

from ..config import Config
from ..engines import ENGINES, TURN_INSTALL, TURN_MODULES, Entry, find_missing, is_run
from ..engines.configured import list_tables
from ..engines.layout import PUNCTUATION, TURNS
from ..engines.manifest import Manifest
from ..errors import SaywireError
from ..runtime import models as store_room
from ..runtime.catalogue import Listed, find_listed, load_catalogue
from ..runtime.contents import propose_name
from ..runtime.models import Store
from ..runtime.probe import probe
from ..runtime.pull import Watch
from ..runtime.pull import pull as pull_model
from . import flags

models = typer.Typer(
    name="models", help="List, install, check and remove models.", no_args_is_help=True, add_completion=False
)

Names = Annotated[list[str], typer.Argument(metavar="NAME...", help="As `saywire models list` shows them.")]


def _open(settings: Config) -> Store:
    return Store(store_room.find_folder(settings, os.environ))


@models.command("list")
def list_(
    language: Annotated[str | None, typer.Option(help="Only those that know it, as en or zh.")] = None,
    installed: Annotated[bool, typer.Option("--installed", help="Only what is installed.")] = False,
    config: flags.ConfigFile = None,
    sets: flags.Sets = None,
) -> None:
    """Show the models that are installed, can be, or are configured."""
    settings = flags.load(config, sets, {}).config
    store = _open(settings)
    here = {manifest.name: manifest for manifest in store.installed()}
    rows = [_shipped_row(entry) for entry in ENGINES if entry.rank and _speaks(entry.languages, language)]
    rows += [_installed_row(manifest) for manifest in here.values() if _speaks(manifest.languages, language)]
    rows += [(name, "damaged", "", "", "", "", "remove it and install it again") for name in store.damaged()]
    if not installed:
        added = {entry.name: entry for entry in store_room.known_entries(settings)}
        configured = ((section, added[name]) for section, name in list_tables(settings))
        rows += [_configured_row(*one) for one in configured if _speaks(one[1].languages, language)]
        listed = (model for model in load_catalogue() if model.name not in here)
        rows += [_listed_row(model) for model in listed if _speaks(model.languages, language)]
    _print_rows(rows)
    typer.echo(f"{len(here)} installed in {store.folder}")


COLUMNS = ("name", "state", "languages", "how", "size", "licence", "what")
NARROWEST = {"state": 10, "how": 9, "languages": 11, "what": 40}
"""Characters to which they may be folded; the rest are shown whole, names above all: they are to be typed."""


def _print_rows(rows: Sequence[tuple[str, ...]]) -> None:
    """A terminal that is too narrow gets fewer columns; a pipe or a file gets all of each, a line a model."""
    terminal = Console()
    widest = [max(map(len, column)) for column in zip(COLUMNS, *rows, strict=True)]
    least = {name: min(room, NARROWEST.get(name, room)) for name, room in zip(COLUMNS, widest, strict=True)}
    for name in ("licence", "what"):
        if terminal.is_terminal and sum(least.values()) + 2 * len(least) > terminal.width:
            del least[name]
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name in least:
        justify: JustifyMethod = "right" if name == "size" else "left"
        table.add_column(name, justify=justify, no_wrap=name not in NARROWEST)
    for row in rows:
        table.add_row(*(cell for name, cell in zip(COLUMNS, row, strict=True) if name in least))
    width = None if terminal.is_terminal else sum(widest) + 2 * len(widest)
    Console(width=width, highlight=False, soft_wrap=True).print(table)


def _speaks(languages: tuple[str, ...], wanted: str | None) -> bool:
    return wanted is None or not languages or wanted in languages


def _shipped_row(entry: Entry) -> tuple[str, ...]:
    return entry.name, "built in", _join(entry.languages), "streaming", "", "", entry.summary


def _installed_row(manifest: Manifest) -> tuple[str, ...]:
    state = "installed" if is_run(manifest.family, manifest.kind) else "installed, no engine"
    how = _name_way(manifest.family, manifest.streaming)
    languages, licence = _join(manifest.languages), manifest.licence or "unknown"
    return manifest.name, state, languages, how, decimal(manifest.size), licence, manifest.summary


def _configured_row(section: str, entry: Entry) -> tuple[str, ...]:
    state = "configured, cannot run" if entry.obstacle else "configured"
    return entry.name, state, _join(entry.languages), section, "", "", entry.obstacle or entry.summary


def _listed_row(model: Listed) -> tuple[str, ...]:
    how = _name_way(model.family, model.streaming)
    state = "to pull" if is_run(model.family, model.kind) else "to pull, no engine"
    size = f"~{decimal(model.size).replace('.0 ', ' ')}"
    return model.name, state, _join(model.languages), how, size, model.licence, model.summary


def _name_way(family: str, streaming: bool) -> str:
    beside = {PUNCTUATION: "behind others", TURNS: "ends turns"}
    return beside.get(family) or ("streaming" if streaming else "whole")


def _join(languages: tuple[str, ...]) -> str:
    shown = ", ".join(languages[:5]) + (f" and {len(languages) - 5} more" if len(languages) > 5 else "")
    return shown or "many"


@models.command()
def pull(names: Names, config: flags.ConfigFile = None, sets: flags.Sets = None) -> None:
    """Download models of the catalogue and install them. Exits with 1 when one of several failed."""
    settings = flags.load(config, sets, {}).config
    store = _open(settings)
    wanted = [find_listed(name, load_catalogue()) for name in dict.fromkeys(names)]
    failed = 0
    for model in wanted:
        here = store.has(model.name)
        try:
            with _watching(model.name) as watch:
                manifest = pull_model(model, store, settings.models, probe, watch)
        except SaywireError as error:
            if len(wanted) == 1:
                raise
            failed += 1
            typer.echo(f"saywire: {error.message}", err=True)
        else:
            unknown = sum(not file.published for file in manifest.files)
            if here:
                typer.echo(f"{model.name} is installed already")
            elif unknown:
                typer.echo(f"{unknown} of {len(manifest.files)} checksums were not published; recorded now")
            _tell(manifest, store)
    if failed:
        raise typer.Exit(1)


def _tell(manifest: Manifest, store: Store) -> None:
    typer.echo(f"{manifest.name}: {decimal(manifest.size)} in {store.folder / manifest.name}")
    entry = next((entry for entry in store.entries() if entry.name == manifest.name), None)
    if manifest.family == PUNCTUATION:
        typer.echo(f"  saywire serve --set models.punctuation=MODEL={manifest.name}")
    elif manifest.family == TURNS and (missing := find_missing(TURN_MODULES)):
        typer.echo(f"  it was not tried: it needs {', '.join(missing)}; {TURN_INSTALL}")
    elif manifest.family == TURNS:
        typer.echo("  semantic turns ask it from the next start of a server on; see models.turns")
    elif entry is None:
        typer.echo(f"  no engine of this version runs models of this kind, {manifest.family} {manifest.kind}")
    elif entry.missing:
        typer.echo(f"  it was not tried: it needs {', '.join(entry.missing)}; {entry.install}")
    else:
        typer.echo(f"  saywire serve --model {manifest.name}")


@contextmanager
def _watching(name: str) -> Iterator[Watch]:
    """Lines and bars on standard error; bars only where that is a terminal."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), SpeedColumn())
    with Progress(
        *columns, TimeRemainingColumn(), console=console, transient=True, disable=not console.is_terminal
    ) as bars:
        yield Watch(lambda text: console.print(f"{name}: {text}", markup=False), _follow(bars))


def _follow(bars: Progress) -> Callable[[str, int, int | None], None]:
    tasks: dict[str, TaskID] = {}

    def follow(file: str, done: int, total: int | None) -> None:
        if file not in tasks:
            tasks[file] = bars.add_task(file, total=total)
        bars.update(tasks[file], completed=done, total=total)

    return follow


def _say_waiting() -> None:
    typer.echo("another process is at it; waiting", err=True)


@models.command("import")
def import_(
    path: Annotated[Path, typer.Argument(help="A model's folder, or an archive of it (tar, zip).")],
    name: Annotated[str | None, typer.Option(help="What to call it; else the name of the file.")] = None,
    languages: Annotated[str, typer.Option("--language", help="Its languages, as in zh,en.")] = "",
    config: flags.ConfigFile = None,
    sets: flags.Sets = None,
) -> None:
    """Install a model from this machine, without any network."""
    store = _open(flags.load(config, sets, {}).config)
    codes = tuple(code.strip() for code in languages.split(",") if code.strip())
    _tell(store.add(path, name or propose_name(path), codes, probe, _say_waiting), store)


@models.command()
def verify(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Only these.")] = None,
    config: flags.ConfigFile = None,
    sets: flags.Sets = None,
) -> None:
    """Compare every file of installed models with its checksum. Exits with 1 when one is damaged."""
    store = _open(flags.load(config, sets, {}).config)
    well = True
    names = names or [*(manifest.name for manifest in store.installed()), *store.damaged()]
    if not names:
        typer.echo(f"0 installed in {store.folder}")
    for name in names:
        damages = store.verify(name)
        typer.echo(f"{name}: {'damaged' if damages else 'whole'}")
        for damage in damages:
            well = False
            typer.echo(f"  {damage.path} {damage.problem}; remove the model and install it again")
    if not well:
        raise typer.Exit(1)


@models.command()
def remove(names: Names, config: flags.ConfigFile = None, sets: flags.Sets = None) -> None:
    """Take installed models, and what unfinished downloads left, off the disk."""
    store = _open(flags.load(config, sets, {}).config)
    for name in names:
        store.remove(name, _say_waiting)
        typer.echo(f"{name}: removed")
