from __future__ import annotations

import asyncio

import pytest
from starlette.websockets import WebSocket, WebSocketDisconnect

from saywire.errors import Overloaded
from saywire.protocols.base import Close, HttpAnswer
from saywire.server.line import Gone, WebsocketLine
from server.doubles import in_loop

SCOPE = {
    "type": "websocket",
    "path": "/plain",
    "query_string": b"a=b&key=one&key=two",
    "headers": [(b"x-name", b"value")],
    "subprotocols": ["realtime"],
    "extensions": {"websocket.http.response": {}},
}


class Wire:
    """What uvicorn would be: takes messages, until it is broken with an error."""

    def __init__(self, *messages: dict) -> None:
        self.sent: list[dict] = []
        self.broken: Exception | None = None
        self._messages = [{"type": "websocket.connect"}, *messages]

    async def receive(self) -> dict:
        return self._messages.pop(0)

    async def send(self, message: dict) -> None:
        if self.broken:
            raise self.broken
        self.sent.append(message)

    def line(self) -> WebsocketLine:
        return WebsocketLine(WebSocket(SCOPE, self.receive, self.send), ("known",))


def test_the_handshake_is_what_the_client_asked_for():
    handshake = Wire().line().handshake
    assert (handshake.path, handshake.headers["x-name"]) == ("/plain", "value")
    assert handshake.query == {"a": "b", "key": "two"}
    assert handshake.pairs == (("a", "b"), ("key", "one"), ("key", "two"))
    assert (handshake.subprotocols, handshake.settings) == (("realtime",), ("known",))


@in_loop
async def test_frames_come_as_they_were_sent_until_the_client_leaves():
    wire = Wire(
        {"type": "websocket.receive", "text": "a"},
        {"type": "websocket.receive", "bytes": b"b"},
        {"type": "websocket.disconnect", "code": 1000},
    )
    line = wire.line()
    await line.accept("realtime")
    assert [await line.receive(), await line.receive()] == ["a", b"b"]
    with pytest.raises(Gone):
        await line.receive()
    assert wire.sent[0]["subprotocol"] == "realtime"


@in_loop
async def test_both_kinds_of_frames_are_sent_and_a_reason_is_cut_to_what_fits():
    wire = Wire()
    line = wire.line()
    await line.accept(None)
    await line.send("text")
    await line.send(b"bytes")
    await line.close(Close(4000, "é" * 100))
    await line.close(Close(4000, "twice"))
    assert [wire.sent[1]["text"], wire.sent[2]["bytes"]] == ["text", b"bytes"]
    assert wire.sent[3]["code"] == 4000 and wire.sent[3]["reason"] == "é" * 61
    assert len(wire.sent) == 4


@in_loop
async def test_a_client_that_left_before_it_was_accepted_is_gone():
    wire = Wire()
    wire.broken = OSError()
    with pytest.raises(Gone):
        await wire.line().accept(None)


@pytest.mark.parametrize("error", [OSError(), RuntimeError("closed"), WebSocketDisconnect(1006)])
def test_so_is_one_that_cannot_be_sent_to(error):
    async def send() -> None:
        wire = Wire()
        line = wire.line()
        await line.accept(None)
        wire.broken = error
        with pytest.raises(Gone):
            await line.send("text")
        await line.close(Close())

    asyncio.run(send())


@in_loop
async def test_a_client_is_denied_over_http_only_where_the_wire_has_words_for_it():
    wire = Wire()
    assert not await wire.line().deny(Overloaded("full"), None)
    assert wire.sent == []
    assert await wire.line().deny(Overloaded("full"), HttpAnswer(418, "no", "text/plain"))
    assert wire.sent[0]["status"] == 418
