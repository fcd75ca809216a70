"""What clients of other servers look at over HTTP, at the paths and in the fields that they know.

Two of the services whose wires are spoken here say over HTTP how they are: the push-to-talk service on FunASR
(version 2.1.0) and the open Qwen3-ASR realtime server (version 1.0.0). Source: their READMEs, 2026-11-21.
Their paths are also those of this server's own pages, so they are answered there only where a port belongs to
their wire (``listeners.py``), and at paths below the wire's own everywhere.
"""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse

from .. import __version__
from ..config import Config
from ..protocols import NAMES
from ..runtime.base import Host
from ..types import RATE
from .limits import Admission

PTT, QWEN = NAMES["ptt"], NAMES["dashscope"]
PTT_TEST = f"{PTT}/test"
"""A page to try the wire with; the live-caption page speaks another, which is not at a port of this one."""
PAGES: Mapping[str, Mapping[str, str]] = {
    "ptt": {"/": f"{PTT}/about", "/health": f"{PTT}/health", "/stats": f"{PTT}/stats", "/test": PTT_TEST},
    "dashscope": {
        "/": f"{QWEN}/about",
        "/health": f"{QWEN}/health",
        "/stats": f"{QWEN}/stats",
        "/metrics": f"{QWEN}/metrics",
    },
}
"""By wire: where a page that its clients know is in this application."""

OPEN_PAGES = frozenset({PTT_TEST, f"{PTT}/about", f"{PTT}/health", f"{QWEN}/about", f"{QWEN}/health"})
"""Those that need no key, as ``/`` and ``/health`` need none."""


def add_borrowed(app: FastAPI, host: Host, config: Config, admission: Admission) -> None:
    status = _Status(host, config, admission)
    pages: Mapping[str, Callable[[Request], Mapping[str, object]]] = {
        f"{PTT}/about": status.introduce_ptt,
        f"{PTT}/health": status.tell_ptt_health,
        f"{PTT}/stats": status.count_ptt,
        f"{QWEN}/about": status.introduce_qwen,
        f"{QWEN}/health": status.tell_qwen_health,
        f"{QWEN}/stats": status.describe_qwen,
        f"{QWEN}/metrics": status.count_qwen,
    }
    for path, tell in pages.items():
        app.add_api_route(path, _answer(tell), methods=["GET", "HEAD"], include_in_schema=False)
    page = (Path(__file__).parent / "ptt.html").read_text("utf-8")

    @app.api_route(PTT_TEST, methods=["GET", "HEAD"], include_in_schema=False)
    async def try_ptt() -> HTMLResponse:
        return HTMLResponse(page)


def _answer(
    tell: Callable[[Request], Mapping[str, object]],
) -> Callable[[Request], Awaitable[JSONResponse]]:
    async def answer(request: Request) -> JSONResponse:
        return JSONResponse(dict(tell(request)))

    return answer


class _Status:
    def __init__(self, host: Host, config: Config, admission: Admission) -> None:
        self._host = host
        self._config = config
        self._admission = admission
        self._began = time.time()

    @property
    def _loaded(self) -> bool:
        return any(model.info for model in self._host.models())

    @property
    def _model(self) -> str:
        """What is loaded; before anything is, what will be."""
        loaded = (model.name for model in self._host.models() if model.info)
        return next(loaded, self._config.engine.model)

    @property
    def _device(self) -> str:
        """Where that runs; a remote one's is not known."""
        run = (model.device for model in self._config.model if model.name == self._model)
        return next(run, "cpu")

    @property
    def _connections(self) -> dict[str, object]:
        most = self._config.server.max_sessions
        return {"active_connections": self._admission.sessions, "max_connections": most}

    def introduce_ptt(self, request: Request) -> Mapping[str, object]:
        return {
            "service": "语音实时转录接口",
            "version": __version__,
            "mode": "PTT (Push-to-Talk)",
            "model": self._model,
            "device": self._device,
            "endpoint": _websocket(request, PTT),
            "status": "running",
        }

    def tell_ptt_health(self, request: Request) -> Mapping[str, object]:
        return {
            "status": "draining" if self._admission.closed else "healthy",
            "model_loaded": self._loaded,
            **self._connections,
            "cpu_usage_percent": measure_load(),
            "memory_usage_percent": measure_memory(),
            "timestamp": _now(),
        }

    def count_ptt(self, request: Request) -> Mapping[str, object]:
        return {
            **self._connections,
            "model": self._model,
            "device": self._device,
            "sample_rate": RATE,
        }

    def introduce_qwen(self, request: Request) -> Mapping[str, object]:
        return {
            "service": "saywire",
            "version": __version__,
            "websocket_endpoint": _websocket(request, QWEN),
            "docs": "/docs",
        }

    def tell_qwen_health(self, request: Request) -> Mapping[str, object]:
        status = "draining" if self._admission.closed else "healthy"
        return {"status": status, "model_loaded": self._loaded, "timestamp": _now()}

    def describe_qwen(self, request: Request) -> Mapping[str, object]:
        turns = self._config.turns
        return {
            "service": "saywire",
            "version": __version__,
            "model": {"path": self._model, "loaded": self._loaded},
            "configuration": {
                "vad_enabled": turns.voice,
                "vad_threshold": turns.threshold,
                "vad_silence_duration_ms": round(turns.silence * 1000),
            },
            "metrics": self.count_qwen(request),
        }

    def count_qwen(self, request: Request) -> Mapping[str, object]:
        began = datetime.fromtimestamp(self._began, UTC).isoformat()
        return {
            "server": {"uptime_seconds": round(time.time() - self._began, 3), "start_time": began},
            "connections": {"active": self._admission.sessions},
            "sessions": {"active": sum(model.sessions for model in self._host.models())},
        }


def measure_load() -> float | None:
    """Load of the last minute, in per cent of all cores; None where the system does not say."""
    try:
        return round(min(os.getloadavg()[0] / (os.cpu_count() or 1), 1.0) * 100, 1)
    except (AttributeError, OSError):
        return None


def measure_memory() -> float | None:
    """Memory in use, in per cent; None where the system does not say."""
    try:
        with open("/proc/meminfo") as file:
            lines = dict(line.split(":") for line in file)
        total, free = (int(lines[name].split()[0]) for name in ("MemTotal", "MemAvailable"))
    except (OSError, KeyError, ValueError):
        return None
    return round((total - free) / total * 100, 1)


def _websocket(request: Request, path: str) -> str:
    url = request.url
    return str(url.replace(scheme="wss" if url.scheme == "https" else "ws", path=path, query=""))


def _now() -> str:
    return datetime.now(UTC).isoformat()
