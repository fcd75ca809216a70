"""Ogg that arrives in pieces: Opus, Speex or Vorbis.

Source: RFC 3533 (pages), RFC 7845 (Opus), the Speex manual, the Vorbis I specification.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..errors import BadAudio
from .codec import MOST_WAITING, Codec, Piece, as_packet, name_layout


@dataclass(slots=True)
class _OggStream:
    codec: Codec | None = None
    headers: list[bytes] = field(default_factory=list)
    wanted: int = 0
    """Header packets that its codec begins with."""


class Ogg:
    """The first audio stream of an Ogg; its pages and packets may be cut anywhere."""

    def __init__(self) -> None:
        self._waiting = b""
        self._packet = b""
        self._serial: int | None = None
        self._stream = _OggStream()

    def feed(self, data: bytes) -> list[Piece]:
        self._waiting += data
        if self._serial is None and not b"OggS".startswith(self._waiting[:4]):
            raise BadAudio("this is no Ogg, in which Opus, Speex and Vorbis are expected")
        return [piece for packet in self._packets() for piece in self._take(packet)]

    def finish(self) -> list[Piece]:
        if not self._stream.codec:
            if self._waiting or self._packet or self._stream.headers:
                raise BadAudio("this Ogg ends before its audio begins")
            return []
        return self._stream.codec.flush()

    def _packets(self) -> Iterator[bytes]:
        while (page := self._page()) is not None:
            serial, goes_on, begins, segments = page
            if self._serial is None and begins:
                self._serial = serial
            if serial != self._serial:
                if begins and self._stream.codec:  # one stream behind the other
                    self._serial, self._stream, self._packet = serial, _OggStream(), b""
                else:
                    continue
            if not goes_on:
                self._packet = b""
            for segment, ends in segments:
                self._packet += segment
                if ends:
                    packet, self._packet = self._packet, b""
                    yield packet

    def _page(self) -> tuple[int, bool, bool, list[tuple[bytes, bool]]] | None:
        """The next whole page: its stream, whether it goes on with a packet, whether it begins a stream, and
        its segments, joined to packets and marked where they end."""
        at = self._waiting.find(b"OggS")
        if at < 0:
            if len(self._waiting) > MOST_WAITING:
                raise BadAudio("this is no Ogg")
            return None
        head = self._waiting[at : at + 27]
        if len(head) < 27:
            return None
        flags, serial, count = head[5], struct.unpack_from("<I", head, 14)[0], head[26]
        lacing = self._waiting[at + 27 : at + 27 + count]
        begin = at + 27 + count
        if len(lacing) < count or len(self._waiting) < begin + sum(lacing):
            return None
        segments = []
        for size in lacing:
            segments.append((self._waiting[begin : begin + size], size < 255))
            begin += size
        self._waiting = self._waiting[begin:]
        return serial, bool(flags & 1), bool(flags & 2), segments

    def _take(self, packet: bytes) -> list[Piece]:
        stream = self._stream
        if stream.codec and len(stream.headers) >= stream.wanted:
            return stream.codec.decode(as_packet(packet))
        stream.headers.append(packet)
        if len(stream.headers) == 1:
            stream.wanted = _wanted_headers(packet)
        if len(stream.headers) == stream.wanted:
            stream.codec = _ogg_codec(stream.headers)
        return []


def _wanted_headers(first: bytes) -> int:
    if first.startswith((b"OpusHead", b"Speex   ")):
        return 2
    if first.startswith(b"\x01vorbis"):
        return 3
    raise BadAudio("this Ogg has no Opus, Speex or Vorbis in it")


def _ogg_codec(headers: list[bytes]) -> Codec:
    """A decoder for what follows; that of Opus skips by itself what is not to be heard (RFC 7845, 4.2)."""
    first = headers[0]
    if first.startswith(b"OpusHead"):
        if len(first) < 19:
            raise BadAudio("the header of this Opus is cut off")
        return Codec("opus", extradata=first, sample_rate=48_000, layout=name_layout(first[9]))
    if first.startswith(b"Speex   "):
        if len(first) < 80:
            raise BadAudio("the header of this Speex is cut off")
        rate, channels = (struct.unpack_from("<I", first, at)[0] for at in (36, 48))
        return Codec("speex", extradata=first, sample_rate=rate, layout=name_layout(channels))
    return Codec("vorbis", extradata=_xiph_laced(headers))


def _xiph_laced(headers: list[bytes]) -> bytes:
    """Vorbis' three headers as one, as FFmpeg takes them."""
    sizes = b""
    for header in headers[:-1]:
        sizes += b"\xff" * (len(header) // 255) + bytes([len(header) % 255])
    return bytes([len(headers) - 1]) + sizes + b"".join(headers)


class OpusPackets:
    """One bare Opus packet in each piece, or an Ogg from its first piece on."""

    def __init__(self) -> None:
        self._ogg: Ogg | None = None
        self._codec: Codec | None = None

    def feed(self, data: bytes) -> list[Piece]:
        if not self._ogg and not self._codec and data:
            if data.startswith(b"OggS"):
                self._ogg = Ogg()
            else:
                self._codec = Codec("opus", sample_rate=48_000, layout="mono")
        if self._ogg:
            return self._ogg.feed(data)
        return self._codec.decode(as_packet(data)) if self._codec and data else []

    def finish(self) -> list[Piece]:
        if self._ogg:
            return self._ogg.finish()
        return self._codec.flush() if self._codec else []
