"""The models that the configuration adds: remote servers, and models made of others.

One for each ``[remote.NAME]``, ``[two_pass.NAME]`` and ``[fallback.NAME]``, called NAME. A model may be made
of shipped, installed and configured ones, and loads them all in its own workers. ``auto`` never chooses one:
audio leaves the machine only for who asks by name, or by ``engine.model``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from ..config import Config, FallbackConfig, RemoteConfig, TwoPassConfig
from ..errors import ConfigError, EngineFailed, UnknownModel
from . import ENGINES, Entry, find
from .demands import find_common

Join = TwoPassConfig | FallbackConfig
Find = Callable[[str, Sequence[Entry]], Entry]
"""The entry of that name. Raises UnknownModel, which says what to do."""


def with_configured(config: Config, entries: Sequence[Entry], find: Find = find) -> list[Entry]:
    """The entries and those of the configuration, which take the place of installed models of their names.

    A model made of one that is not there has a ``problem``, for what is not there now may be installed later.
    Raises ConfigError for a name that is taken, and for a model that is made of itself.
    """
    tables = list_tables(config)
    _check_names(tables)
    taken = {name for _, name in tables}
    known = [entry for entry in entries if entry.name not in taken]
    known += map(make_remote_entry, config.remote)
    return Joiner((*config.two_pass, *config.fallback), known, find).join_all()


def list_tables(config: Config) -> list[tuple[str, str]]:
    """Section and name of each model that the configuration adds."""
    sections = (("remote", config.remote), ("two_pass", config.two_pass), ("fallback", config.fallback))
    return [(section, one.name) for section, tables in sections for one in tables]


def _check_names(tables: Sequence[tuple[str, str]]) -> None:
    shipped, counts = {entry.name for entry in ENGINES}, Counter(name for _, name in tables)
    for section, name in tables:
        if name in shipped:
            raise ConfigError(
                f"{section}.{name} has the name of an engine that ships with the product; choose another"
            )
        if counts[name] > 1:
            both = " and ".join(f"{other}.{name}" for other, same in tables if same == name)
            raise ConfigError(f"{both} have one name; choose another for one of them")


def make_remote_entry(remote: RemoteConfig) -> Entry:
    return Entry(
        remote.name,
        "remote:load",
        ("httpx", "websockets"),
        "pip install saywire",
        remote.languages,
        f"{remote.model}, spoken to in the dialect '{remote.dialect}'",
        remote=remote,
    )


class Joiner:
    """Makes the entries of models made of others, those first that others are made of."""

    def __init__(self, joins: Sequence[Join], entries: Sequence[Entry], find: Find) -> None:
        self._joins = {join.name: join for join in joins}
        self._entries = [*entries, *(Entry(name, "", (), "", (), "") for name in self._joins)]
        self._find = find
        self._made: dict[str, Entry] = {}
        self._making: list[str] = []

    def join_all(self) -> list[Entry]:
        """All entries. Raises ConfigError for a ring."""
        return [self._look_up(entry.name) for entry in self._entries]

    def _look_up(self, name: str) -> Entry:
        if name in self._joins and name not in self._made:
            self._made[name] = self._join(name)
        return self._made.get(name) or self._find(name, self._entries)

    def _join(self, name: str) -> Entry:
        self._check_ring(name)
        self._making.append(name)
        join = self._joins[name]
        try:
            return make_joined_entry(join, tuple(map(self._look_up, list_parts(join))))
        except (UnknownModel, EngineFailed) as error:
            problem = f"{name_section(join)}.{name} cannot be used: {error.message}"
            return Entry(name, "", (), "", (), summarise(join), problem=problem)
        finally:
            self._making.pop()

    def _check_ring(self, name: str) -> None:
        if name in self._making:
            ring = " of ".join(f"'{each}'" for each in (*self._making[self._making.index(name) :], name))
            raise ConfigError(f"a model cannot be made of itself; the configuration makes {ring}")


def make_joined_entry(join: Join, parts: tuple[Entry, ...]) -> Entry:
    """Raises EngineFailed for parts that have no language in common."""
    languages: tuple[str, ...] = ()
    for part in parts:
        languages = find_common(languages, part.languages)
    return Entry(
        join.name,
        f"{name_section(join)}:load",
        (),
        "pip install saywire",
        languages,
        summarise(join),
        shares=all(part.shares for part in parts),
        parts=parts,
        redundant=isinstance(join, FallbackConfig),
    )


def list_parts(join: Join) -> tuple[str, ...]:
    return (join.partials, join.finals) if isinstance(join, TwoPassConfig) else join.models


def name_section(join: Join) -> str:
    return "two_pass" if isinstance(join, TwoPassConfig) else "fallback"


def summarise(join: Join) -> str:
    if isinstance(join, TwoPassConfig):
        return f"partials by {join.partials}, finals by {join.finals}"
    return f"{join.models[0]}; where it fails, {', then '.join(join.models[1:])}"
