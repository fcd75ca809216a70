from __future__ import annotations

import json

import pytest
from starlette.requests import Request

from saywire.errors import BadRequest
from saywire.server.offers import LARGEST, Offer, read_offer
from saywire.server.problems import TooLarge
from server.doubles import in_loop

SDP = "v=0\r\nm=audio 9\r\n"


async def read(kind: str, body: bytes, query: bytes = b"") -> Offer:
    async def receive() -> dict:
        return {"type": "http.request", "body": body, "more_body": False}

    headers = [(b"content-type", kind.encode())]
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": query, "headers": headers}
    return await read_offer(Request(scope, receive))


def form(**parts: str) -> bytes:
    lines = "".join(
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'
        for name, text in parts.items()
    )
    return f"{lines}--x--\r\n".encode()


FORM = "multipart/form-data; boundary=x"


@in_loop
async def test_the_offer_alone():
    for kind in ("application/sdp", "Application/SDP; charset=utf-8", "text/plain", ""):
        assert await read(kind, SDP.encode(), b"model=a") == Offer(SDP, None, {"model": "a"})


@in_loop
async def test_a_form():
    assert await read(FORM, form(sdp=SDP, session='{"a":1}')) == Offer(SDP, '{"a":1}')
    assert await read(FORM, form(sdp=SDP)) == Offer(SDP)
    attached = form(sdp=SDP).replace(b'"sdp"', b'"sdp"; filename="offer"')
    assert await read(FORM, attached) == Offer(SDP)


@in_loop
async def test_json():
    kind = "application/json"
    for body in ({"sdp": SDP}, {"offer": SDP}, {"offer": {"type": "offer", "sdp": SDP}}):
        assert await read(kind, json.dumps(body).encode()) == Offer(SDP, json=True)
    more = {"sdp": SDP, "type": "offer", "model": "b", "session": {"x": None}}
    assert await read(kind, json.dumps(more).encode(), b"model=a&y=z") == Offer(
        SDP, '{"x": null}', {"model": "b", "y": "z"}, json=True
    )


@pytest.mark.parametrize(
    ("kind", "body", "code", "param"),
    [
        ("application/sdp", b"", "missing_required_parameter", "sdp"),
        ("application/sdp", b"\xff", "invalid_offer", "sdp"),
        (FORM, form(session="{}"), "missing_required_parameter", "sdp"),
        ("application/json", b"{}", "missing_required_parameter", "sdp"),
        ("application/json", b"{", "invalid_request", None),
        ("application/json", b'{"sdp":5}', "invalid_request", None),
        ("image/png", b"x", "unsupported_content_type", None),
    ],
)
@in_loop
async def test_what_is_no_offer(kind, body, code, param):
    with pytest.raises(BadRequest) as refused:
        await read(kind, body)
    assert (refused.value.code, refused.value.param) == (code, param)


@in_loop
async def test_one_that_is_too_long():
    with pytest.raises(TooLarge):
        await read("application/sdp", b"x" * (LARGEST + 1))
