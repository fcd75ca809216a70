"""The server's settings: one typed Config, made of TOML, then environment, then flags.

Every value has one name, ``section.field``; the environment spells it ``SAYWIRE_SECTION_FIELD``.
An unknown name or a value of the wrong type is a ConfigError at start-up that names the nearest.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .types import Turns


@dataclass(frozen=True, slots=True)
class ServerConfig:
    host: str = "127.0.0.1"
    port: int = 8000
    """0 takes a free one."""
    api_keys: tuple[str, ...] = ()
    """Empty: everybody who can reach the port may use it."""
    max_sessions: int = 1000
    max_message_bytes: int = 24 * 2**20
    """Of one websocket message."""
    max_upload_bytes: int = 25 * 2**20
    max_audio_seconds: float = 4 * 3600.0
    """Of one uploaded file, decoded."""
    drain_seconds: float = 10.0
    """How long open sessions may take to finish at shutdown."""


@dataclass(frozen=True, slots=True)
class EngineConfig:
    model: str = "auto"
    """What a session gets that names no model."""
    language: str | None = None
    """What a session gets that names no language."""
    workers: int = 0
    """Worker processes for each engine; 0: as many as cores, at most 4."""
    start: str = "auto"
    """How workers are started: fork, spawn, or auto (fork where there is one)."""
    preload: tuple[str, ...] = ()
    """Models to load before the server says it is ready, besides the default one."""
    max_backlog: float = 600.0
    """Seconds of audio a session may be ahead of its engine before it is refused more."""


@dataclass(frozen=True, slots=True)
class Config:
    server: ServerConfig = field(default_factory=ServerConfig)
    engine: EngineConfig = field(default_factory=EngineConfig)
    turns: Turns = field(default_factory=Turns)
