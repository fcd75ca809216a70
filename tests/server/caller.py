"""A peer that calls: what a page in a browser would be, made of aiortc, on loopback alone."""

from __future__ import annotations

import asyncio
import fractions
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import numpy as np
import pytest
from av import AudioFrame

from saywire.server.ice import Reach, limit_to

aiortc = pytest.importorskip("aiortc", reason="saywire[webrtc] is not installed")

RATE, FRAME = 48_000, 960


class Microphone(aiortc.MediaStreamTrack):
    """Says ``samples`` (48 kHz), then silence, a frame every 20 ms."""

    kind = "audio"

    def __init__(self, samples: np.ndarray | None = None) -> None:
        super().__init__()
        self._samples = np.zeros(0, np.float32) if samples is None else samples
        self._frames = 0
        self._began = 0.0

    def skip(self, frames: int) -> None:
        """Send nothing for as long."""
        self._frames += frames

    async def recv(self) -> AudioFrame:
        if self.readyState != "live":
            raise aiortc.mediastreams.MediaStreamError
        now = asyncio.get_running_loop().time()
        self._began = self._began or now
        await asyncio.sleep(self._began + self._frames * FRAME / RATE - now)
        part = self._samples[self._frames * FRAME : (self._frames + 1) * FRAME]
        block = np.zeros(FRAME, np.int16)
        block[: len(part)] = np.clip(part * 32_767, -32_768, 32_767)
        frame = AudioFrame.from_ndarray(block[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = (
            RATE,
            self._frames * FRAME,
            fractions.Fraction(1, RATE),
        )
        self._frames += 1
        return frame


class Caller:
    def __init__(self, samples: np.ndarray | None = None, channel: bool = True) -> None:
        self.connection = aiortc.RTCPeerConnection(aiortc.RTCConfiguration([]))
        self.connection.addTrack(Microphone(samples))
        self.channel = self.connection.createDataChannel("oai-events") if channel else None
        self.events: asyncio.Queue[dict] = asyncio.Queue()
        self.opened, self.closed = asyncio.Event(), asyncio.Event()
        self.call = ""
        if self.channel:
            self.channel.on("message", lambda text: self.events.put_nowait(json.loads(text)))
            self.channel.on("open", self.opened.set)
            self.channel.on("close", self.closed.set)

    async def offer(self) -> str:
        for each in (self.connection.getTransceivers()[0].receiver, self.connection.sctp):
            if each:
                limit_to(Reach(addresses=("127.0.0.1",)), each.transport.transport._connection)
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return self.connection.localDescription.sdp

    async def take(self, answer: str) -> None:
        await self.connection.setRemoteDescription(aiortc.RTCSessionDescription(answer, "answer"))

    async def dial(
        self, http: httpx.AsyncClient, path: str = "/v1/realtime/calls", **request
    ) -> httpx.Response:
        """The offer alone, if the request says nothing else."""
        if not request:
            request = {"content": await self.offer(), "headers": {"content-type": "application/sdp"}}
        told = await http.post(path, **request, timeout=30)
        if told.status_code == 201:
            self.call = told.headers["location"].rpartition("/")[2]
            await self.take(told.text)
        return told

    async def event(self, kind: str) -> dict:
        """The next of a kind; those before it are passed over."""
        while (event := await self.events.get())["type"] != kind:
            pass
        return event

    def say(self, **event) -> None:
        assert self.channel
        self.channel.send(json.dumps(event))


@asynccontextmanager
async def calling(samples: np.ndarray | None = None, channel: bool = True) -> AsyncIterator[Caller]:
    caller = Caller(samples, channel)
    try:
        yield caller
    finally:
        await caller.connection.close()
