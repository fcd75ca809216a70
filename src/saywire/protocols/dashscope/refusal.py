"""Errors by the service's codes: in ``task-failed``, and over HTTP, before there is a websocket."""

from __future__ import annotations

import msgspec

from ...errors import BadAudio, BadRequest, NotAllowed, Overloaded, SaywireError, UnknownModel
from ..base import HttpAnswer

INVALID_KEY = "InvalidApiKey", "Invalid API-key provided."
BUSY = "Throttling.RateQuota", "Requests rate limit exceeded, please try again later."


def refuse(error: SaywireError, request_id: str) -> HttpAnswer:
    match error:
        case NotAllowed():
            return _answer(401, *INVALID_KEY, request_id)
        case Overloaded():
            answer = _answer(429, *BUSY, request_id)
            answer.headers["retry-after"] = "1"
            return answer
        case _:
            return _answer(500, "InternalError", error.message, request_id)


def name_failure(error: SaywireError) -> str:
    """The code of a ``task-failed``."""
    match error:
        case BadRequest(code="CLIENT_ERROR"):
            return "CLIENT_ERROR"
        case UnknownModel():
            return "ModelNotFound"
        case NotAllowed():
            return "InvalidApiKey"
        case BadAudio():
            return "UNSUPPORTED_FORMAT"
        case BadRequest():
            return "InvalidParameter"
        case Overloaded():
            return "Throttling.RateQuota"
        case _:
            return "InternalError"


def _answer(status: int, code: str, message: str, request_id: str) -> HttpAnswer:
    body = {"code": code, "message": message, "request_id": request_id}
    return HttpAnswer(status, msgspec.json.encode(body).decode())
