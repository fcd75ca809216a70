"""Where each kind of realtime server is, and which wire it speaks, as data. A known wire elsewhere: a row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from ....config import RemoteConfig
from ....types import Options
from ..dialects import DASHSCOPE_ROOTS
from ..server import KeyHeader
from . import funasr, funasr_realtime, items, task, vllm
from .wire import Wire


@dataclass(frozen=True, slots=True)
class Dialect:
    path: str
    """Under the server's URL."""
    make: Callable[[RemoteConfig, Options], Wire]
    """The wire of one connection."""
    rate: int = 16_000
    """Of the audio, Hz."""
    words: bool = False
    """Whether finals have times of words."""
    hotwords: bool = False
    """Whether the wire has a place for prompts and hotwords."""
    query: Literal["none", "intent", "model"] = "none"
    """What the address says besides: that this is for transcription, or of which model."""
    key_header: KeyHeader = "authorization"
    roots: tuple[str, ...] = ()
    """Other paths that the server is known by, which stand in the URL instead of nothing."""
    models: tuple[str, ...] = ()
    """What ``remote.model`` may be; empty: any."""


# openai-python 3.52.0; a ``model`` in the address would make a conversation of the session.
_OPENAI = Dialect("/realtime", items.make_openai, items.OPENAI_RATE, hotwords=True, query="intent")

DIALECTS: Mapping[str, Dialect] = {
    "openai-realtime": _OPENAI,
    # Azure OpenAI v1, as openai-node builds its address: https://NAME.openai.azure.com/openai/v1
    "azure-realtime": replace(_OPENAI, key_header="api-key"),
    "saywire": replace(_OPENAI, make=items.make_saywire, rate=items.RATE, words=True),
    "vllm-realtime": Dialect("/realtime", vllm.make_vllm),
    "dashscope-realtime": Dialect(
        "/api-ws/v1/realtime",
        items.make_dashscope,
        items.RATE,
        hotwords=True,
        query="model",
        roots=DASHSCOPE_ROOTS,
    ),
    "dashscope-task": Dialect(
        "/api-ws/v1/inference", task.make_task, task.RATE, words=True, roots=DASHSCOPE_ROOTS
    ),
    "funasr": Dialect("", funasr.make_funasr, funasr.RATE, words=True, hotwords=True, models=funasr.MODES),
    "funasr-realtime": Dialect("", funasr_realtime.make_realtime, funasr_realtime.RATE, hotwords=True),
}
"""By the name that the configuration has for them (``config.DialectName``)."""
