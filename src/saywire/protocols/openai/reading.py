"""A text frame to a client event of the OpenAI Realtime wire, in one pass; whatever else to BadRequest."""

from __future__ import annotations

import re
from typing import get_args

import msgspec

from ...errors import BadRequest
from ..envelope import UNREADABLE, see
from .checks import listed, quoted
from .events import AnyClientEvent
from .session import SessionPatch

_decoder: msgspec.json.Decoder[AnyClientEvent] = msgspec.json.Decoder(AnyClientEvent)
_sessions = msgspec.json.Decoder(SessionPatch)
_TYPES = tuple(str(kind.__struct_config__.tag) for kind in get_args(AnyClientEvent))
_PLACE = re.compile(r" - at `\$\.?(.*)`$")
_EXPECTED = re.compile(r"Expected `(?P<wanted>[^`]*)`(?:, got `(?P<got>[^`]*)`)?")
_MISSING = re.compile(r"Object missing required field `(?P<field>\w+)`")


def read(frame: str | bytes) -> AnyClientEvent:
    """Raises BadRequest with the service's code, message and param."""
    if isinstance(frame, bytes):
        raise BadRequest(
            "Expected a text WebSocket message; binary frames are not supported.", code="invalid_event"
        )
    try:
        return _decoder.decode(frame)
    except msgspec.ValidationError as e:
        raise _refusal(str(e), frame) from e
    except UNREADABLE as e:
        raise BadRequest(f"Could not parse the message as JSON: {_reason(e)}.", code="invalid_json") from e


def read_session(session: str) -> SessionPatch:
    """A session object that came by itself, and not in an update. Raises BadRequest likewise."""
    try:
        return _sessions.decode(session)
    except msgspec.ValidationError as e:
        problem, _, place = str(e).partition(" - at `$")
        raise _refusal(f"{problem} - at `$.session{place or '`'}", "") from e
    except UNREADABLE as e:
        raise BadRequest(
            f"Could not parse the session as JSON: {_reason(e)}.", code="invalid_json", param="session"
        ) from e


def _reason(error: Exception) -> str:
    match error:
        case UnicodeError():
            return "it is not valid Unicode"
        case RecursionError():
            return "it is nested too deeply"
        case _:
            return str(error)


def _refusal(problem: str, frame: str) -> BadRequest:
    """What is wrong with a frame that is JSON but not an event."""
    place = _PLACE.search(problem)
    param = place[1] if place else ""
    if missing := _MISSING.match(problem):
        return _missing(param, missing["field"])
    expected = _EXPECTED.match(problem)
    if expected and not param:
        return BadRequest("Expected a JSON object with a 'type'.", code="invalid_event")
    if expected:
        got = f", but got {expected['got']} instead" if expected["got"] else ""
        message = f"Invalid type for '{param}': expected {expected['wanted'].replace(' | ', ' or ')}{got}."
        return BadRequest(message, code="invalid_type", param=param)
    if param == "type":
        message = f"Invalid value: {quoted(str(see(frame).type))}. Supported values are: {listed(_TYPES)}."
        return BadRequest(message, code="invalid_value", param="type")
    return BadRequest(f"Invalid value for '{param}': {problem}.", code="invalid_value", param=param or None)


def _missing(place: str, field: str) -> BadRequest:
    param = f"{place}.{field}" if place else field
    code = "invalid_event" if param == "type" else "missing_required_parameter"
    return BadRequest(f"Missing required parameter: '{param}'.", code=code, param=param)
