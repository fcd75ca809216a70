"""Ten minutes over HTTP, on a real engine: the first words come before a twentieth of it was read.

Nothing here depends on the time: what is counted is samples, at the moment the server hands the first delta
to the socket. ``python -m bench.upload`` measures seconds and memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
import pytest

from engines.recordings import read
from laws.speech import silence
from saywire.audio import container
from saywire.config import Config, EngineConfig
from saywire.runtime.pool import Pool
from saywire.server import transcriptions
from saywire.server.app import create_app
from saywire.types import RATE, Samples
from server.audio import wav
from server.doubles import in_loop

MINUTES = 10
SPOKEN = "please-play-five", "computer-stop", "three-one-eight"
FORM = (
    b'--x\r\nContent-Disposition: form-data; name="stream"\r\n\r\ntrue\r\n'
    b'--x\r\nContent-Disposition: form-data; name="model"\r\n\r\ntiny\r\n'
    b'--x\r\nContent-Disposition: form-data; name="language"\r\n\r\nen\r\n'
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="talk.wav"\r\n\r\n'
)


class Counter:
    """``container.decode``, and how much has been read."""

    def __init__(self) -> None:
        self.samples = 0

    def decode(self, file: BinaryIO, *, max_seconds: float) -> Iterator[Samples]:
        for block in container.decode(file, max_seconds=max_seconds):
            self.samples += len(block)
            yield block


class Browser:
    """Sends one request and goes away when the first delta has come."""

    def __init__(self, body: bytes, counter: Counter) -> None:
        self._body: bytes | None = body
        self._counter = counter
        self._gone = asyncio.Event()
        self.received = b""
        self.read_by_then = 0

    async def receive(self) -> dict[str, Any]:
        body, self._body = self._body, None
        if body is not None:
            return {"type": "http.request", "body": body}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.body" and not self._gone.is_set():
            self.received += message["body"]
            self.read_by_then = self._counter.samples
            if b"delta" in self.received:
                self._gone.set()


@in_loop
async def test_the_first_words_of_ten_minutes_come_before_a_twentieth_was_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    once = np.concatenate([part for name in SPOKEN for part in (read(name), silence(1.0))])
    talk = np.resize(once, MINUTES * 60 * RATE)
    counter = Counter()
    monkeypatch.setattr(transcriptions, "decode", counter.decode)
    browser = Browser(FORM + wav(talk) + b"\r\n--x--\r\n", counter)
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/audio/transcriptions",
        "query_string": b"",
        "headers": [(b"content-type", b"multipart/form-data; boundary=x")],
    }
    config = Config(engine=EngineConfig(model="tiny", workers=1))
    async with Pool(config) as pool:
        await create_app(pool, config)(scope, browser.receive, browser.send)
        assert b"please" in browser.received
        assert 0 < browser.read_by_then < len(talk) / 20
        assert pool.sessions == 0
