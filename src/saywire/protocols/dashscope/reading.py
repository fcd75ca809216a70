"""A text frame to an event of a client, in one pass; whatever else to BadRequest, in the service's words."""

from __future__ import annotations

import re
from typing import get_args

import msgspec

from ...errors import BadRequest
from ..envelope import UNREADABLE, see
from .events import AnyClientEvent

_decoder: msgspec.json.Decoder[AnyClientEvent] = msgspec.json.Decoder(AnyClientEvent)
_TYPES = tuple(str(kind.__struct_config__.tag) for kind in get_args(AnyClientEvent))
_PLACE = re.compile(r" - at `\$\.?(.*)`$")


def read(frame: str | bytes) -> AnyClientEvent:
    """Raises BadRequest."""
    if isinstance(frame, bytes):
        raise BadRequest(
            "Binary messages are not supported; send audio as base64 in an event.", code="invalid_value"
        )
    try:
        return _decoder.decode(frame)
    except msgspec.ValidationError as e:
        raise _refusal(str(e), frame) from e
    except UNREADABLE as e:
        raise BadRequest("The message is not valid JSON.", code="invalid_json") from e


def _refusal(problem: str, frame: str) -> BadRequest:
    kind = see(frame).type
    if not isinstance(kind, str):
        return BadRequest("The message has no 'type'.", code="invalid_value", param="type")
    if kind not in _TYPES:
        known = ", ".join(_TYPES)
        message = f"Invalid value: '{kind[:80]}'. Supported values are: {known}."
        return BadRequest(message, code="invalid_value", param="type")
    place = _PLACE.search(problem)
    reason = problem[: place.start()] if place else problem
    return BadRequest(f"{reason}.", code="invalid_value", param=place[1] if place else None)
