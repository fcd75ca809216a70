"""What pages of other sites may do here: read answers over HTTP (CORS), open websockets. Pure ASGI.

A browser says with ``Origin`` whose page asks. It hides answers over HTTP from pages of other sites unless
we name them, but lets any page open a websocket and send a form; who wants neither sets
``server.check_origin``. Programs send no Origin and are not asked. Sources: Fetch standard, RFC 6454.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from ..errors import ConfigError, SaywireError
from .problems import Forbidden

ANY = "*"
SHOWN = ("location", "retry-after", "x-request-id")
"""Headers that a page may read beside those it always may."""

_ORIGIN = re.compile(r"\*|null|[a-z][a-z0-9+.-]*://[^/\s?#@]+")

Refuse = Callable[[Scope, Receive, Send, SaywireError], Awaitable[None]]


def check_origins(origins: Sequence[str]) -> None:
    """Raises ConfigError for what no browser would send."""
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise ConfigError(
                f"server.allowed_origins has '{origin}'; write it as browsers do, in lower case and without "
                "a path, as in https://example.com or http://localhost:3000; or * for all"
            )


def share(app: ASGIApp, origins: Sequence[str]) -> ASGIApp:
    """The application with CORS for these origins."""
    return CORSMiddleware(
        app,
        allow_origins=tuple(origins),
        allow_methods=("*",),
        allow_headers=("*",),
        allow_private_network=True,
        expose_headers=SHOWN,
    )


class OriginCheck:
    """ASGI middleware: refuses what pages of other origins than these and our own ask for."""

    def __init__(self, app: ASGIApp, origins: Sequence[str], refuse: Refuse) -> None:
        self._app = app
        self._origins = frozenset(origins)
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            headers = Headers(scope=scope)
            origin = headers.get("origin")
            if origin is not None and not self._allows(origin, headers.get("host", "")):
                error = Forbidden(f"pages of {origin[:200]} may not use this server (server.allowed_origins)")
                return await self._refuse(scope, receive, send, error)
        await self._app(scope, receive, send)

    def _allows(self, origin: str, host: str) -> bool:
        # Behind a proxy that ends TLS we do not know our own scheme.
        return bool(self._origins & {ANY, origin}) or origin.partition("://")[2] == host.lower()
