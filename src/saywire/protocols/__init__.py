"""One file, or one package, for each wire that clients speak; PROTOCOLS is the only list of them."""

from __future__ import annotations

from collections.abc import Callable

from .base import Adapter, Multiplex, Surroundings
from .chunks import Chunks
from .dashscope.realtime import DashScopeRealtime
from .dashscope.task import DashScopeTasks
from .funasr.either import FunAsr
from .openai.realtime import OpenAiRealtime
from .ptt import Ptt

PROTOCOLS: dict[str, Callable[[Surroundings], Adapter | Multiplex]] = {
    "/v1/realtime": OpenAiRealtime,
    "/openai/v1/realtime": OpenAiRealtime,  # where the SDKs' Azure clients look for it
    "/openai/realtime": OpenAiRealtime,  # likewise, with ?api-version=...&deployment=...
    "/api-ws/v1/realtime": DashScopeRealtime,
    "/api-ws/v1/inference": DashScopeTasks,
    "/api-ws/v1/inference/": DashScopeTasks,
    "/": FunAsr,  # where the clients of its runtime look
    "/ws/asr": Ptt,
    "/ws/chunks": Chunks,
}
"""The adapter of each websocket path."""

NAMES: dict[str, str] = {
    "openai": "/v1/realtime",
    "dashscope": "/api-ws/v1/realtime",
    "dashscope-tasks": "/api-ws/v1/inference",
    "funasr": "/",
    "ptt": "/ws/asr",
    "chunks": "/ws/chunks",
}
"""What the configuration calls a wire that is to have a port of its own."""
