"""The engines that the configuration adds: one for each ``[remote.NAME]``, called NAME.

``auto`` never chooses one: audio leaves the machine only for who asks by name, or by ``engine.model``.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..config import Config, RemoteConfig
from ..errors import ConfigError
from . import ENGINES, Entry


def with_remotes(config: Config, entries: Sequence[Entry]) -> list[Entry]:
    """The entries and those of the configuration, which take the place of installed models of their names.

    Raises ConfigError for the name of an engine that ships with the product.
    """
    remotes = {remote.name: make_remote_entry(remote) for remote in config.remote}
    for entry in ENGINES:
        if entry.name in remotes:
            raise ConfigError(
                f"remote.{entry.name} has the name of an engine that ships with the product; choose another"
            )
    return [entry for entry in entries if entry.name not in remotes] + list(remotes.values())


def make_remote_entry(remote: RemoteConfig) -> Entry:
    return Entry(
        remote.name,
        "remote:load",
        ("httpx",),
        "pip install saywire",
        remote.languages,
        f"{remote.model}, spoken to in the dialect '{remote.dialect}'",
        remote=remote,
    )
