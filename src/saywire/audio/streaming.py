"""Encoded audio that arrives in pieces, cut anywhere, to mono samples, as early as a codec allows.

Contract: ``feed`` takes bytes and gives what is decoded so far, ``finish`` gives the rest; together they give
the same samples however the bytes are cut. Only BadAudio comes out, whatever goes in. Memory stays at a
packet and half a sample; what waits undecoded is limited.

Formats are those of the streaming wires: headerless PCM, WAV, Ogg (Opus, Speex, Vorbis), MP3, AAC in ADTS,
AMR. Codecs and their parsers are FFmpeg's, through PyAV; its demuxers pull and would need a thread for each
stream, so the two containers are read by ``wav.py`` and ``ogg.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from ..errors import BadAudio
from .codec import Bare, Piece
from .ogg import Ogg
from .wav import Pcm, Wav


class Decoder(Protocol):
    def feed(self, data: bytes) -> list[Piece]:
        """Raises BadAudio."""

    def finish(self) -> list[Piece]:
        """No more comes. Raises BadAudio where nothing could be decoded of what came."""


_DECODERS: Mapping[str, Callable[[int], Decoder]] = {
    "pcm": Pcm,
    "wav": Wav,
    "opus": lambda _: Ogg(),
    "ogg": lambda _: Ogg(),
    "speex": lambda _: Ogg(),
    "mp3": lambda _: Bare("mp3"),
    "aac": lambda _: Bare("aac"),
    "amr": lambda _: Bare("amrnb", b"#!AMR\n"),
    "amrwb": lambda _: Bare("amrwb", b"#!AMR-WB\n"),
}
FORMATS = tuple(_DECODERS)


def make_decoder(form: str, rate: int) -> Decoder:
    """A decoder for one of FORMATS; ``rate`` in Hz is that of audio which does not say its own.

    Raises BadAudio for another format.
    """
    if form not in _DECODERS:
        raise BadAudio(f"audio format '{form}' is not known; there are: {', '.join(FORMATS)}", param="format")
    return _DECODERS[form](rate)
