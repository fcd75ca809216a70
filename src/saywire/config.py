"""The server's settings, as data: what there is, what it is without being set, and in which limits.

``settings.py`` reads them from files, the environment and flags.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Literal

import msgspec

from .types import Turns


@dataclass(frozen=True, slots=True)
class ServerConfig:
    host: str = "127.0.0.1"
    port: int = 8000
    """0 takes a free one."""
    api_keys: tuple[str, ...] = field(default=(), repr=False)
    """Empty: everybody who can reach the port may use it."""
    open_metrics: bool = False
    """Whether /metrics may be read without a key."""
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
    max_shares: int = 100
    """Speakers whose captions others may read along at a time."""
    max_viewers: int = 200
    """Who reads along with one of them."""
    share_grace_seconds: float = 300.0
    """How long a share goes on while nobody speaks into it."""
    allowed_origins: tuple[str, ...] = ()
    """Sites whose pages may read answers over HTTP (CORS), as in https://example.com; * for all."""
    check_origin: bool = False
    """Refuse whatever pages of other sites ask for, websockets too, which browsers let them open."""
    audio_hosts: tuple[str, ...] = ()
    """Hosts from which audio may be fetched that a request only names by its address."""
    vocabularies: str | None = None
    """The SQLite file of hotwords that clients store; none: in the user's data folder."""
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
    "vllm-follow",
    "vllm-omni",
    "vllm-omni-follow",
    "vllm-captioner",
    "dashscope-asr",
    "dashscope-omni",
    "dashscope-captioner",
    "dashscope-native",
    "dashscope-native-stream",
    "dashscope-native-captioner",
    "openai-realtime",
    "azure-realtime",
    "saywire",
    "vllm-realtime",
    "dashscope-realtime",
    "dashscope-task",
    "funasr",
    "funasr-realtime",
]
"""How a remote engine's server is spoken to; ``engines/remote/dialects.py`` has what each means."""


@dataclass(frozen=True, slots=True)
class RemoteConfig:
    """An engine that is somebody else's server."""

    name: str
    """What sessions ask for; letters, digits, dots, hyphens, underscores."""
    url: str
    """http or https, up to what the dialect adds: https://api.openai.com/v1; ws and wss mean the same."""
    model: str
    """What the server calls the model; of FunASR's runtime, the mode: 2pass, online or offline."""
    dialect: DialectName = "openai"
    api_key_env: str = ""
    """The environment variable that holds the key; empty: the server wants none."""
    languages: tuple[str, ...] = ()
    """ISO 639-1 codes that sessions may ask for; empty: any."""
    timeout: float = 30.0
    """Seconds for one window, tries again included; over a websocket, from an utterance's end on."""
    retries: int = 2
    """After the first try, where another may help."""
    requests: int = 8
    """At a time, of one worker; over a websocket, connections."""
    window: float = 30.0
    """Seconds of audio in one request, or in one turn over a websocket, at most."""
    partials: float = 0.0
    """Seconds from partial to partial, each of which is a request; 0: finals only. Over a websocket they come
    by themselves."""
    ca: str = ""
    """A PEM file of the authorities to trust for https, instead of those that are commonly trusted."""
    instruction: str = ""
    """Instead of the dialect's, for chat models that take one."""


@dataclass(frozen=True, slots=True)
class TwoPassConfig:
    """A model made of two: what one says is shown while somebody speaks, what the other says is kept."""

    name: str
    """What sessions ask for, as for a remote engine."""
    partials: str
    """Name of the model that is shown: shipped, installed, remote or made of others."""
    finals: str


@dataclass(frozen=True, slots=True)
class FallbackConfig:
    """A model made of several: where one fails, the next takes over in the same utterance."""

    name: str
    models: tuple[str, ...]
    """Their names, the preferred first."""


@dataclass(frozen=True, slots=True)
class ListenerConfig:
    """A port of its own for one wire, at any path, for clients whose path or port cannot be changed."""

    name: str
    wire: str
    """One of ``protocols.NAMES``: funasr, ptt, dashscope, ..."""
    port: int
    """0 takes a free one."""
    host: str = ""
    """Empty: the server's own."""


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """How an installed model is run. Which of this means something to it, its family tells (FAMILIES)."""

    name: str
    """As it is installed."""
    mode: Literal["streaming", "sliced"] = "streaming"
    """streaming: each chunk is heard in the light of those before; sliced: each by itself."""
    chunk_size: tuple[int, ...] = (0, 10, 5)
    """Of a step, in frames of 60 ms: audio from before it that is heard again, its own audio, which is how
    often there is new text, and audio behind it that is looked at."""
    encoder_chunk_look_back: int = 4
    """Chunks before its own that the encoder attends to; -1: all."""
    decoder_chunk_look_back: int = 1
    """As many for the decoder."""
    threads: int = 1
    """Of one step, in each worker."""
    device: Literal["cpu", "cuda"] = "cpu"

    @property
    def changed(self) -> frozenset[str]:
        """The fields that are not as usual."""
        usual = ModelConfig(self.name)
        return frozenset(f.name for f in fields(self) if getattr(self, f.name) != getattr(usual, f.name))


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
    rules: tuple[str, ...] = ()
    """Rule files that rewrite the finals of a model, as tiny=/path/to/digits.fst; those in the folder of an
    installed model need no setting."""
    punctuation: tuple[str, ...] = ()
    """Models that put marks into the finals of others, as zipformer-zh-en=punctuation-zh-en."""
    turns: str = "auto"
    """The model that finds out in a pause whether somebody has finished: auto takes an installed one, if any;
    none asks nobody."""


@dataclass(frozen=True, slots=True)
class WebRtcConfig:
    addresses: tuple[str, ...] = ()
    """Of this machine, that calls may come to; none: all but loopback's."""
    announce: str | None = None
    """The IPv4 address that browsers are told in place of those: one that leads here through a NAT."""
    ports: str = ""
    """UDP ports that calls may come to, as 50000-50100, one for each call and address; empty: any."""
    ice_servers: tuple[str, ...] = field(default=(), repr=False)
    """One stun:HOST:PORT and one turn:USER:PASSWORD@HOST:PORT at most, for calls through firewalls."""


@dataclass(frozen=True, slots=True)
class Config:
    server: ServerConfig = field(default_factory=ServerConfig)
    engine: EngineConfig = field(default_factory=EngineConfig)
    turns: Turns = field(default_factory=Turns)
    models: ModelsConfig = field(default_factory=ModelsConfig)
    webrtc: WebRtcConfig = field(default_factory=WebRtcConfig)
    remote: tuple[RemoteConfig, ...] = ()
    two_pass: tuple[TwoPassConfig, ...] = ()
    fallback: tuple[FallbackConfig, ...] = ()
    listener: tuple[ListenerConfig, ...] = ()
    model: tuple[ModelConfig, ...] = ()


RANGES: Mapping[str, msgspec.Meta] = {
    "server.host": msgspec.Meta(min_length=1),
    "server.port": msgspec.Meta(ge=0, le=65_535),
    "server.max_sessions": msgspec.Meta(ge=1, le=1_000_000),
    "server.max_session_seconds": msgspec.Meta(ge=0, le=30 * 86_400),
    "server.max_message_bytes": msgspec.Meta(ge=64 * 2**10, le=2**30),
    "server.max_upload_bytes": msgspec.Meta(ge=2**10, le=2**40),
    "server.max_audio_seconds": msgspec.Meta(ge=1, le=7 * 86_400),
    "server.drain_seconds": msgspec.Meta(ge=0, le=3_600),
    "server.max_shares": msgspec.Meta(ge=0, le=100_000),
    "server.max_viewers": msgspec.Meta(ge=1, le=100_000),
    "server.share_grace_seconds": msgspec.Meta(ge=0, le=86_400),
    "engine.model": msgspec.Meta(min_length=1),
    "engine.workers": msgspec.Meta(ge=0, le=1_024),
    "engine.max_models": msgspec.Meta(ge=0, le=1_000),
    "engine.unload_after": msgspec.Meta(ge=0, le=86_400),
    "engine.max_backlog": msgspec.Meta(ge=1, le=86_400),
    "model.chunk_size": msgspec.Meta(min_length=3, max_length=3),
    "model.encoder_chunk_look_back": msgspec.Meta(ge=-1, le=100),
    "model.decoder_chunk_look_back": msgspec.Meta(ge=-1, le=100),
    "model.threads": msgspec.Meta(ge=1, le=256),
    "models.huggingface": msgspec.Meta(pattern="^https?://."),
    "models.modelscope": msgspec.Meta(pattern="^https?://."),
    "models.github": msgspec.Meta(pattern="^https?://."),
    "models.turns": msgspec.Meta(min_length=1),
    "webrtc.ports": msgspec.Meta(pattern=r"^([1-9]\d{0,4}(-[1-9]\d{0,4})?)?$"),
    "remote.url": msgspec.Meta(pattern=r"^(http|ws)s?://[^\s/@?#]+(/[^\s@#]*)?$"),
    "remote.api_key_env": msgspec.Meta(pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$"),
    "remote.model": msgspec.Meta(min_length=1),
    "remote.timeout": msgspec.Meta(ge=0.1, le=600),
    "remote.retries": msgspec.Meta(ge=0, le=10),
    "remote.requests": msgspec.Meta(ge=1, le=256),
    "remote.window": msgspec.Meta(ge=5, le=120),
    "remote.partials": msgspec.Meta(ge=0, le=60),
    "listener.wire": msgspec.Meta(min_length=1),
    "listener.port": msgspec.Meta(ge=0, le=65_535),
    "two_pass.partials": msgspec.Meta(min_length=1),
    "two_pass.finals": msgspec.Meta(min_length=1),
    "fallback.models": msgspec.Meta(min_length=2),
    "turns.threshold": msgspec.Meta(gt=0, lt=1),
    "turns.padding": msgspec.Meta(ge=0, le=5),
    "turns.shortest": msgspec.Meta(ge=0, le=5),
    "turns.silence": msgspec.Meta(ge=0.05, le=60),
    "turns.certainty": msgspec.Meta(gt=0, lt=1),
    "turns.patience": msgspec.Meta(ge=0.05, le=60),
    "turns.longest": msgspec.Meta(ge=1, le=3_600),
}
"""Every number has limits, so that inf and nan are refused too."""
