"""How DashScope turns somebody away before there is a websocket: HTTP, with the service's codes."""

from __future__ import annotations

import msgspec

from ...errors import NotAllowed, Overloaded, SaywireError
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


def _answer(status: int, code: str, message: str, request_id: str) -> HttpAnswer:
    body = {"code": code, "message": message, "request_id": request_id}
    return HttpAnswer(status, msgspec.json.encode(body).decode())
