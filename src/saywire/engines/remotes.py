"""The engines that the configuration adds: one for each ``[remote.NAME]``, called NAME.

``auto`` never chooses one: audio leaves the machine only for who asks by name, or by ``engine.model``.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..config import Config, RemoteConfig
from ..errors import ConfigError
from . import ENGINES, Entry


def with_remotes(config: Config, entries: Sequence[Entry] = ENGINES) -> tuple[Entry, ...]:
    """The entries and those of the configuration, each once. Raises ConfigError when a name is taken."""
    added = [entry for entry in map(make_entry, config.remote) if entry not in entries]
    taken = {entry.name for entry in entries}
    for entry in added:
        if entry.name in taken:
            raise ConfigError(f"remote.{entry.name} has the name of an engine that is here; choose another")
    return (*entries, *added)


def make_entry(remote: RemoteConfig) -> Entry:
    return Entry(
        remote.name,
        "remote:load",
        ("httpx",),
        "pip install saywire",
        remote.languages,
        f"{remote.model}, spoken to in the dialect '{remote.dialect}'",
        remote=remote,
    )
