"""A name for every HTTP request, in ``x-request-id`` as OpenAI has it and in the log of its session.

The SDKs show it with their errors, so that whoever asks why can be told. Pure ASGI.
"""

from __future__ import annotations

import secrets

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER = "x-request-id"


class RequestNames:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        name = secrets.token_hex(4)
        scope.setdefault("state", {})["request"] = name

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = f"req_{name}"
            await send(message)

        await self._app(scope, receive, send_named)


def name_of(request: Request) -> str:
    """As the log has it."""
    return str(request.scope["state"]["request"])


def show_name(request: Request, answer: Response) -> None:
    answer.headers[HEADER] = f"req_{name_of(request)}"
