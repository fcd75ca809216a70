"""``POST /v1/realtime/calls``: sessions of the OpenAI wire over WebRTC, ``saywire[webrtc]``.

An offer is answered, and the call begins: a connection like that of a websocket, over another line. Its name
is in ``Location``; by it the call is hung up and joined. Sources: openai-openapi openapi.yaml 2026-08-21, the
guide "Realtime API with WebRTC" and openai-python 3.52.0, read 2026-11-21. ``POST /v1/realtime`` is where the
beta had it and speaches has it; ``/rtc/offer`` takes and answers JSON.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from fastapi import FastAPI, Request
from starlette.responses import JSONResponse, Response
from starlette.websockets import WebSocket

from ..config import WebRtcConfig
from ..errors import Overloaded
from ..protocols.base import Close, Handshake
from .call import Call, Side
from .connection import Connection
from .ice import find_reach
from .line import Gone, WebsocketLine
from .offered import path_in
from .offers import Offer, read_offer
from .peer import WEBRTC_INSTALL, is_installed
from .problems import NotFound, NotInstalled
from .secrets import Secrets
from .waiting import until_one_ends
from .wires import Door, new_id

WIRE = "/v1/realtime"
HOME = "/v1/realtime/calls"
PATHS = (HOME, "/openai/v1/realtime/calls", WIRE, "/rtc/offer")
"""OpenAI's and Azure's; the beta's; one that pages for other servers ask."""
OVER = Close(1000, "the call has ended")


class Calls:
    """Those that go on. Whoever makes it calls ``close``."""

    def __init__(self, door: Door, secrets: Secrets, settings: WebRtcConfig) -> None:
        """Raises ConfigError for settings that will not do."""
        self._door = door
        self._secrets = secrets
        self._reach = find_reach(settings)
        self._open: dict[str, tuple[Call, Connection]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def dial(self, request: Request) -> Response:
        """Begin a call. Raises SaywireError for all that the client is to be told."""
        if not is_installed():
            raise NotInstalled(f"WebRTC is not installed here; the server needs: {WEBRTC_INSTALL}")
        offer = await read_offer(request)
        call = Call(new_id("rtc"), self._handshake(request, offer), self._reach)
        client = request.client.host if request.client else "?"
        try:
            answer = await call.answer(offer.sdp)
        except BaseException:
            await call.close(OVER)
            raise
        task = asyncio.create_task(self._carry(call, self._door.connect(call, WIRE, client)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        await call.accepted()
        if offer.json:
            return JSONResponse({"type": "answer", "sdp": answer, "call_id": call.id})
        return Response(answer, 201, {"location": f"{HOME}/{call.id}"}, "application/sdp")

    def hang_up(self, id: str) -> None:
        """Raises NotFound."""
        if id not in self._open:
            raise NotFound(f"There is no call '{id[:100]}': it has ended, or is on another server.")
        self._open[id][0].hang_up()

    async def let_in(self, socket: WebSocket) -> None:
        """A websocket of the wire: one that joins a call, or one for itself."""
        found = self._open.get(socket.query_params.get("call_id", ""))
        if not found:
            return await self._door.let_in(socket)
        with suppress(Gone):
            await _join(*found, WebsocketLine(socket))

    async def close(self) -> None:
        """End what goes on still."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _handshake(self, request: Request, offer: Offer) -> Handshake:
        known = self._secrets.settings(request.scope)
        settings = (*known, offer.session) if offer.session else known
        pairs, headers = tuple(offer.query.items()), dict(request.headers)
        return Handshake(path_in(request.scope), pairs, headers, settings=settings, call=True)

    async def _carry(self, call: Call, connection: Connection) -> None:
        self._open[call.id] = call, connection
        try:
            await connection.run()
        finally:
            del self._open[call.id]
            await call.close(OVER)


async def _join(call: Call, connection: Connection, line: WebsocketLine) -> None:
    offered = line.handshake.subprotocols
    await line.accept("realtime" if "realtime" in offered else None)
    try:
        with call.join() as side:
            for frame in connection.greet():
                side.put_nowait(frame)
            await until_one_ends(_hear(call, line), _tell(line, side))
    except Overloaded as e:
        await line.close(Close(1013, e.message))


async def _hear(call: Call, line: WebsocketLine) -> None:
    while True:
        await call.say(await line.receive())


async def _tell(line: WebsocketLine, side: Side) -> None:
    while not isinstance(frame := await side.get(), Close):
        await line.send(frame)
    await line.close(frame)


def add_calls(app: FastAPI, calls: Calls) -> None:
    async def dial(request: Request) -> Response:
        """Begin a session over WebRTC: the offer is answered, in SDP."""
        return await calls.dial(request)

    async def hang_up(call_id: str) -> Response:
        """End a call; what was heard is still said on its channel."""
        calls.hang_up(call_id)
        return Response()

    for path in PATHS:
        app.add_api_route(
            path,
            dial,
            methods=["POST"],
            status_code=201,
            tags=["realtime"],
            summary="Begin a call",
            response_class=Response,
            include_in_schema=path == HOME,
            openapi_extra={"requestBody": {"required": True, "content": OFFER_SCHEMA}},
        )
    hang_up_path = f"{HOME}/{{call_id}}/hangup"
    app.add_api_route(hang_up_path, hang_up, methods=["POST"], tags=["realtime"], summary="End a call")


_TEXT = {"type": "string"}
OFFER_SCHEMA = {
    "multipart/form-data": {
        "schema": {
            "type": "object",
            "required": ["sdp"],
            "properties": {"sdp": _TEXT, "session": _TEXT | {"description": "a session, in JSON"}},
        }
    },
    "application/sdp": {"schema": _TEXT},
}
"""For /docs: the request body is read by hand, so the framework cannot know it."""
