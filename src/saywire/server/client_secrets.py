"""``POST /v1/realtime/client_secrets``: short-lived keys for pages; ``secrets.py`` knows them.

``/v1/realtime/transcription_sessions`` is what the beta had for it; clients of NVIDIA's servers ask it, too.
Source: openai-openapi openapi.yaml 2026-08-21; openai-python 3.52.0, ``types/realtime/client_secret*``.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from fastapi import FastAPI, Request
from starlette.responses import Response

from ..errors import BadRequest
from ..protocols.openai.checks import within
from ..protocols.openai.preview import preview, preview_flat
from ..protocols.openai.session import ClientSecret, FlatSession, Session
from ..types import Options
from .limits import limit_body
from .secrets import Secrets
from .wires import new_id

FLAT_PATH = "/v1/realtime/transcription_sessions"
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
        secret = secrets.make(_seconds(body.expires_after), session)
        return _respond(_Answer(secret.value, secret.expires_at, shown))

    async def make_flat(request: Request) -> Response:
        """The same as it was in the beta: the body is the session, and so is the answer."""
        data = await limit_body(request, LARGEST).body()
        session = data.decode(errors="replace") or "{}"
        shown = preview_flat(new_id("sess"), session, defaults)
        secret = secrets.make(USUAL, session)
        return _respond(
            msgspec.structs.replace(shown, client_secret=ClientSecret(secret.value, secret.expires_at))
        )

    app.add_api_route(FLAT_PATH, make_flat, methods=["POST"], include_in_schema=False)
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


def _respond(answer: _Answer | FlatSession) -> Response:
    headers = {"cache-control": "no-store"}
    return Response(msgspec.json.encode(answer), 200, headers, "application/json")
