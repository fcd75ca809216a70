"""Keys, checked before anything else sees the request. Pure ASGI.

A key may come as ``Authorization: Bearer``, as ``api-key`` (Azure's clients) or ``x-api-key``, as the query
``api_key`` or ``api-key``, or, since a browser cannot set headers on a websocket, as the subprotocol
``openai-insecure-api-key.<key>``. How a websocket is refused is for its wire to say.
No keys configured: everybody may.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from ..errors import NotAllowed
from . import problems
from .borrowed import OPEN_PAGES

OPEN_PATHS = frozenset({"/", "/health", "/docs", "/docs/oauth2-redirect", "/openapi.json"})
"""What a load balancer and a person with a browser may see without a key: nothing that hears audio."""
OPEN_PREFIXES = ("/static-offline-docs/", "/web/")

KEY_SUBPROTOCOL = "openai-insecure-api-key."
KEY_HEADERS = ("api-key", "x-api-key")
KEY_QUERIES = ("api_key", "api-key")

RefuseWebsocket = Callable[[Scope, Receive, Send, NotAllowed], Awaitable[None]]


class Auth:
    """ASGI middleware."""

    def __init__(
        self,
        app: ASGIApp,
        keys: Sequence[str],
        refuse_websocket: RefuseWebsocket,
        open_paths: Collection[str] = OPEN_PATHS,
    ) -> None:
        self._app = app
        self._open_paths = open_paths
        self._refuse_websocket = refuse_websocket
        self._keys = tuple(key.encode() for key in keys)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or not self._keys or self._is_open(scope):
            return await self._app(scope, receive, send)
        offered = list(_keys_in(scope))
        if any(self._knows(key) for key in offered):
            return await self._app(scope, receive, send)
        if offered:
            error = NotAllowed("Incorrect API key provided.", code="invalid_api_key")
        else:
            error = NotAllowed(
                "Missing bearer or basic authentication in header: send 'Authorization: Bearer <key>'."
            )
        if scope["type"] == "websocket":
            await self._refuse_websocket(scope, receive, send, error)
        else:
            await problems.respond(error)(scope, receive, send)

    def _is_open(self, scope: Scope) -> bool:
        path: str = scope["path"]
        named = path in self._open_paths or path in OPEN_PAGES or path.startswith(OPEN_PREFIXES)
        return scope["type"] == "http" and named

    def _knows(self, key: str) -> bool:
        offered = key.encode()
        # Every key is compared, and each in constant time, so that the time tells nothing.
        return any([hmac.compare_digest(offered, known) for known in self._keys])


def _keys_in(scope: Scope) -> Iterator[str]:
    headers = Headers(scope=scope)
    kind, _, key = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and key.strip():
        yield key.strip()
    for name in KEY_HEADERS:
        if name in headers:
            yield headers[name]
    query = parse_qs(scope["query_string"].decode("latin-1"))
    for name in KEY_QUERIES:
        yield from query.get(name, ())
    for name in scope.get("subprotocols", ()):
        if name.startswith(KEY_SUBPROTOCOL):
            yield name.removeprefix(KEY_SUBPROTOCOL)
