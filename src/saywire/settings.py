"""Where the settings come from: a Config made of TOML, then environment, then flags.

Every value has one name, ``section.field``; the environment spells it ``SAYWIRE_SECTION_FIELD``, with
commas between the items of a list, or as the file does, in brackets, and ``SAYWIRE_CONFIG`` names the TOML
file. Remote engines, models made of others and models that are not run as usual have a table each,
``[remote.NAME]``, and three-part names: ``remote.NAME.field``, ``SAYWIRE_REMOTE_NAME_FIELD``. Without a file
named, ``./saywire.toml`` is read, or else ``$XDG_CONFIG_HOME/saywire/config.toml``, when there is one.
An unknown name is a ConfigError at start-up that names the nearest; so is a value of the wrong type
or out of range, wherever it stands, even where a later source replaces it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, cast, get_args, get_origin, get_type_hints

import msgspec

from .config import RANGES, Config
from .errors import ConfigError


@dataclass(frozen=True, slots=True)
class Setting:
    """One value of the effective configuration, as a person may read it."""

    name: str
    value: str
    """Masked where it is a secret."""
    source: str


@dataclass(frozen=True, slots=True)
class Loaded:
    config: Config
    sources: Mapping[str, str]
    """Of every ``section.field``: ``default``, ``file PATH:section.field``, ``environment NAME``
    or ``flag``."""

    @property
    def settings(self) -> tuple[Setting, ...]:
        shown = {name: _show(name, _read(self.config, name)) for name in self.sources}
        return tuple(Setting(name, shown[name], source) for name, source in self.sources.items())


PREFIX = "SAYWIRE_"
FILE_VARIABLE = PREFIX + "CONFIG"
OTHERS = frozenset({FILE_VARIABLE, PREFIX + "API_KEY", PREFIX + "URL"})
"""Variables that are no settings; the last two are for clients, which may run in the same environment."""
SECRETS = frozenset({"server.api_keys", "webrtc.ice_servers"})
NAMES = re.compile(r"(?!auto$)[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
PRIVATE = {
    "remote.url": "http:// or https:// (or ws, wss), a host and a path, without name or password",
    "remote.api_key_env": "the name of an environment variable, not the key itself",
}
"""What is not shown when it is wrong, and what it should be."""

_SECTIONS: Mapping[str, Any] = get_type_hints(Config)

FIELDS: Mapping[str, Any] = {
    f"{section}.{name}": hint
    for section, holder in _SECTIONS.items()
    if is_dataclass(holder)
    for name, hint in get_type_hints(holder).items()
}
"""The type of every ``section.field``."""

NAMED: Mapping[str, type] = {
    section: get_args(holder)[0] for section, holder in _SECTIONS.items() if get_origin(holder) is tuple
}
"""What is in a ``[section.NAME]``, of which there may be any number."""

NAMED_FIELDS: Mapping[str, Mapping[str, Any]] = {
    section: {name: hint for name, hint in get_type_hints(holder).items() if name != "name"}
    for section, holder in NAMED.items()
}
"""The type of every field of those."""


@dataclass(frozen=True, slots=True)
class _Given:
    """One value as it stood in a file, the environment or a flag."""

    name: str
    value: object
    source: str


def read_pairs(setting: str, pairs: Iterable[str], form: str, example: str) -> list[tuple[str, str]]:
    """What stands before and behind the first ``=`` of each. Raises ConfigError."""
    found = []
    for pair in pairs:
        name, _, value = pair.partition("=")
        if not (name and value):
            raise ConfigError(f"{setting} has '{pair}'; expected {form}, as in {example}")
        found.append((name, value))
    return found


def load(path: Path | None, environment: Mapping[str, str], flags: Mapping[str, object]) -> Loaded:
    """The configuration that holds now. ``flags`` maps ``section.field`` to a value or its text.

    Raises ConfigError for a file that is missing or not TOML, an unknown name, a wrong value.
    """
    file = path or _find_file(environment)
    tables: dict[str, dict[str, object]] = {}
    found: dict[str, str] = {}
    for given in (*_read_file(file), *_read_environment(environment), *_read_flags(flags)):
        table, _, name = given.name.rpartition(".")
        tables.setdefault(table, {})[name] = _convert(given)
        found[given.name] = given.source
    known = [*FIELDS, *(f"{table}.{name}" for table in tables for name in _list_fields(table))]
    return Loaded(_make(tables), dict.fromkeys(known, "default") | found)


def _list_fields(table: str) -> Iterable[str]:
    """Of a ``section.NAME``; nothing for a plain section."""
    section, named, _ = table.partition(".")
    return NAMED_FIELDS[section] if named else ()


def _make(tables: Mapping[str, Mapping[str, object]]) -> Config:
    given: dict[str, object] = {}
    named: dict[str, list[object]] = {}
    for table, values in tables.items():
        section, dot, label = table.partition(".")
        if dot:
            _check_required(section, label, values)
            named.setdefault(section, []).append({"name": label, **values})
        else:
            given[section] = values
    return msgspec.convert(given | named, Config)


def _check_required(section: str, label: str, values: Mapping[str, object]) -> None:
    required = [f.name for f in fields(NAMED[section]) if f.default is MISSING and f.name != "name"]
    for name in required:
        if name not in values:
            needed = " and ".join(required)
            raise ConfigError(f"{section}.{label} has no {name}; every [{section}.NAME] needs {needed}")


def _find_file(environment: Mapping[str, str]) -> Path | None:
    if named := environment.get(FILE_VARIABLE):
        return Path(named)
    home = Path(environment.get("XDG_CONFIG_HOME") or Path(environment.get("HOME") or ".") / ".config")
    usual = (Path("saywire.toml"), home / "saywire" / "config.toml")
    return next((file for file in usual if file.is_file()), None)


def _read_file(file: Path | None) -> Iterator[_Given]:
    if file is None:
        return
    for section, table in _parse_file(file).items():
        where = f"file {file}:{section}"
        if section not in _SECTIONS:
            kind, known = ("section", _SECTIONS) if isinstance(table, dict) else ("setting", FIELDS)
            raise _unknown(kind, section, known, where)
        if not isinstance(table, dict):
            raise ConfigError(f"{section} is not a table ({where}); write [{section}] above its fields")
        for name, value in table.items():
            if section in NAMED:
                yield from _read_named(section, name, value, f"{where}.{name}")
            else:
                yield _Given(f"{section}.{name}", value, f"{where}.{name}")


def _read_named(section: str, label: str, table: object, where: str) -> Iterator[_Given]:
    if not isinstance(table, dict):
        raise ConfigError(f"{section}.{label} is not a table ({where}); write [{section}.NAME] above it")
    for name, value in table.items():
        yield _Given(f"{section}.{label}.{name}", value, f"{where}.{name}")


def _parse_file(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as e:
        raise ConfigError(f"cannot read the configuration file {file}: {e.strerror}") from e
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise ConfigError(f"the configuration file {file} is not TOML: {e}") from e


def _read_environment(environment: Mapping[str, str]) -> Iterator[_Given]:
    names = {PREFIX + name.replace(".", "_").upper(): name for name in FIELDS}
    for variable, text in sorted(environment.items()):
        if not variable.startswith(PREFIX) or variable in OTHERS:
            continue
        name = names.get(variable) or _name_named(variable)
        if name is None:
            raise _unknown("variable", variable, (*names, FILE_VARIABLE), f"environment {variable}")
        yield _Given(name, text, f"environment {variable}")


def _name_named(variable: str) -> str | None:
    """The setting of a variable like SAYWIRE_REMOTE_GPU_URL, whose NAME is in lower case then."""
    for section, hints in NAMED_FIELDS.items():
        for name in sorted(hints, key=len, reverse=True):
            if found := re.fullmatch(f"{PREFIX}{section.upper()}_(.+)_{name.upper()}", variable):
                return f"{section}.{found[1].lower()}.{name}"
    return None


def _read_flags(flags: Mapping[str, object]) -> Iterator[_Given]:
    return (_Given(name, value, "flag") for name, value in flags.items())


def _convert(given: _Given) -> object:
    key, hint = _look_up(given)
    # Files are typed, so they are read strictly; the environment and flags have only text.
    text = isinstance(given.value, str) and not given.source.startswith("file ")
    value = _split(cast(str, given.value), hint) if text else given.value
    limited = Annotated[hint, RANGES[key]] if key in RANGES else hint
    try:
        return msgspec.convert(value, limited, strict=not text)
    except msgspec.ValidationError as e:
        # A key may have been put where an address or a variable's name belongs.
        shown = "not right" if key in PRIVATE else _show(key, given.value)
        raise ConfigError(f"{given.name} is {shown} ({given.source}); expected {_describe(key, hint)}") from e


def _look_up(given: _Given) -> tuple[str, Any]:
    """Of a setting its name in RANGES and its type. Raises ConfigError for what is none."""
    section, _, rest = given.name.partition(".")
    label, _, name = rest.rpartition(".")
    hints = NAMED_FIELDS.get(section)
    if hints is None:
        if given.name in FIELDS:
            return given.name, FIELDS[given.name]
        raise _unknown("setting", given.name, FIELDS, given.source)
    if name not in hints:
        raise _unknown("setting", given.name, (f"{section}.{label}.{n}" for n in hints), given.source)
    if not NAMES.fullmatch(label):
        what = f"a model of [{section}.NAME] cannot be called '{label}' ({given.source})"
        raise ConfigError(f"{what}; use letters, digits, dots, hyphens and underscores, and not auto")
    return f"{section}.{name}", hints[name]


def _split(text: str, hint: object) -> object:
    """Read the text of a list or of nothing; msgspec reads numbers and truth itself."""
    if get_origin(hint) is tuple:
        if text.startswith("["):
            return _read_array(text)
        return [item.strip() for item in text.split(",") if item.strip()]
    return None if not text and type(None) in get_args(hint) else text


def _read_array(text: str) -> object:
    """As a file's; what is none stays a text, which is no list."""
    try:
        return tomllib.loads(f"array = {text}")["array"]
    except tomllib.TOMLDecodeError:
        return text


def _describe(name: str, hint: Any) -> str:
    limits = RANGES.get(name)
    if name in PRIVATE:
        return PRIVATE[name]
    if get_origin(hint) is Literal:
        return "one of " + ", ".join(get_args(hint))
    if get_origin(hint) is tuple:
        return _describe_list(get_args(hint)[0], limits)
    if hint is bool:
        return "true or false"
    if hint not in (int, float) or limits is None:
        if limits and limits.pattern:
            return "an address that begins with http:// or https://"
        return "text that is not empty" if limits else "text"
    kind = "a whole number" if hint is int else "a number"
    if limits.gt is not None:
        return f"{kind} between {limits.gt} and {limits.lt}, both excluded"
    return f"{kind} from {limits.ge} to {limits.le}"


def _describe_list(item: Any, limits: msgspec.Meta | None) -> str:
    items = "whole numbers" if item is int else "texts"
    if get_origin(item) is Literal:
        items = ", ".join(get_args(item))
    if limits is None or not limits.min_length:
        return f"a list of {items}"
    exactly = limits.min_length == limits.max_length
    return f"a list of {items}, {limits.min_length}{'' if exactly else ' at least'}"


def _unknown(kind: str, name: str, known: Iterable[str], source: str) -> ConfigError:
    names = sorted(known)
    near = [known for known in names if known.endswith(f".{name}")] or get_close_matches(name, names, 1)
    hint = f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(names)}"
    return ConfigError(f"unknown {kind} '{name}' ({source}); {hint}")


def _read(config: Config, name: str) -> object:
    section, _, rest = name.partition(".")
    label, _, field_name = rest.rpartition(".")
    holder: object = getattr(config, section)
    if isinstance(holder, tuple):
        holder = next(one for one in holder if one.name == label)
    return cast(object, getattr(holder, field_name))


def _show(name: str, value: object) -> str:
    if name in SECRETS:
        return "(hidden)" if value else "none"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else repr(value)
