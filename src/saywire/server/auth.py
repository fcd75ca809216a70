"""Keys, checked before anything else sees the request. Pure ASGI.

A key may come as ``Authorization: Bearer``, as ``api-key`` (Azure's clients) or ``x-api-key``, as the query
``api_key``, or, since a browser cannot set headers on a websocket, as the subprotocol
``openai-insecure-api-key.<key>``. A websocket is accepted, told, and closed with 3000, which a browser can
read and an HTTP status it cannot; this is also what api.openai.com does (captured 2026-09-18).
No keys configured: everybody may.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Sequence
from urllib.parse import parse_qs

import msgspec
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from ..errors import NotAllowed
from . import problems

OPEN_PATHS = frozenset({"/", "/health", "/docs", "/docs/oauth2-redirect", "/openapi.json"})
"""What a load balancer and a person with a browser may see without a key: nothing that hears audio."""
OPEN_PREFIXES = ("/static-offline-docs/", "/web/")

SPOKEN = ("realtime",)
"""Subprotocols that are echoed when offered. Never one that carries a key."""
KEY_SUBPROTOCOL = "openai-insecure-api-key."
KEY_HEADERS = ("api-key", "x-api-key")
REFUSED = 3000
"""Close code of a refused websocket, as OpenAI has it; its SDKs do not retry on it."""


def choose_subprotocol(offered: Sequence[str]) -> str | None:
    return next((name for name in offered if name in SPOKEN), None)


class Auth:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, keys: Sequence[str]) -> None:
        self._app = app
        self._keys = tuple(key.encode() for key in keys)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or not self._keys or _is_open(scope):
            return await self._app(scope, receive, send)
        offered = list(_keys_in(scope))
        if any(self._knows(key) for key in offered):
            return await self._app(scope, receive, send)
        if offered:
            error = NotAllowed("Incorrect API key provided.", code="invalid_api_key")
        else:
            error = NotAllowed("Missing API key: send it as 'Authorization: Bearer <key>'.")
        if scope["type"] == "websocket":
            await _refuse_websocket(scope, receive, send, error)
        else:
            await problems.respond(error)(scope, receive, send)

    def _knows(self, key: str) -> bool:
        offered = key.encode()
        # Every key is compared, and each in constant time, so that the time tells nothing.
        return any([hmac.compare_digest(offered, known) for known in self._keys])


def _is_open(scope: Scope) -> bool:
    path: str = scope["path"]
    return scope["type"] == "http" and (path in OPEN_PATHS or path.startswith(OPEN_PREFIXES))


def _keys_in(scope: Scope) -> Iterator[str]:
    headers = Headers(scope=scope)
    kind, _, key = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and key.strip():
        yield key.strip()
    for name in KEY_HEADERS:
        if name in headers:
            yield headers[name]
    yield from parse_qs(scope["query_string"].decode("latin-1")).get("api_key", ())
    for name in scope.get("subprotocols", ()):
        if name.startswith(KEY_SUBPROTOCOL):
            yield name.removeprefix(KEY_SUBPROTOCOL)


async def _refuse_websocket(scope: Scope, receive: Receive, send: Send, error: NotAllowed) -> None:
    await receive()  # websocket.connect
    await send({"type": "websocket.accept", "subprotocol": choose_subprotocol(scope["subprotocols"])})
    shape = {"type": "error", "event_id": "event_refused"}
    frame = msgspec.json.encode(shape | msgspec.json.decode(problems.body(error)))
    await send({"type": "websocket.send", "text": frame.decode()})
    reason = ".".join(["invalid_request_error"] + [error.code] * (error.code not in problems.UNCODED))
    await send({"type": "websocket.close", "code": REFUSED, "reason": reason})
