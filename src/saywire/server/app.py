"""The routes. Everything else is asked for by name.

Websocket wires are listed in ``protocols.PROTOCOLS``; what HTTP offers beside them is OpenAI's REST
(``transcriptions.py``, models below), ``/health`` for load balancers, ``/metrics`` for Prometheus, ``/`` for
people (``pages.py``) and programs, and ``/docs``, which needs no network. Every error has OpenAI's shape
(``problems.py``).
"""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from .. import __version__
from ..config import Config, ServerConfig
from ..errors import BadRequest, SaywireError, UnknownModel
from ..protocols import PROTOCOLS
from ..protocols.openai.realtime import OpenAiRealtime
from ..runtime.base import Host, Model
from ..runtime.places import find_data
from ..types import Options
from . import problems
from .auth import OPEN_PATHS, Auth
from .borrowed import add_borrowed
from .calls import PATHS as CALL_PATHS
from .calls import WIRE, Calls, add_calls
from .captions import add_captions
from .client_secrets import add_client_secrets
from .connection import House
from .customization import add_customization
from .dashscope import add_dashscope
from .hearing import Hearing
from .limits import Admission
from .logs import logger
from .metrics import Metrics
from .origins import OriginCheck, check_origins, share
from .pages import INDEX, add_pages, answer_page, read_pages
from .peer import is_installed
from .requests import RequestNames, show_name
from .secrets import Secrets
from .shares import Shares
from .transcriptions import add_transcriptions
from .uploads import add_uploads
from .vocabularies import Vocabularies
from .wires import Door, Wires, steady_clock

METRICS = "/metrics"
DESCRIPTION = "Self-hosted real-time speech recognition."


def create_app(
    host: Host, config: Config, wires: Wires = PROTOCOLS, admission: Admission | None = None
) -> FastAPI:
    """The server as an ASGI application. The host must be running, and outlives the application."""
    admission = admission or Admission(config.server.max_sessions)
    app: FastAPI = FastAPIOffline(
        title="saywire", version=__version__, description=DESCRIPTION, redoc_url=None
    )
    options = default_options(config)
    metrics = Metrics(host)
    shares = app.state.shares = open_shares(config.server)
    metrics.watch_shares(shares)
    house = House(host, admission, steady_clock(), config.server.drain_seconds, metrics.watch, shares=shares)
    vocabularies = open_vocabularies(config.server, os.environ)
    secrets = Secrets(house.now)
    door = Door(wires, house, options, config.server.max_session_seconds or None, vocabularies.find, secrets)
    add_guards(app, config.server, door, secrets)
    add_errors(app)
    calls = app.state.calls = Calls(door, secrets, config.webrtc)
    for path, wire in wires.items():
        app.router.add_websocket_route(path, calls.let_in if wire is OpenAiRealtime else door.let_in)
    if wires.get(WIRE) is OpenAiRealtime:
        add_calls(app, calls)
        add_client_secrets(app, secrets, options)
    add_captions(app, shares)
    add_transcriptions(app, house, config, options)
    add_customization(app, vocabularies)
    hearing = Hearing(house, config.server)
    add_uploads(app, hearing, options, config.server.max_upload_bytes)
    add_dashscope(app, hearing, config.server, options)
    add_models(app, host)
    add_health(app, host, admission)
    add_metrics(app, metrics)
    add_borrowed(app, host, config, admission)
    add_front_page(app, host, wires)
    app.router.default = not_found
    return app


def add_guards(app: FastAPI, settings: ServerConfig, door: Door, secrets: Secrets) -> None:
    """The last is the first that a request meets."""
    check_origins(settings.allowed_origins)
    app.add_middleware(
        Auth,
        keys=settings.api_keys,
        refuse_websocket=door.refuse,
        secrets=secrets,
        secret_paths=(*CALL_PATHS, *(path for path, wire in PROTOCOLS.items() if wire is OpenAiRealtime)),
        open_paths=OPEN_PATHS | {METRICS} if settings.open_metrics else OPEN_PATHS,
    )
    if settings.check_origin:
        app.add_middleware(OriginCheck, origins=settings.allowed_origins, refuse=door.refuse)
    if settings.allowed_origins:
        app.add_middleware(share, origins=settings.allowed_origins)
    app.add_middleware(RequestNames)


def open_vocabularies(settings: ServerConfig, environment: Mapping[str, str]) -> Vocabularies:
    named = settings.vocabularies
    return Vocabularies(Path(named) if named else find_data(environment) / "vocabularies.sqlite3")


def open_shares(settings: ServerConfig) -> Shares:
    return Shares(settings.max_shares, settings.max_viewers, settings.share_grace_seconds)


def default_options(config: Config) -> Options:
    """What a session gets whose client names nothing."""
    model = None if config.engine.model == "auto" else config.engine.model
    return Options(model=model, language=config.engine.language, turns=config.turns)


def add_errors(app: FastAPI) -> None:
    async def refuse(request: Request, error: Exception) -> Response:
        assert isinstance(error, SaywireError)
        return problems.respond(error)

    async def translate(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        answer = problems.respond(BadRequest(str(error.detail)))
        answer.status_code = error.status_code
        answer.headers.update(error.headers or {})
        return answer

    async def forget(request: Request, error: Exception) -> Response:
        return Response(status_code=problems.CLIENT_GONE)

    async def apologize(request: Request, error: Exception) -> Response:
        answer = problems.respond(SaywireError("The server failed; the reason is in its log."))
        show_name(request, answer)  # it does not pass the middleware any more
        return answer

    app.add_exception_handler(SaywireError, refuse)
    app.add_exception_handler(HTTPException, translate)
    app.add_exception_handler(ClientDisconnect, forget)
    app.add_exception_handler(Exception, apologize)


async def not_found(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        client = (scope.get("client") or "?")[0]
        logger.info("refused wire=%r client=%s cause=not_found", scope["path"], client)
    error = BadRequest(f"there is nothing at {scope['path']}; see / for what is here", code="not_found")
    answer = problems.respond(error)
    answer.status_code = 404
    await answer(scope, receive, send)


def add_get(
    app: FastAPI, path: str, endpoint: Callable[..., Awaitable[Response]], tag: str, summary: str
) -> None:
    """HEAD, too, which the framework leaves out."""
    app.add_api_route(path, endpoint, methods=["GET"], tags=[tag], summary=summary)
    app.add_api_route(path, endpoint, methods=["HEAD"], include_in_schema=False)


def add_models(app: FastAPI, host: Host) -> None:
    started = int(time.time())

    def describe(model: Model, name: str) -> dict[str, object]:
        return {
            "id": name,
            "object": "model",
            "created": started,
            "owned_by": "saywire",
            "root": model.name,  # as vLLM has it: what an alias stands for
            "languages": list(model.languages),
            "description": model.summary,
            "loaded": model.info is not None,
            "sessions": model.sessions,
            "memory_bytes": model.memory,
        }

    def list_known() -> Iterator[dict[str, object]]:
        """The models, then the aliases: clients look the name up here that they will ask for."""
        models = {model.name: model for model in host.models()}
        meant = {alias: models[name] for alias, name in host.aliases().items() if name in models}
        return (describe(model, name) for name, model in (models | meant).items())

    async def list_models() -> JSONResponse:
        return JSONResponse({"object": "list", "data": list(list_known())})

    async def describe_model(name: str) -> JSONResponse:
        try:
            return JSONResponse(describe(host.find_model(name), name))
        except UnknownModel as e:
            absent = f"The model '{name}' does not exist; see /v1/models for what is here."
            raise UnknownModel(absent, param="model") from e

    add_get(app, "/v1/models", list_models, "models", "List models")
    add_get(app, "/v1/models/{name:path}", describe_model, "models", "Describe a model")


def add_health(app: FastAPI, host: Host, admission: Admission) -> None:
    async def health() -> JSONResponse:
        loaded = [model.name for model in host.models() if model.info]
        status = "draining" if admission.closed else "ok"
        body = {"status": status, "version": __version__, "models": loaded, "sessions": admission.sessions}
        return JSONResponse(body, 503 if admission.closed else 200)

    add_get(app, "/health", health, "server", "Whether new sessions are welcome")


def add_metrics(app: FastAPI, metrics: Metrics) -> None:
    async def show(request: Request) -> Response:
        """Prometheus's text format, or OpenMetrics for who asks for it."""
        text, kind = metrics.render(request.headers.get("accept", ""))
        return Response(text, headers={"content-type": kind})

    add_get(app, METRICS, show, "server", "Metrics for Prometheus")


def add_front_page(app: FastAPI, host: Host, wires: Wires) -> None:
    pages = read_pages()

    @app.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
    async def front_page(request: Request) -> Response:
        """The live-caption page for people; for programs what is here."""
        if "text/html" in request.headers.get("accept", ""):
            answer = answer_page(pages[INDEX], request)
        else:
            models = [model.name for model in host.models()]
            info = {"name": "saywire", "version": __version__, "models": models, "wires": list(wires)}
            answer = JSONResponse(info | {"webrtc": is_installed(), "docs": "/docs", "health": "/health"})
        answer.headers["vary"] = "accept"
        return answer

    add_pages(app, pages)
