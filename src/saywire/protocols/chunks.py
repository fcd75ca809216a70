"""Piece by piece: each frame is a recording of its own, and gets one answer.

Source: the split client and server of a Chinese recorder of system audio (github.com/WangJinchao602/
LLM-Realtime-ASR) and its older server, read 2026-11-21. A binary frame is about two seconds of audio at
16 kHz, a WAV or 16-bit PCM without a header; ``{"type": "audio", "data": base64}`` is the same in JSON. The
answer is ``transcript``, or ``error``; where nobody spoke an empty transcript, so that a client which reads
one answer to each frame never waits. Its page looks for the Chinese words: they are kept to the letter.

What is cut in the middle of a word is heard as two halves: that is how this wire is. Clients that can choose
have others.
"""

from __future__ import annotations

import binascii
from collections import deque
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import msgspec
import pybase64

from .. import messages as m
from ..audio.streaming import make_decoder
from ..errors import BadRequest, SaywireError
from ..texts import join
from ..types import RATE
from .base import Adapter, Close, Frame, Handshake, Surroundings

GREETING = "已连接到ASR服务器"
NOTHING, NO_JSON, UNKNOWN, NO_BASE64 = "收到空消息", "无效的JSON格式: ", "未知的消息类型: ", "无效的音频数据"


class Message(msgspec.Struct):
    """What a client sends as text. A value of another type than documented counts as absent."""

    type: object = None
    data: object = None


class Answer(msgspec.Struct, omit_defaults=True):
    type: str
    timestamp: str
    message: str | None = None
    text: str | None = None
    processing_time: float | None = None
    """Seconds from the frame to its answer."""


@dataclass(slots=True)
class _Piece:
    came: float
    texts: list[str] = field(default_factory=list)
    error: SaywireError | None = None


_decoder = msgspec.json.Decoder(Message)


class Chunks(Adapter):
    def __init__(self, surroundings: Surroundings) -> None:
        self._now = surroundings.now
        turns = replace(surroundings.defaults.turns, voice=False)
        self._options = replace(surroundings.defaults, turns=turns)
        self._frames: list[Frame] = []
        self._pieces: deque[_Piece] = deque()
        """Those that are not answered yet."""
        self._count = 0
        self._finishing = False

    def connect(self, handshake: Handshake) -> list[m.Command]:
        self._say(Answer("status", self._stamp(), message=GREETING))
        return [m.Configure(self._options)]

    def receive(self, frame: str | bytes) -> list[m.Command]:
        if self._finishing:
            return []
        if not frame:
            raise BadRequest(NOTHING)
        return self._hear(frame) if isinstance(frame, bytes) else self._read(frame)

    def leave(self) -> list[m.Command]:
        if self._finishing:
            return []
        self._finishing = True
        return [m.Finish()]

    def send(self, event: m.Event) -> None:
        match event:
            case m.Final(text=text) if self._pieces:
                self._pieces[0].texts.append(text)
            case m.Failed(utterance=int(), error=error) if self._pieces:
                self._pieces[0].error = error
            case m.Failed(error=error):
                self.fail(error)
            case m.Marked():
                self._answer(self._pieces.popleft())
            case m.Finished():
                self._frames.append(Close())

    def fail(self, error: SaywireError) -> None:
        self._say(Answer("error", self._stamp(), message=error.message))

    def frames_to_send(self) -> list[Frame]:
        frames, self._frames = self._frames, []
        return frames

    def _read(self, frame: str) -> list[m.Command]:
        try:
            message = _decoder.decode(frame)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as e:
            raise BadRequest(f"{NO_JSON}{e}") from e
        match message:
            case Message(type="ping"):
                self._say(Answer("pong", self._stamp()))
                return []
            case Message(type="audio", data=str(data)):
                try:
                    return self._hear(pybase64.b64decode(data, validate=True))
                except (binascii.Error, ValueError) as e:
                    raise BadRequest(NO_BASE64) from e
            case Message(type="audio"):
                raise BadRequest(NO_BASE64)
        shown = message.type if isinstance(message.type, str) else msgspec.json.encode(message.type).decode()
        raise BadRequest(f"{UNKNOWN}{shown}")

    def _hear(self, data: bytes) -> list[m.Command]:
        """Raises BadAudio for a WAV that cannot be decoded."""
        if not data:
            raise BadRequest(NOTHING)
        decoder = make_decoder("wav", RATE)
        pieces = [*decoder.feed(data), *decoder.finish()]
        self._pieces.append(_Piece(self._now()))
        self._count += 1
        heard = [m.Audio(samples, rate) for samples, rate in pieces]
        return [*heard, m.Commit(), m.Mark(self._count)]

    def _answer(self, piece: _Piece) -> None:
        if piece.error:
            return self.fail(piece.error)
        taken = round(self._now() - piece.came, 3)
        self._say(Answer("transcript", self._stamp(), text=join(piece.texts), processing_time=taken))

    def _say(self, answer: Answer) -> None:
        self._frames.append(msgspec.json.encode(answer).decode())

    def _stamp(self) -> str:
        return datetime.fromtimestamp(self._now(), UTC).isoformat()
