"""What goes between the ingress and a worker: commands down, events up, over a socketpair.

A frame is ``<u32 length of the rest> <u32 session> <u8 kind> <payload>``, little-endian. The payload of
Audio is its samples (float32 at the house rate), every other one is msgpack of the message. Session
numbers are the ingress's and never used twice. Both ends are the same program: no versions, no guards
against strangers.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
import numpy as np

from .. import errors as e
from .. import messages as m
from ..engines.base import EngineInfo
from ..types import RATE, Options, Samples

HEAD = struct.Struct("<IIB")


@dataclass(frozen=True, slots=True)
class Open:
    """Down: begin a session. Answered by Configured, or by Failed(None, ...) and nothing more."""

    options: Options
    resume: m.Settled
    suspect: bool = False
    """Whether it was there when a worker died: the worker then says when it touches it."""


@dataclass(frozen=True, slots=True)
class Drop:
    """Down: forget a session."""


@dataclass(frozen=True, slots=True)
class Ping:
    """Down: are you there? Answered by Pong."""


@dataclass(frozen=True, slots=True)
class Pong:
    """Up, as session 0."""


@dataclass(frozen=True, slots=True)
class Hello:
    """Up, first, as session 0: the engine is loaded."""

    info: EngineInfo
    pid: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Up, instead of Hello: it cannot be loaded."""

    error: e.SaywireError


@dataclass(frozen=True, slots=True)
class Trying:
    """Up: until the next of its kind this session, a suspect, is to blame should the worker die; 0: none."""


Down = Open | Drop | Ping | m.Command
Up = Hello | Refused | Trying | Pong | m.Event

_AUDIO = 0
_KINDS: tuple[type, ...] = (
    m.Audio,
    Open,
    Drop,
    m.Configure,
    m.Commit,
    m.Clear,
    m.Finish,
    m.Mark,
    Hello,
    Refused,
    Trying,
    Ping,
    Pong,
    m.Configured,
    m.SpeechStarted,
    m.SpeechStopped,
    m.Partial,
    m.Final,
    m.Cleared,
    m.Failed,
    m.Settled,
    m.Marked,
    m.Finished,
)
_NUMBER = {kind: number for number, kind in enumerate(_KINDS)}
_ERRORS = {
    kind.__name__: kind
    for kind in (
        e.SaywireError,
        e.BadRequest,
        e.Unsupported,
        e.UnknownModel,
        e.BadAudio,
        e.NotAllowed,
        e.Overloaded,
        e.EngineFailed,
        e.ConfigError,
        e.OutOfOrder,
    )
}


def _simplify(value: object) -> object:
    if isinstance(value, e.SaywireError):
        return [type(value).__name__, value.message, value.code, value.param]
    raise NotImplementedError(f"{type(value).__name__} does not go over the link")


def _revive(kind: type, value: object) -> object:
    if kind is e.SaywireError:
        name, message, code, param = msgspec.convert(value, tuple[str, str, str, str | None])
        return _ERRORS[name](message, code=code, param=param)
    raise NotImplementedError(f"{kind.__name__} does not come over the link")


_encoder = msgspec.msgpack.Encoder(enc_hook=_simplify)
_decoders: list[msgspec.msgpack.Decoder[Down | Up]] = [
    msgspec.msgpack.Decoder(kind, dec_hook=_revive) for kind in _KINDS[1:]
]


def pack(session: int, message: Down | Up) -> bytes:
    """One frame."""
    if isinstance(message, m.Audio):
        payload = message.samples.tobytes()
        return HEAD.pack(5 + len(payload), session, _AUDIO) + payload
    payload = _encoder.encode(message)
    return HEAD.pack(5 + len(payload), session, _NUMBER[type(message)]) + payload


def _unpack(kind: int, payload: bytes) -> Down | Up:
    if kind == _AUDIO:
        samples: Samples = np.frombuffer(payload, np.float32)
        return m.Audio(samples, RATE)
    return _decoders[kind - 1].decode(payload)


class Unpacker:
    """Bytes as they came, to whole messages."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, Down | Up]]:
        """Yield (session, message) for every frame that is whole now; each once, even to one who stops."""
        self._bytes += data
        at = 0
        try:
            while len(self._bytes) - at >= HEAD.size:
                length, session, kind = HEAD.unpack_from(self._bytes, at)
                start, end = at + HEAD.size, at + 4 + length
                if end > len(self._bytes):
                    break
                at = end
                yield session, _unpack(kind, bytes(self._bytes[start:end]))
        finally:
            del self._bytes[:at]
