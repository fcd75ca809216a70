"""How an error looks over HTTP, in OpenAI's shape, which is what the clients of these routes parse.

``{"error": {"message", "type", "param", "code"}}``; the SDKs choose their exception by the status and
retry 408, 409, 429 and 5xx. Sources: openai-openapi openapi.yaml 2026-08-21; openai-python 3.52.0.
"""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from ..errors import BadRequest, NotAllowed, Overloaded, SaywireError, UnknownModel

RETRY_AFTER = 5
"""Seconds a refused client is told to wait."""


class TooLarge(BadRequest):
    """The body is over the limit."""

    code = "too_large"


class TooSlow(BadRequest):
    """The body stopped coming."""

    code = "upload_stalled"
    retryable = True


class Forbidden(NotAllowed):
    """No key would help."""

    code = "origin_not_allowed"


class NotInstalled(BadRequest):
    """A part of the product that this installation leaves out."""

    code = "not_installed"


class NotFound(BadRequest):
    """What was named is not here."""

    code = "not_found"


CLIENT_GONE = 499
"""Never seen by anybody; the status nginx has for it."""
UNCODED = frozenset({"too_large", "not_allowed"})
"""Codes of ours for what OpenAI gives ``null``; its clients may compare."""


class _Error(msgspec.Struct):
    message: str
    type: str
    param: str | None
    code: str | None


class _Body(msgspec.Struct):
    error: _Error


def body(error: SaywireError) -> bytes:
    """The JSON object, which is also the ``error`` field of a websocket's or a stream's error."""
    kind = "invalid_request_error"
    if status(error) >= 500 or isinstance(error, TooLarge):  # the latter as OpenAI has it
        kind = "server_error"
    code = None if error.code in UNCODED else error.code
    return msgspec.json.encode(_Body(_Error(error.message, kind, error.param, code)))


def status(error: SaywireError) -> int:
    match error:
        case TooLarge():
            return 413
        case TooSlow():
            return 408
        case UnknownModel() | NotFound():
            return 404
        case NotInstalled():
            return 501
        case BadRequest():
            return 400
        case Forbidden():
            return 403
        case NotAllowed():
            return 401
        case Overloaded():
            return 503
    return 500


def respond(error: SaywireError) -> Response:
    headers = {}
    if isinstance(error, Overloaded):
        headers["retry-after"] = str(RETRY_AFTER)
    if status(error) == 401:
        headers["www-authenticate"] = "Bearer"
    return Response(body(error), status(error), headers, "application/json")
