"""``saywire doctor``: what a person who asks for help is asked for."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .. import __version__
from ..client.capture.base import Kind
from ..client.capture.choose import survey
from ..engines import FAMILIES, TURN_INSTALL, TURN_MODULES, find_missing
from ..errors import ConfigError, EngineFailed, SaywireError
from ..runtime.models import known_entries
from ..runtime.pool import find_stray_aliases, read_aliases
from ..runtime.probe import probe
from ..runtime.trial import Trial, try_engine
from ..server.listeners import check_listeners
from ..server.peer import WEBRTC_INSTALL
from ..server.run import listen, run
from ..server.tls import find_credentials
from ..settings import Loaded
from . import flags

LISTED = "smart-turn-v3"
"""A turn model of the catalogue."""


def doctor(config: flags.ConfigFile = None, sets: flags.Sets = None) -> None:
    """Tell what can run here, what cannot, and which settings hold. Exits with 1 when serving is hopeless."""
    loaded = flags.load(config, sets, {})
    console = Console(highlight=False, soft_wrap=True)
    _print_rows(console, "This machine", _machine())
    trials = run(_try_all(loaded))
    _print_rows(console, "Engines", [_engine(trial) for trial in trials])
    _print_rows(console, "Models that can be installed", [_family(name) for name in FAMILIES])
    beside = [(kind.noun, _capture(kind)) for kind in Kind]
    beside.append(("WebRTC", _needs(("aiortc",), WEBRTC_INSTALL)))
    _print_rows(console, "Microphones, loudspeakers, calls", beside)
    _print_rows(console, "Settings", [(s.name, s.value, s.source) for s in loaded.settings])
    name, reason = _default(loaded)
    well = any(trial.entry.name == name and trial.seconds is not None for trial in trials)
    absent = _absent(loaded, {trial.entry.name for trial in trials})
    ends = ("semantic turns", _turns(loaded, trials))
    refusals = _refusals(loaded)
    _print_rows(console, "Serving", [("model", reason), ends, *_ports(loaded), *absent, *refusals])
    if not well or refusals or any(trial.entry.problem for trial in trials):  # with such no server starts
        raise typer.Exit(1)


def _machine() -> list[tuple[str, ...]]:
    return [
        ("saywire", __version__),
        ("python", f"{platform.python_version()} at {sys.executable}"),
        ("system", platform.platform()),
        ("processor", f"{platform.machine()}, {os.cpu_count()} cores"),
        ("memory", _memory()),
    ]


def _memory() -> str:
    try:
        page = os.sysconf("SC_PAGE_SIZE") / 2**30
        free, all_ = os.sysconf("SC_AVPHYS_PAGES") * page, os.sysconf("SC_PHYS_PAGES") * page
    except (AttributeError, ValueError, OSError):  # a system that does not say
        return "unknown"
    return f"{free:.1f} of {all_:.1f} GiB free"


async def _try_all(loaded: Loaded) -> list[Trial]:
    """One after another: together they would slow each other down."""
    return [await try_engine(entry, loaded.config) for entry in known_entries(loaded.config)]


def _engine(trial: Trial) -> tuple[str, ...]:
    entry = trial.entry
    state = trial.problem if trial.seconds is None else f"runs, ready in {trial.seconds:.1f} s"
    return entry.name, ", ".join(entry.languages) or "any", state, entry.summary


def _family(name: str) -> tuple[str, ...]:
    family = FAMILIES[name]
    return name, _needs(family.requires, family.install)


def _needs(modules: Sequence[str], install: str) -> str:
    missing = ", ".join(find_missing(modules))
    return f"needs {missing}; install it with: {install}" if missing else "has what it needs"


def _capture(kind: Kind) -> str:
    """What `saywire listen` would hear, or why there is nothing."""
    offers = list(survey(kind))
    for offer in offers:
        if offer.devices:
            return f"by {offer.backend.name}: {', '.join(device.name for device in offer.devices)}"
    return "; ".join(offer.problem for offer in offers)


def _absent(loaded: Loaded, here: set[str]) -> list[tuple[str, str]]:
    """The models that are configured, and not here."""
    names = [model.name for model in loaded.config.model if model.name not in here]
    absent = [(f"model.{name}", "is configured, but no such model is installed") for name in names]
    with suppress(ConfigError):  # which is told as a refusal
        stray = find_stray_aliases(loaded.config)
        absent += [(f"alias {alias}", problem) for alias, problem in stray.items()]
    return absent


def _refusals(loaded: Loaded) -> list[tuple[str, str]]:
    """What else would keep a server from starting. A certificate that is yet to be made is not made here."""
    server = loaded.config.server
    checks: list[tuple[str, Callable[[], object]]] = [
        ("aliases", lambda: read_aliases(loaded.config)),
        ("listeners", lambda: check_listeners(loaded.config.listener)),
        ("certificate", lambda: find_credentials(server) if server.tls_cert or server.tls_key else None),
    ]
    refusals = []
    for what, check in checks:
        try:
            check()
        except ConfigError as error:
            refusals.append((what, error.message))
    return refusals


def _default(loaded: Loaded) -> tuple[str, str]:
    """The model that serves who names none, and why; or an empty name and what is wrong."""
    try:
        return flags.default_model(loaded.config), flags.describe_model(loaded.config)
    except SaywireError as error:
        return "", error.message


def _turns(loaded: Loaded, trials: list[Trial]) -> str:
    """What ends them, and how to get better."""
    folder = next((trial.entry.turns for trial in trials if trial.entry.turns), None)
    if folder is None:
        if loaded.config.models.turns == "none":
            return "end by silence, for models.turns is none"
        missing = ", ".join(find_missing(TURN_MODULES))
        how = f"a model needs {missing}: {TURN_INSTALL}" if missing else f"`saywire models pull {LISTED}`"
        return f"end by silence; {how}"
    try:
        probe(folder)
    except EngineFailed as error:
        return error.message
    return f"end as {folder.name} finds"


def _ports(loaded: Loaded) -> list[tuple[str, str]]:
    server = loaded.config.server
    ports = [("port", server.host, server.port)]
    for listener in loaded.config.listener:
        ports.append((f"port of {listener.wire}", listener.host or server.host, listener.port))
    return [(what, _try_port(host, port)) for what, host, port in ports]


def _try_port(host: str, port: int) -> str:
    try:
        listen(host, port).close()
    except ConfigError as error:
        return error.message
    return f"{host} port {port} is free"


def _print_rows(console: Console, title: str, rows: Sequence[tuple[str, ...]]) -> None:
    table = Table.grid(padding=(0, 2))
    for row in rows:
        table.add_row("", *map(Text, row))
    console.print(Text(title, "bold"))
    console.print(table, "")
