"""``POST /v1/realtime/client_secrets``: short-lived keys for pages; ``secrets.py`` knows them.

Source: openai-openapi openapi.yaml 2026-08-21; openai-python 3.52.0, ``types/realtime/client_secret*``.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from fastapi import FastAPI, Request
from starlette.responses import Response

from ..errors import BadRequest
from ..protocols.openai.checks import within
from ..protocols.openai.preview import preview
from ..protocols.openai.session import Session
from ..types import Options
from .limits import limit_body
from .secrets import Secret, Secrets
from .wires import new_id

PATHS = ("/v1/realtime/client_secrets", "/openai/v1/realtime/client_secrets")
LARGEST = 2**18
SHORTEST, USUAL, LONGEST = 10, 600, 7_200
"""Seconds that a key is valid."""


class _ExpiresAfter(msgspec.Struct):
    anchor: Literal["created_at"] = "created_at"
    seconds: int = USUAL


class _Body(msgspec.Struct):
    expires_after: _ExpiresAfter | None = None
    session: msgspec.Raw = msgspec.Raw(b"{}")


class _Answer(msgspec.Struct):
    value: str
    expires_at: int
    session: Session


def add_client_secrets(app: FastAPI, secrets: Secrets, defaults: Options) -> None:
    async def make(request: Request) -> Response:
        """A key that a page may hold: it opens sessions for a while, which begin with the settings given."""
        body = _read(await limit_body(request, LARGEST).body())
        session = bytes(body.session).decode()
        session = "{}" if session == "null" else session
        shown = preview(new_id("sess"), session, defaults)
        return _respond(secrets.make(_seconds(body.expires_after), session), shown)

    for path in PATHS:
        app.add_api_route(
            path,
            make,
            methods=["POST"],
            tags=["realtime"],
            summary="Make a client secret",
            include_in_schema=path == PATHS[0],
        )


def _read(data: bytes) -> _Body:
    try:
        return msgspec.json.decode(data or b"{}", type=_Body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as e:
        raise BadRequest(f"We could not parse the JSON body of your request: {e}.") from e


def _seconds(asked: _ExpiresAfter | None) -> int:
    """Raises BadRequest."""
    seconds = asked.seconds if asked else USUAL
    within("expires_after.seconds", seconds, SHORTEST, LONGEST)
    return seconds


def _respond(secret: Secret, session: Session) -> Response:
    answer = _Answer(secret.value, secret.expires_at, session)
    headers = {"cache-control": "no-store"}
    return Response(msgspec.json.encode(answer), 200, headers, "application/json")
