"""One of FFmpeg's codecs, fed by hand: packets, or a stream whose packets its parser finds, to mono samples.

Damaged packets are passed over, as ``container`` does; audio of which nothing can be decoded is BadAudio.
"""

from __future__ import annotations

from typing import cast

import av
from av import AudioCodecContext, AudioStream, Packet

from ..errors import BadAudio
from ..types import Samples
from .channels import mix

Piece = tuple[Samples, int]
"""Samples, shape (n,), and their rate in Hz."""

MOST_WAITING = 2**20
"""Bytes that may wait for the rest of a header or packet: no format here has one that long."""
_SPARED = 20
"""Damaged packets that are passed over in any stream; then no more than half of all."""


class Codec:
    """Packets to samples."""

    def __init__(self, name: str, **settings: object) -> None:
        self._context = cast(AudioCodecContext, av.CodecContext.create(name, "r"))
        for key, value in settings.items():
            setattr(self._context, key, value)
        self._packets = self._bad = 0
        self._decoded = False

    def parse(self, data: bytes) -> list[Piece]:
        """Bytes cut anywhere; none at all at the end."""
        try:
            packets = self._context.parse(data or None)
        except (av.FFmpegError, ValueError) as e:
            raise BadAudio(f"this is no {self._context.name} that can be decoded ({e})") from e
        return [piece for packet in packets for piece in self.decode(packet)]

    def decode(self, packet: Packet[AudioStream] | None) -> list[Piece]:
        """None at the end."""
        if packet is not None and not packet.size:
            return []  # to FFmpeg an empty packet is the end
        self._packets += 1
        try:
            frames = list(self._context.decode(packet))
        except (av.FFmpegError, ValueError) as e:
            self._bad += 1
            if self._bad > max(_SPARED, self._packets / 2):
                raise BadAudio(
                    f"the audio is damaged: {self._bad} of {self._packets} packets cannot be decoded"
                ) from e
            return []
        self._decoded = self._decoded or bool(frames)
        return [(mix(frame), frame.sample_rate) for frame in frames]

    def flush(self) -> list[Piece]:
        """Raises BadAudio where packets came and not one could be decoded."""
        pieces = self.decode(None)
        if self._packets > 1 and not self._decoded:
            raise BadAudio(f"nothing in this audio can be decoded as {self._context.name}")
        return pieces


class Bare:
    """A codec's own stream, whose frames its parser finds: MP3, AAC in ADTS, AMR."""

    def __init__(self, codec: str, magic: bytes = b"") -> None:
        self._codec = Codec(codec)
        self._magic = magic
        self._head: bytes | None = b""
        """What came before it is known whether it begins with ``magic``; None from then on."""

    def feed(self, data: bytes) -> list[Piece]:
        if self._head is not None:
            self._head += data
            if len(self._head) < len(self._magic):
                return []
            data, self._head = self._head.removeprefix(self._magic), None
        return self._codec.parse(data) if data else []

    def finish(self) -> list[Piece]:
        if self._head is not None:
            return []
        return [*self._codec.parse(b""), *self._codec.flush()]


def as_packet(data: bytes) -> Packet[AudioStream]:
    return cast("Packet[AudioStream]", Packet(data))


def name_layout(channels: int) -> str:
    return {1: "mono", 2: "stereo"}.get(channels, f"{channels}c")
