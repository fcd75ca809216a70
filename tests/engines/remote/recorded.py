"""What a real vLLM was asked by saywire, and what it answered, byte for byte: `make record-peers` makes it.

Each case is one window asked in one dialect. The words are a random model's (``tests/peers/models``).
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

from engines.recordings import read
from engines.remote.peer import Asked
from saywire.config import RemoteConfig
from saywire.engines.recognizer import Recognition, Window
from saywire.engines.remote.client import Client
from saywire.engines.remote.dialects import DIALECTS, Dialect
from saywire.engines.remote.recognizer import Remote
from saywire.engines.remote.server import Server
from saywire.types import Options

DATA = Path(__file__).parent / "data" / "vllm-0.32.0"
ASKED = DATA / "asked.json"
EXTRA = {"vllm-chat-stream": replace(DIALECTS["vllm-chat"], stream=True)}
"""Forms of answers that no dialect asks for, but that are read all the same."""


@dataclass(frozen=True)
class Case:
    served: str
    """The model that is served: whisper or qwen."""
    dialect: str
    options: Options = field(default_factory=Options)
    prefix: str = ""
    model: str = ""
    """What is asked for, if it is not what is served."""

    @property
    def row(self) -> Dialect:
        return (DIALECTS | EXTRA)[self.dialect]

    @property
    def window(self) -> Window:
        sample = "sphinx_time" if self.served == "whisper" else "san-qi-ling"
        return Window(read(sample), self.options, prefix=self.prefix)

    def ask(self, url: str) -> Recognition:
        """As an engine asks, once. Raises EngineFailed."""
        remote = RemoteConfig("peer", url, self.model or self.served, retries=0, timeout=120.0)
        client = Client(remote, self.row, Server(remote, "", self.row.path))
        with contextlib.closing(Remote(remote, self.row, client)) as recognizer:
            (found,) = recognizer.recognize([self.window])
            return found


ENGLISH, CHINESE = Options(language="en"), Options(language="zh")
TOLD = Options(prompt="ships and the sea", hotwords=("Ünïcödé", "tea"))
CASES = {
    "whisper": Case("whisper", "vllm", ENGLISH),
    "whisper-stream": Case("whisper", "vllm-stream", ENGLISH),
    "whisper-verbose": Case("whisper", "vllm-verbose", ENGLISH),
    "whisper-language-unknown": Case("whisper", "vllm", Options(language="tlh")),
    "whisper-model-unknown": Case("whisper", "vllm", model="large"),
    "whisper-cannot-chat": Case("whisper", "vllm-chat"),
    "qwen": Case("qwen", "vllm"),
    "qwen-stream": Case("qwen", "vllm-stream"),
    "qwen-no-verbose": Case("qwen", "vllm-verbose"),
    "qwen-chat": Case("qwen", "vllm-chat"),
    "qwen-chat-told": Case("qwen", "vllm-chat", TOLD),
    "qwen-chat-stream": Case("qwen", "vllm-chat-stream"),
    "qwen-chat-data-url": Case("qwen", "dashscope-asr"),
    "qwen-omni": Case("qwen", "vllm-omni"),
    "qwen-captioner": Case("qwen", "vllm-captioner"),
    "qwen-follow": Case("qwen", "vllm-follow"),
    "qwen-follow-language": Case("qwen", "vllm-follow", CHINESE),
    "qwen-follow-prefix": Case("qwen", "vllm-follow", ENGLISH, " ku fa ro"),
    "qwen-omni-follow": Case("qwen", "vllm-omni-follow", prefix=" ku fa ro"),
    "qwen-follow-own-template": Case("qwen", "vllm-follow", ENGLISH, " ku fa ro"),
    "qwen-stream-server-killed": Case("qwen", "vllm-stream"),
    "qwen-stream-engine-killed": Case("qwen", "vllm-stream"),
}


def answered(name: str) -> bytes:
    """Head and body."""
    return (DATA / f"{name}.http").read_bytes()


def body(name: str) -> bytes:
    """Of an answer, without its chunks."""
    ((_, content),) = read_answers(answered(name))
    return content


def tell(asked: Asked) -> dict[str, Any]:
    """A request without what is different every time; of its audio, the checksum."""
    if asked.headers["content-type"] == "application/json":
        return {"line": asked.line, "body": digest(json.loads(asked.body))}
    fields = [[name, digest(value)] for name, value in asked.fields]
    return {"line": asked.line, "fields": fields}


def digest(value: Any) -> Any:
    """The same, checksums in place of audio."""
    match value:
        case bytes():
            return f"sha256 {hash_of(value)}" if value.startswith(b"RIFF") else value.decode()
        case str() if len(value) > 5000:
            return f"sha256 {hash_of(value.encode())}"
        case dict():
            return {name: digest(item) for name, item in value.items()}
        case list():
            return [digest(item) for item in value]
    return value


def hash_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class _Bytes(io.BytesIO):
    """Bytes that stay open: several answers follow one another."""

    def makefile(self, mode: str) -> _Bytes:
        return self

    def close(self) -> None:
        pass


def read_answers(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Status and body of each whole answer on a connection."""
    source = _Bytes(data)
    while source.tell() < len(data):
        response = HTTPResponse(source)  # type: ignore[arg-type]
        response.begin()
        yield response.status, response.read()
