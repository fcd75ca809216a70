"""How clients ask for a call: an offer, in SDP, in one of four kinds of body.

* ``multipart/form-data``: parts ``sdp`` and ``session``, as OpenAI's SDKs send them
* ``application/sdp`` (or ``text/plain``): the offer alone, as pages with a client secret do, and as all did
  in the beta
* ``application/json``: ``sdp`` or ``offer``, and perhaps ``session`` and ``model``; the answer is JSON, too

Sources: openai-openapi openapi.yaml 2026-08-21; openai-python 3.52.0, ``resources/realtime/calls.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from ..errors import BadRequest
from .limits import limit_body

LARGEST = 2**20
"""Bytes: an offer has some 4,000, a session with a long prompt and many keywords some 50,000."""
TEXTS = ("application/sdp", "text/plain", "")


@dataclass(frozen=True, slots=True)
class Offer:
    sdp: str
    session: str | None = None
    """JSON, in the words of the wire."""
    query: Mapping[str, str] = field(default_factory=dict)
    """What would stand in the URL of a websocket."""
    json: bool = False
    """The client wants its answer as JSON."""


class _Description(msgspec.Struct):
    sdp: str


class _Body(msgspec.Struct):
    sdp: str | None = None
    offer: str | _Description | None = None
    session: msgspec.Raw = msgspec.Raw(b"null")
    model: str | None = None


async def read_offer(request: Request) -> Offer:
    """Raises BadRequest."""
    body = limit_body(request, LARGEST)
    query = dict(request.query_params)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        async with body.form() as form:
            return Offer(await _part(form, "sdp") or _missing(), await _part(form, "session"), query)
    if kind == "application/json":
        return _read_json(await body.body(), query)
    if kind in TEXTS:
        return Offer(_text(await body.body()) or _missing(), None, query)
    raise BadRequest(
        f"Unsupported content type '{kind[:100]}'. This API method only accepts 'application/sdp', "
        "'multipart/form-data' and 'application/json' requests.",
        code="unsupported_content_type",
    )


async def _part(form: FormData, name: str) -> str | None:
    part = form.get(name)
    return _text(await part.read()) if isinstance(part, UploadFile) else part


def _read_json(data: bytes, query: dict[str, str]) -> Offer:
    try:
        body = msgspec.json.decode(data, type=_Body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as e:
        raise BadRequest(f"We could not parse the JSON body of your request: {e}.") from e
    offered = body.offer.sdp if isinstance(body.offer, _Description) else body.offer
    session = bytes(body.session).decode()
    named = {"model": body.model} if body.model else {}
    return Offer(
        body.sdp or offered or _missing(), None if session == "null" else session, query | named, True
    )


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as e:
        raise BadRequest("the offer is not text in UTF-8", code="invalid_offer", param="sdp") from e


def _missing() -> str:
    raise BadRequest("Missing required parameter: 'sdp'.", code="missing_required_parameter", param="sdp")
