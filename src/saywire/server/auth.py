"""Keys, checked before anything else sees the request. Pure ASGI.

Where a key may be, ``offered.py`` knows. A client secret (``secrets.py``) opens sessions and nothing else.
How a websocket is refused is for its wire to say. No keys configured: everybody may.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Collection, Sequence

from starlette.types import ASGIApp, Receive, Scope, Send

from ..errors import NotAllowed
from . import problems
from .borrowed import OPEN_PAGES
from .captions import HOME as CAPTIONS
from .offered import offered_keys, path_in
from .pages import PREFIX, TEST, WATCH
from .secrets import Secrets

OPEN_PATHS = frozenset({"/", TEST, WATCH, "/health", "/docs", "/docs/oauth2-redirect", "/openapi.json"})
"""What a load balancer and a person with a browser may see without a key: nothing that hears audio."""
OPEN_PREFIXES = ("/static-offline-docs/", PREFIX, f"{CAPTIONS}/")
"""Whoever reads captions along has a token for them instead."""

RefuseWebsocket = Callable[[Scope, Receive, Send, NotAllowed], Awaitable[None]]


class Auth:
    """ASGI middleware."""

    def __init__(
        self,
        app: ASGIApp,
        keys: Sequence[str],
        refuse_websocket: RefuseWebsocket,
        secrets: Secrets,
        secret_paths: Collection[str],
        open_paths: Collection[str] = OPEN_PATHS,
    ) -> None:
        """``secret_paths`` are those that a client secret opens."""
        self._app = app
        self._secrets = secrets
        self._secret_paths = frozenset(secret_paths)
        self._open_paths = open_paths
        self._refuse_websocket = refuse_websocket
        self._keys = tuple(key.encode() for key in keys)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or not self._keys or self._is_open(scope):
            return await self._app(scope, receive, send)
        offered = list(offered_keys(scope))
        if any(self._knows(key) or self._opens(key, scope) for key in offered):
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

    def _opens(self, key: str, scope: Scope) -> bool:
        return path_in(scope) in self._secret_paths and self._secrets.find(key) is not None
