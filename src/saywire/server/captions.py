"""``/v1/captions``: one speaker, many readers. ``shares.py`` says who may read what.

``POST`` opens the share of a key and answers its token; ``DELETE`` closes it. For
``GET /v1/captions/TOKEN`` the token is enough: server-sent events, over which a viewer can send nothing, and
which browsers take up again by themselves where they were. Source: WHATWG HTML, 9.2, read 2026-11-21.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated

import msgspec
from fastapi import FastAPI, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ..errors import BadRequest
from .limits import limit_body
from .offered import offered_share
from .room import Line, Room, Seen
from .shares import Shares, check_key
from .waiting import until_gone, until_one_ends

HOME = "/v1/captions"
LARGEST = 2**20
"""Bytes of a request that opens a share, with what was said before."""
BEAT = 15.0
"""Seconds after which a viewer is told even that nothing is new, so that no proxy takes it for dead."""
AGAIN = 1_000
"""Milliseconds after which a browser that was cut off comes again."""
HEADERS = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
    "x-accel-buffering": "no",  # nginx would keep the events until there are many
}

_Seconds = Annotated[float, msgspec.Meta(ge=0, le=1e9)]


class _Past(msgspec.Struct):
    """A final that was said before."""

    text: Annotated[str, msgspec.Meta(max_length=10_000)]
    start: _Seconds = 0.0
    end: _Seconds | None = None


class _Opening(msgspec.Struct):
    share: str
    token: str | None = None
    lines: Sequence[_Past] = ()
    missing: bool = False
    """There was more before these."""


class _Opened(msgspec.Struct):
    token: str


class _Told(msgspec.Struct):
    """One event."""

    fresh: bool
    """What was shown before is to be forgotten."""
    missing: bool
    """Before ``lines`` were others, which are not kept any more."""
    speaking: bool
    lines: Sequence[Line]


def add_captions(app: FastAPI, shares: Shares) -> None:
    async def open_share(request: Request) -> Response:
        """Let others read what sessions with this key say."""
        opening = _read(await limit_body(request, LARGEST).body())
        past = [Line(0, one.start, one.end, one.text, final=True) for one in opening.lines]
        token = shares.open(opening.share, opening.token, past, opening.missing)
        headers = {"cache-control": "no-store"}
        return Response(msgspec.json.encode(_Opened(token)), 201, headers, "application/json")

    async def close_share(request: Request) -> Response:
        """Its link leads nowhere from now on."""
        key = offered_share(request.headers, request.query_params, ())
        check_key(key)
        shares.close(key)
        return Response(status_code=204)

    async def read_along(request: Request, token: str) -> Response:
        """What is said, as server-sent events."""
        return Stream(shares.find(token), read_seen(request.headers.get("last-event-id", "")))

    for path, endpoint, method, status in (
        (HOME, open_share, "POST", 201),
        (HOME, close_share, "DELETE", 204),
        (f"{HOME}/{{token}}", read_along, "GET", 200),
    ):
        app.add_api_route(
            path, endpoint, methods=[method], status_code=status, tags=["captions"], response_class=Response
        )


class Stream(Response):
    """What a viewer is sent, until it goes or the room closes. Raises Overloaded before anything is sent."""

    def __init__(self, room: Room, seen: Seen) -> None:
        super().__init__(headers=HEADERS)
        del self.headers["content-length"]
        self._room = room
        self._seen = seen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._room.watch():
            await until_one_ends(self._write(send), until_gone(receive))

    async def _write(self, send: Send) -> None:
        """Waits while the viewer is slow; what happens meanwhile is told in one piece."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        text = b"retry: %d\n\n" % AGAIN + self._tell()
        while not self._room.closed:
            await send({"type": "http.response.body", "body": text, "more_body": True})
            with suppress(TimeoutError):
                async with asyncio.timeout(BEAT):
                    await self._room.move(self._seen)
            text = self._tell()
        if self._room.over:
            text += b"event: over\ndata:\n\n"
        await send({"type": "http.response.body", "body": text})

    def _tell(self) -> bytes:
        before, self._seen = self._seen, self._room.now()
        fresh = before.room != self._seen.room
        told = _Told(fresh, self._room.lacks(before), self._room.speaking, self._room.changed(before))
        return b"id: %s\ndata: %s\n\n" % (str(self._seen).encode(), msgspec.json.encode(told))


def read_seen(text: str) -> Seen:
    """``Last-Event-ID``; whatever it is that we never said is that of a new viewer."""
    room, _, revision = text.partition(".")
    with suppress(ValueError):
        return Seen(room, int(revision))
    return Seen()


def _read(data: bytes) -> _Opening:
    try:
        return msgspec.json.decode(data, type=_Opening)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as e:
        raise BadRequest(f"We could not parse the JSON body of your request: {e}.") from e
