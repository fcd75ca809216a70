"""WAV that arrives in pieces, one file after the other where a client sends several.

Source: RIFF and WAVE (Microsoft and IBM, 1991; WAVEFORMATEXTENSIBLE, 2001).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import BadAudio
from .codec import MOST_WAITING, Codec, Piece, as_packet, name_layout
from .pcm import Pcm16


class Pcm:
    """16-bit little-endian PCM without a header."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._pcm = Pcm16()

    def feed(self, data: bytes) -> list[Piece]:
        samples = self._pcm.feed(data)
        return [(samples, self._rate)] if len(samples) else []

    def finish(self) -> list[Piece]:
        return []


# WAVE_FORMAT tags and bits to FFmpeg's names.
_WAVE_CODECS: Mapping[tuple[int, int], str] = {
    (1, 8): "pcm_u8",
    (1, 16): "pcm_s16le",
    (1, 24): "pcm_s24le",
    (1, 32): "pcm_s32le",
    (3, 32): "pcm_f32le",
    (3, 64): "pcm_f64le",
    (6, 8): "pcm_alaw",
    (7, 8): "pcm_mulaw",
}
_EXTENSIBLE = 0xFFFE


@dataclass(slots=True)
class _Wave:
    codec: Codec
    block: int
    """Bytes of one sample of all channels."""
    left: int
    """Bytes of the data chunk that have not come yet."""


class Wav:
    """RIFF, one after the other where a client sends several; PCM at ``rate`` where there is no header."""

    def __init__(self, rate: int) -> None:
        self._waiting = b""
        self._format: tuple[Codec, int] | None = None
        self._wave: _Wave | None = None
        self._plain: Pcm | None = None
        self._rate = rate
        self._began = False

    def feed(self, data: bytes) -> list[Piece]:
        if self._plain:
            return self._plain.feed(data)
        self._waiting += data
        pieces: list[Piece] = []
        while (step := self._step()) is not None:
            pieces += step
        if len(self._waiting) > MOST_WAITING:
            raise BadAudio("this WAV has no audio in its first megabyte")
        return pieces

    def finish(self) -> list[Piece]:
        if self._plain or self._began:
            return []
        self._plain, rest = Pcm(self._rate), self._waiting
        return self._plain.feed(rest)

    def _step(self) -> list[Piece] | None:
        """Take what comes next; None where more must come first."""
        if self._wave:
            return self._data(self._wave)
        if len(self._waiting) < 12:
            return None
        if not self._began and not is_wav(self._waiting):
            self._plain, rest = Pcm(self._rate), self._waiting
            self._waiting = b""
            return self._plain.feed(rest) or None
        return self._chunk()

    def _data(self, wave: _Wave) -> list[Piece] | None:
        whole = min(len(self._waiting), wave.left) // wave.block * wave.block
        if not whole:
            if wave.left >= wave.block:
                return None
            self._wave = None  # a rest that is no whole sample belongs to nobody
            return []
        data, self._waiting = self._waiting[:whole], self._waiting[whole:]
        wave.left -= whole
        return wave.codec.decode(as_packet(data))

    def _chunk(self) -> list[Piece] | None:
        """A chunk of the header, or a new header."""
        if is_wav(self._waiting):
            self._began = True
            self._waiting = self._waiting[12:]
            return []
        name, size = struct.unpack_from("<4sI", self._waiting)
        if name == b"data":
            if not self._format:
                raise BadAudio("this WAV says nothing of its format before its data")
            codec, block = self._format
            self._waiting = self._waiting[8:]
            # a file that was still being written, or is streamed, says 0 or all ones
            self._wave = _Wave(codec, block, size if 0 < size < 0xFFFFFF00 else 2**62)
            return []
        end = 8 + size + size % 2
        if len(self._waiting) < end:
            return None
        if name == b"fmt ":
            self._format = _wave_format(self._waiting[8:end])
        self._waiting = self._waiting[end:]
        return []


def is_wav(data: bytes) -> bool:
    return data[:4] == b"RIFF" and data[8:12] == b"WAVE"


def _wave_format(chunk: bytes) -> tuple[Codec, int]:
    """A decoder, and the bytes of a sample of all channels."""
    if len(chunk) < 16:
        raise BadAudio(f"the format chunk of this WAV has {len(chunk)} bytes; 16 are the least")
    tag, channels, rate, _, block, bits = struct.unpack_from("<HHIIHH", chunk)
    if tag == _EXTENSIBLE and len(chunk) >= 26:
        tag = struct.unpack_from("<H", chunk, 24)[0]
    codec = _WAVE_CODECS.get((tag, bits))
    if not codec or not 1 <= channels <= 8 or block != channels * bits // 8 or not 4_000 <= rate <= 768_000:
        raise BadAudio(f"WAV format {tag} with {bits} bits, {channels} channels, {rate} Hz is not known here")
    return Codec(codec, sample_rate=rate, layout=name_layout(channels)), block
