"""The server's settings: one typed Config, made of TOML, then environment, then flags.

Every value has one name, ``section.field``; the environment spells it ``SAYWIRE_SECTION_FIELD``, with
commas between the items of a list, and ``SAYWIRE_CONFIG`` names the TOML file. Remote engines have a table
each, ``[remote.NAME]``, and three-part names: ``remote.NAME.field``, ``SAYWIRE_REMOTE_NAME_FIELD``. Without a
file named,
``./saywire.toml`` is read, or else ``$XDG_CONFIG_HOME/saywire/config.toml``, when there is one.
An unknown name is a ConfigError at start-up that names the nearest; so is a value of the wrong type
or out of range, wherever it stands, even where a later source replaces it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, cast, get_args, get_origin, get_type_hints

import msgspec

from .errors import ConfigError
from .types import Turns


@dataclass(frozen=True, slots=True)
class ServerConfig:
    host: str = "127.0.0.1"
    port: int = 8000
    """0 takes a free one."""
    api_keys: tuple[str, ...] = field(default=(), repr=False)
    """Empty: everybody who can reach the port may use it."""
    max_sessions: int = 1000
    max_session_seconds: float = 0.0
    """How long one may last, on wires that can tell their clients; 0: any time."""
    max_message_bytes: int = 24 * 2**20
    """Of one websocket message."""
    max_upload_bytes: int = 25 * 2**20
    max_audio_seconds: float = 4 * 3600.0
    """Of one uploaded file, decoded."""
    drain_seconds: float = 10.0
    """How long open sessions may take to finish at shutdown."""
    allowed_origins: tuple[str, ...] = ()
    """Sites whose pages may read answers over HTTP (CORS), as in https://example.com; * for all."""
    check_origin: bool = False
    """Refuse whatever pages of other sites ask for, websockets too, which browsers let them open."""
    tls_cert: str | None = None
    """A PEM file: the server's certificate, then those that signed it. With it all is https and wss."""
    tls_key: str | None = None
    """Its private key in PEM; none: it is in the certificate's file."""
    tls_self_signed: bool = False
    """Make a certificate for this machine, keep it in the user's data folder, and serve with it."""
    tls_names: tuple[str, ...] = ()
    """What else that certificate is to be for: host names and addresses clients use."""

    @property
    def tls(self) -> bool:
        return self.tls_self_signed or self.tls_cert is not None


@dataclass(frozen=True, slots=True)
class EngineConfig:
    model: str = "auto"
    """What a session gets that names no model."""
    language: str | None = None
    """What a session gets that names no language."""
    workers: int = 0
    """Worker processes for each engine; 0: as many as cores, at most 4."""
    start: Literal["auto", "fork", "spawn"] = "auto"
    """How workers are started: fork, spawn, or auto (fork where there is one)."""
    preload: tuple[str, ...] = ()
    """Models to load before the server says it is ready, besides the default one."""
    aliases: tuple[str, ...] = ()
    """Other names for models, as whisper-1=sphinx; they go before the names that mean the default one."""
    max_models: int = 0
    """Models loaded at a time: another one takes the place of that unused for longest; 0: any number."""
    unload_after: float = 0.0
    """Seconds after which a model that nobody uses is unloaded; 0: never."""
    max_backlog: float = 600.0
    """Seconds of audio a session may be ahead of its engine before it is refused more."""


DialectName = Literal[
    "openai",
    "openai-stream",
    "openai-verbose",
    "openai-chat",
    "azure",
    "vllm",
    "vllm-stream",
    "vllm-verbose",
    "vllm-chat",
    "vllm-omni",
    "vllm-captioner",
    "dashscope-asr",
    "dashscope-omni",
    "dashscope-captioner",
]
"""How a remote engine's server is spoken to; ``engines/remote/dialects.py`` has what each means."""


@dataclass(frozen=True, slots=True)
class RemoteConfig:
    """An engine that is somebody else's server."""

    name: str
    """What sessions ask for; letters, digits, dots, hyphens, underscores."""
    url: str = ""
    """http or https, up to what the dialect adds: https://api.openai.com/v1"""
    model: str = ""
    """What the server calls the model."""
    dialect: DialectName = "openai"
    api_key_env: str = ""
    """The environment variable that holds the key; empty: the server wants none."""
    languages: tuple[str, ...] = ()
    """ISO 639-1 codes that sessions may ask for; empty: any."""
    timeout: float = 30.0
    """Seconds for one window, tries again included."""
    retries: int = 2
    """After the first try, where another may help."""
    requests: int = 8
    """At a time, of one worker."""
    window: float = 30.0
    """Seconds of audio in one request, at most."""
    partials: float = 0.0
    """Seconds from partial to partial, each of which is a request; 0: finals only."""
    ca: str = ""
    """A PEM file of the authorities to trust for https, instead of those that are commonly trusted."""
    instruction: str = ""
    """Instead of the dialect's, for chat models that take one."""


@dataclass(frozen=True, slots=True)
class ModelsConfig:
    folder: str | None = None
    """Where models are installed; none: ``saywire/models`` in the user's data folder."""
    sources: tuple[Literal["huggingface", "modelscope", "github"], ...] = (
        "huggingface",
        "modelscope",
        "github",
    )
    """The hubs to download from, the preferred first; one that is left out is never asked."""
    huggingface: str = "https://huggingface.co"
    """Address of the hub or of a mirror of it, as https://hf-mirror.com."""
    modelscope: str = "https://modelscope.cn"
    github: str = "https://github.com"


@dataclass(frozen=True, slots=True)
class Config:
    server: ServerConfig = field(default_factory=ServerConfig)
    engine: EngineConfig = field(default_factory=EngineConfig)
    turns: Turns = field(default_factory=Turns)
    models: ModelsConfig = field(default_factory=ModelsConfig)
    remote: tuple[RemoteConfig, ...] = ()


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
SECRETS = frozenset({"server.api_keys"})
REMOTE = "remote"
NAMES = re.compile(r"(?!auto$)[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
PRIVATE = {
    "remote.url": "http:// or https://, a host and a path, without name or password",
    "remote.api_key_env": "the name of an environment variable, not the key itself",
}
"""What is not shown when it is wrong, and what it should be."""

FIELDS: Mapping[str, Any] = {
    f"{section}.{name}": hint
    for section, holder in get_type_hints(Config).items()
    if is_dataclass(holder)
    for name, hint in get_type_hints(holder).items()
}
"""The type of every ``section.field``."""

REMOTE_FIELDS: Mapping[str, Any] = {
    name: hint for name, hint in get_type_hints(RemoteConfig).items() if name != "name"
}
"""The type of every field of a ``[remote.NAME]``."""

RANGES: Mapping[str, msgspec.Meta] = {
    "server.host": msgspec.Meta(min_length=1),
    "server.port": msgspec.Meta(ge=0, le=65_535),
    "server.max_sessions": msgspec.Meta(ge=1, le=1_000_000),
    "server.max_session_seconds": msgspec.Meta(ge=0, le=30 * 86_400),
    "server.max_message_bytes": msgspec.Meta(ge=64 * 2**10, le=2**30),
    "server.max_upload_bytes": msgspec.Meta(ge=2**10, le=2**40),
    "server.max_audio_seconds": msgspec.Meta(ge=1, le=7 * 86_400),
    "server.drain_seconds": msgspec.Meta(ge=0, le=3_600),
    "engine.model": msgspec.Meta(min_length=1),
    "engine.workers": msgspec.Meta(ge=0, le=1_024),
    "engine.max_models": msgspec.Meta(ge=0, le=1_000),
    "engine.unload_after": msgspec.Meta(ge=0, le=86_400),
    "engine.max_backlog": msgspec.Meta(ge=1, le=86_400),
    "models.huggingface": msgspec.Meta(pattern="^https?://."),
    "models.modelscope": msgspec.Meta(pattern="^https?://."),
    "models.github": msgspec.Meta(pattern="^https?://."),
    "remote.url": msgspec.Meta(pattern=r"^https?://[^\s/@?#]+(/[^\s@#]*)?$"),
    "remote.api_key_env": msgspec.Meta(pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$"),
    "remote.model": msgspec.Meta(min_length=1),
    "remote.timeout": msgspec.Meta(ge=0.1, le=600),
    "remote.retries": msgspec.Meta(ge=0, le=10),
    "remote.requests": msgspec.Meta(ge=1, le=256),
    "remote.window": msgspec.Meta(ge=5, le=120),
    "remote.partials": msgspec.Meta(ge=0, le=60),
    "turns.threshold": msgspec.Meta(gt=0, lt=1),
    "turns.padding": msgspec.Meta(ge=0, le=5),
    "turns.shortest": msgspec.Meta(ge=0, le=5),
    "turns.silence": msgspec.Meta(ge=0.05, le=60),
    "turns.longest": msgspec.Meta(ge=1, le=3_600),
}
"""Every number has limits, so that inf and nan are refused too."""


@dataclass(frozen=True, slots=True)
class _Given:
    """One value as it stood in a file, the environment or a flag."""

    name: str
    value: object
    source: str


def load(path: Path | None, environment: Mapping[str, str], flags: Mapping[str, object]) -> Loaded:
    """The configuration that holds now. ``flags`` maps ``section.field`` to a value or its text.

    Raises ConfigError for a file that is missing or not TOML, an unknown name, a wrong value.
    """
    file = path or _find_file(environment)
    values: dict[str, dict[str, object]] = {}
    sources = dict.fromkeys(FIELDS, "default")
    remotes: dict[str, dict[str, object]] = {}
    for given in (*_read_file(file), *_read_environment(environment), *_read_flags(flags)):
        section, _, name = given.name.rpartition(".")
        tables, label = (remotes, section.partition(".")[2]) if "." in section else (values, section)
        tables.setdefault(label, {})[name] = _convert(given)
        sources[given.name] = given.source
    for label in remotes:
        sources = {f"{REMOTE}.{label}.{name}": "default" for name in REMOTE_FIELDS} | sources
    config = msgspec.convert(values, Config)
    remote = tuple(_make_remote(label, table) for label, table in remotes.items())
    return Loaded(replace(config, remote=remote), sources)


def _make_remote(label: str, table: Mapping[str, object]) -> RemoteConfig:
    for name in ("url", "model"):
        if not table.get(name):
            raise ConfigError(f"{REMOTE}.{label} has no {name}; every remote engine needs a url and a model")
    return msgspec.convert({"name": label, **table}, RemoteConfig)


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
        if section not in {f.name for f in fields(Config)}:
            raise _unknown("section", section, (f.name for f in fields(Config)), where)
        if not isinstance(table, dict):
            raise ConfigError(f"{section} is not a table ({where}); write [{section}] above its fields")
        for name, value in table.items():
            if section == REMOTE:
                yield from _read_remote(name, value, f"{where}.{name}")
            else:
                yield _Given(f"{section}.{name}", value, f"{where}.{name}")


def _read_remote(label: str, table: object, where: str) -> Iterator[_Given]:
    if not isinstance(table, dict):
        raise ConfigError(f"{REMOTE}.{label} is not a table ({where}); write [{REMOTE}.NAME] above it")
    for name, value in table.items():
        yield _Given(f"{REMOTE}.{label}.{name}", value, f"{where}.{name}")


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
        if not variable.startswith(PREFIX) or variable == FILE_VARIABLE:
            continue
        name = names.get(variable) or _name_remote(variable)
        if name is None:
            raise _unknown("variable", variable, (*names, FILE_VARIABLE), f"environment {variable}")
        yield _Given(name, text, f"environment {variable}")


def _name_remote(variable: str) -> str | None:
    """The setting of a variable like SAYWIRE_REMOTE_GPU_URL, whose NAME is in lower case then."""
    for name in sorted(REMOTE_FIELDS, key=len, reverse=True):
        if found := re.fullmatch(f"{PREFIX}{REMOTE.upper()}_(.+)_{name.upper()}", variable):
            return f"{REMOTE}.{found[1].lower()}.{name}"
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
    if section != REMOTE and given.name in FIELDS:
        return given.name, FIELDS[given.name]
    if section == REMOTE and name in REMOTE_FIELDS and NAMES.fullmatch(label):
        return f"{REMOTE}.{name}", REMOTE_FIELDS[name]
    if section == REMOTE and name in REMOTE_FIELDS:
        what = f"a remote engine cannot be called '{label}' ({given.source})"
        raise ConfigError(f"{what}; use letters, digits, dots, hyphens and underscores, and not auto")
    known = [f"{REMOTE}.{label}.{n}" for n in REMOTE_FIELDS] if section == REMOTE else FIELDS
    raise _unknown("setting", given.name, known, given.source)


def _split(text: str, hint: object) -> object:
    """Read the text of a list or of nothing; msgspec reads numbers and truth itself."""
    if get_origin(hint) is tuple:
        return [item.strip() for item in text.split(",") if item.strip()]
    return None if not text and type(None) in get_args(hint) else text


def _describe(name: str, hint: Any) -> str:
    limits = RANGES.get(name)
    if name in PRIVATE:
        return PRIVATE[name]
    if get_origin(hint) is Literal:
        return "one of " + ", ".join(get_args(hint))
    if get_origin(hint) is tuple:
        (item, _) = get_args(hint)
        return f"a list of {', '.join(get_args(item))}" if get_origin(item) is Literal else "a list of texts"
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


def _unknown(kind: str, name: str, known: Iterable[str], source: str) -> ConfigError:
    names = sorted(known)
    near = get_close_matches(name, names, 1)
    hint = f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(names)}"
    return ConfigError(f"unknown {kind} '{name}' ({source}); {hint}")


def _read(config: Config, name: str) -> object:
    section, _, rest = name.partition(".")
    label, _, field_name = rest.rpartition(".")
    if section == REMOTE:
        return cast(object, next(getattr(r, field_name) for r in config.remote if r.name == label))
    return cast(object, getattr(getattr(config, section), field_name))


def _show(name: str, value: object) -> str:
    if name in SECRETS:
        return "(hidden)" if value else "none"
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    return "none" if value is None else repr(value)
