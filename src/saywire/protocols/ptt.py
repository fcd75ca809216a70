"""Push to talk: hold, speak, let go; JSON over ``/ws/asr``, as the Chinese PTT services on FunASR speak it.

Source: the README of such a service, version 2.1.0, and what its test client does, read 2026-11-21. The
strings are part of the wire: clients show them, and some compare them.

A press is what lies between ``start`` and ``stop``. Its text grows in ``partial`` results, each the whole of
the press so far and at most one for each audio message, since some clients read just one answer to each.
``stop`` is answered by its status first, then, when all is decoded, by one ``final`` result, which is empty
where nothing was said. Audio outside a press is not heard. Where the original answers only with pieces of
text that forget what came before, this wire says the press anew; ``confidence`` is measured, and null where
the engine has none.
"""

from __future__ import annotations

import binascii
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

import msgspec
import pybase64

from .. import messages as m
from ..audio.pcm import Pcm16
from ..errors import BadRequest, EngineFailed, Overloaded, SaywireError
from ..texts import join
from ..types import Options, Word, mean_confidence
from .base import Adapter, Close, Frame, Handshake, Surroundings

LONGEST_AUDIO = 2**20
"""Characters of base64 in one message: 24 s."""
READY, STARTED, STOPPED, RESET = "连接成功，FunASR已就绪", "开始录音", "停止录音", "重置成功"
TOO_LARGE, NO_COMMAND, NO_TYPE = "音频数据过大", "未知控制指令: ", "未知消息类型: "
NOT_HEARD, BROKEN = "识别失败: ", "服务器错误: "
BUSY = "连接数已满: "

_OK, _BAD, _LARGE, _FAILED, _FULL = 200, 400, 413, 500, 503
_LARGE_CODE, _BROKEN_CODE = "audio_too_large", "invalid_json"


class Message(msgspec.Struct):
    """What a client sends. A value of another type than documented counts as absent."""

    type: object = None
    command: object = None
    data: object = None
    timestamp: object = None


class Status(msgspec.Struct, tag_field="type", tag="status", omit_defaults=True):
    code: int
    message: str
    timestamp: int
    connection_id: str | None = None


class Problem(msgspec.Struct, tag_field="type", tag="error"):
    code: int
    message: str
    timestamp: int


class Result(msgspec.Struct, tag_field="type", tag="result"):
    mode: Literal["partial", "final"]
    text: str
    timestamp: int
    confidence: float | None
    processing_time_ms: float


@dataclass(slots=True)
class _Press:
    number: int
    pieces: dict[int, m.Final] = field(default_factory=dict)
    """Ended utterances, by number: a long press has several."""
    shown: str = ""
    dropped: bool = False
    """Thrown away by ``reset``: what is still being decoded of it is not said."""
    stopped: float = 0.0
    """When ``stop`` came; the timestamp that came with it is ``timestamp``."""
    timestamp: int | None = None


_decoder = msgspec.json.Decoder(Message)


class Ptt(Adapter):
    def __init__(self, surroundings: Surroundings) -> None:
        self._now = surroundings.now
        self._options = listen_while_held(surroundings.defaults)
        self._connection = surroundings.new_id("conn")
        self._frames: list[Frame] = []
        self._pcm = Pcm16()
        self._held: _Press | None = None
        """The press that is going on."""
        self._presses: deque[_Press] = deque()
        """Those of which not all is decoded, the held one the last."""
        self._count = 0
        self._heard: tuple[float, int | None] = (0.0, None)
        """When the latest audio came, and the timestamp it came with."""
        self._owed = False
        """Whether the latest audio has no answer yet."""
        self._ready = False
        self._finishing = False

    def connect(self, handshake: Handshake) -> list[m.Command]:
        return [m.Configure(self._options)]

    def receive(self, frame: str | bytes) -> list[m.Command]:
        if self._finishing:
            return []
        try:
            message = _decoder.decode(frame)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as e:
            raise BadRequest(str(e), code=_BROKEN_CODE) from e
        match message.type:
            case "audio":
                return self._hear(message)
            case "control":
                return self._control(message)
        raise BadRequest(f"{NO_TYPE}{_word(message.type)}", param="type")

    def leave(self) -> list[m.Command]:
        if self._finishing:
            return []
        self._finishing = True
        return [m.Finish()]

    def send(self, event: m.Event) -> None:
        match event:
            case m.Configured():
                self._greet()
            case m.Partial(utterance=utterance, hypothesis=hypothesis) if hypothesis.text:
                self._show(utterance, hypothesis.text, hypothesis.words)
            case m.Final(utterance=utterance):
                self._keep(utterance, event)
            case m.Failed(error=error):
                self.fail(error)
            case m.Marked(id=number):
                self._end(number)
            case m.Finished():
                self._frames.append(Close())

    def fail(self, error: SaywireError) -> None:
        match error:
            case BadRequest(code=code) if code == _BROKEN_CODE:
                self._tell_problem(_FAILED, f"{BROKEN}{error}")
            case BadRequest(code=code) if code == _LARGE_CODE:
                self._tell_problem(_LARGE, TOO_LARGE)
            case BadRequest():
                self._tell_problem(_BAD, error.message)
            case EngineFailed():
                self._tell_problem(_FAILED, f"{NOT_HEARD}{error}")
            case Overloaded():
                self._tell_problem(_FULL, f"{BUSY}{error}")
            case _:
                self._tell_problem(_FAILED, f"{BROKEN}{error}")

    def frames_to_send(self) -> list[Frame]:
        frames, self._frames = self._frames, []
        return frames

    # From the client.

    def _hear(self, message: Message) -> list[m.Command]:
        data = message.data
        if not self._held or not isinstance(data, str):
            return []
        if len(data) > LONGEST_AUDIO:
            raise BadRequest(TOO_LARGE, code=_LARGE_CODE, param="data")
        try:
            samples = self._pcm.feed(pybase64.b64decode(data, validate=True))
        except (binascii.Error, ValueError):
            return []  # as the original does: a client is not told of one bad message among many
        if not len(samples):
            return []
        self._heard = self._now(), _milliseconds(message.timestamp)
        self._owed = True
        return [m.Audio(samples)]

    def _control(self, message: Message) -> list[m.Command]:
        match message.command:
            case "start":
                self._tell(STARTED)
                return self._start()
            case "stop":
                self._tell(STOPPED)
                return self._stop(message)
            case "reset":
                self._tell(RESET)
                return self._reset()
        raise BadRequest(f"{NO_COMMAND}{_word(message.command)}", param="command")

    def _start(self) -> list[m.Command]:
        if not self._held:
            self._press()
        return []

    def _press(self) -> None:
        self._pcm.reset()
        self._owed = False
        self._held = _Press(self._count)
        self._count += 1
        self._presses.append(self._held)

    def _stop(self, message: Message) -> list[m.Command]:
        press, self._held = self._held, None
        if not press:
            return []
        press.stopped, press.timestamp = self._now(), _milliseconds(message.timestamp)
        return [m.Commit(), m.Mark(press.number)]

    def _reset(self) -> list[m.Command]:
        """What was said in the press so far is thrown away; a press that is held goes on from here."""
        press = self._held
        if not press:
            return []
        press.dropped = True
        self._press()
        return [m.Clear(), m.Mark(press.number)]

    # To the client.

    def _greet(self) -> None:
        if not self._ready:
            self._ready = True
            self._frames.append(_encode(Status(_OK, READY, self._milliseconds(), self._connection)))

    def _tell(self, message: str) -> None:
        self._frames.append(_encode(Status(_OK, message, self._milliseconds())))

    def _tell_problem(self, code: int, message: str) -> None:
        self._frames.append(_encode(Problem(code, message, self._milliseconds())))

    def _show(self, utterance: int, text: str, words: tuple[Word, ...]) -> None:
        """A partial, if the press is still held and the client is owed an answer."""
        press = self._held
        if not press or press is not self._presses[0] or not self._owed:
            return
        line = join([_text(press), text])
        if line == press.shown:
            return
        self._owed = False
        press.shown = line
        came, timestamp = self._heard
        self._say("partial", line, [*_words(press), *words], came, timestamp)

    def _keep(self, utterance: int, final: m.Final) -> None:
        if self._presses and final.text:
            self._presses[0].pieces[utterance] = final

    def _end(self, number: int) -> None:
        """All of a press is decoded."""
        press = self._presses.popleft()
        assert press.number == number
        if not press.dropped:
            self._say("final", _text(press), _words(press), press.stopped, press.timestamp)

    def _say(
        self,
        mode: Literal["partial", "final"],
        text: str,
        words: Iterable[Word],
        asked: float,
        timestamp: int | None,
    ) -> None:
        taken = round((self._now() - asked) * 1000, 2)
        stamp = self._milliseconds() if timestamp is None else timestamp
        self._frames.append(_encode(Result(mode, text, stamp, mean_confidence(words), taken)))

    def _milliseconds(self) -> int:
        return int(self._now() * 1000)


def listen_while_held(defaults: Options) -> Options:
    """Only the client ends an utterance, not silence."""
    return replace(defaults, turns=replace(defaults.turns, voice=False))


def _text(press: _Press) -> str:
    return join(piece.text for piece in press.pieces.values())


def _words(press: _Press) -> list[Word]:
    return [word for piece in press.pieces.values() for word in piece.words]


def _milliseconds(timestamp: object) -> int | None:
    """As the client sent it, where it sent one."""
    if isinstance(timestamp, bool) or not isinstance(timestamp, int | float):
        return None
    return int(timestamp) if 0 <= timestamp < 2**53 else None


def _word(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _encode(message: Status | Problem | Result) -> str:
    return msgspec.json.encode(message).decode()
