"""A peer that calls: what a page in a browser would be, made of aiortc, on loopback alone.

Tests use it, too. Needs ``saywire[webrtc]``.
"""

from __future__ import annotations

import asyncio
import fractions
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiortc
import httpx
import numpy as np
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame

from saywire.server.ice import Reach, limit_to
from saywire.types import Samples

RATE, FRAME = 48_000, 960

Event = dict[str, Any]


class Microphone(MediaStreamTrack):
    """Says ``samples`` (48 kHz), then silence, a frame every 20 ms."""

    kind = "audio"

    def __init__(self, samples: Samples | None = None) -> None:
        super().__init__()
        self._samples = np.zeros(0, np.float32) if samples is None else samples
        self._frames = 0
        self.began = 0.0
        """By the clock of the loop."""

    def skip(self, frames: int) -> None:
        """Send nothing for as long."""
        self._frames += frames

    async def recv(self) -> AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        now = asyncio.get_running_loop().time()
        self.began = self.began or now
        await asyncio.sleep(self.began + self._frames * FRAME / RATE - now)
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
    def __init__(self, samples: Samples | None = None, channel: bool = True) -> None:
        self.connection: Any = aiortc.RTCPeerConnection(aiortc.RTCConfiguration([]))
        self.microphone = Microphone(samples)
        self.connection.addTrack(self.microphone)
        self.channel: Any = self.connection.createDataChannel("oai-events") if channel else None
        self.events: asyncio.Queue[Event] = asyncio.Queue()
        self.opened, self.closed = asyncio.Event(), asyncio.Event()
        self.call = ""
        """Its name, once it is answered."""
        if self.channel is not None:
            self.channel.on("message", lambda text: self.events.put_nowait(json.loads(text)))
            self.channel.on("open", self.opened.set)
            self.channel.on("close", self.closed.set)

    async def offer(self) -> str:
        for each in (self.connection.getTransceivers()[0].receiver, self.connection.sctp):
            if each:
                limit_to(Reach(addresses=("127.0.0.1",)), each.transport.transport._connection)
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return str(self.connection.localDescription.sdp)

    async def take(self, answer: str) -> None:
        await self.connection.setRemoteDescription(aiortc.RTCSessionDescription(answer, "answer"))

    async def dial(
        self, http: httpx.AsyncClient, path: str = "/v1/realtime/calls", **request: Any
    ) -> httpx.Response:
        """Until it is connected, or refused. The offer alone is sent, if ``request``, which httpx takes, says
        nothing else."""
        if not request:
            request = {"content": await self.offer(), "headers": {"content-type": "application/sdp"}}
        told = await http.post(path, timeout=30, **request)
        if told.status_code == 201:
            self.call = told.headers["location"].rpartition("/")[2]
            await self.take(told.text)
            if self.channel is not None:
                await self.opened.wait()
        return told

    async def event(self, kind: str) -> Event:
        """The next of a kind; those before it are passed over."""
        while (event := await self.events.get())["type"] != kind:
            pass
        return event

    def say(self, **event: object) -> None:
        self.channel.send(json.dumps(event))


@asynccontextmanager
async def calling(samples: Samples | None = None, channel: bool = True) -> AsyncIterator[Caller]:
    caller = Caller(samples, channel)
    try:
        yield caller
    finally:
        await caller.connection.close()
