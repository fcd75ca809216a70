"""Push to talk: hold, speak, let go; JSON over ``/ws/asr``, as the Chinese PTT services on FunASR speak it.

Source: the README of such a service, version 2.1.0, and what its test client does, read 2026-11-21. The
strings are part of the wire: clients show them, and some compare them.

A press is what lies between ``start`` and ``stop``. Its text grows in ``partial`` results: an audio message
is answered when all of it is decoded, by the whole of the press so far, if that has changed; so by one result
at most, since some clients read just one to each.
``stop`` is answered by its status first, then, when all is decoded, by one ``final`` result, which is empty
where nothing was said. Audio outside a press is not heard. Where the original answers only with pieces of
text that forget what came before, this wire says the press anew; ``confidence`` is measured, and null where
the engine has none.
"""

from __future__ import annotations

import binascii
from collections import deque
from dataclasses import dataclass, field, replace
from typing import Literal

import msgspec
import pybase64

from .. import messages as m
from ..audio.pcm import Pcm16
from ..errors import BadRequest, EngineFailed, Overloaded, SaywireError
from ..texts import join
from ..types import Hypothesis, Options, Word, mean_confidence
from .base import Adapter, Close, Frame, Handshake, Surroundings

LONGEST_AUDIO = 2**20
"""Characters of base64 in one message: 24 s."""
READY, STARTED, STOPPED, RESET = "连接成功，FunASR已就绪", "开始录音", "停止录音", "重置成功"
TOO_LARGE, NO_COMMAND, NO_TYPE = "音频数据过大", "未知控制指令: ", "未知消息类型: "
NOT_HEARD, BROKEN = "识别失败: ", "服务器错误: "
BUSY = "连接数已满: "
QUESTIONS = 8
"""Audio messages that may wait for an answer; of those that come meanwhile the newest gets its own later."""

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
    pieces: dict[int, m.Final] = field(default_factory=dict)
    """Ended utterances, by number: a long press has several."""
    heard: Hypothesis = field(default_factory=Hypothesis)
    """Of the utterance that has not ended."""
    shown: str = ""
    dropped: bool = False
    """Thrown away by ``reset``: what is still being decoded of it is not said."""
    stopped: float = 0.0
    """When ``stop`` came; the timestamp that came with it is ``timestamp``."""
    timestamp: int | None = None

    @property
    def text(self) -> str:
        return join([*(piece.text for piece in self.pieces.values()), self.heard.text])

    @property
    def words(self) -> list[Word]:
        return [*(word for piece in self.pieces.values() for word in piece.words), *self.heard.words]


@dataclass(frozen=True, slots=True)
class _Question:
    """An audio message that is to be answered."""

    press: _Press
    came: float
    timestamp: int | None


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
        self._marks: dict[int, _Question | _Press] = {}
        """What is done when all before a mark is decoded: an answer, or the end of a press."""
        self._late: _Question | None = None
        """The newest of the held press, where it came while too many waited."""
        self._count = 0
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

    def expire(self) -> list[m.Command]:
        return self._ask(self._late)

    def leave(self) -> list[m.Command]:
        if self._finishing:
            return []
        self._finishing = True
        return [m.Finish()]

    def send(self, event: m.Event) -> None:
        match event:
            case m.Configured():
                self._greet()
            case m.Partial(hypothesis=hypothesis) if self._presses:
                self._presses[0].heard = hypothesis
            case m.Final(utterance=utterance):
                self._keep(utterance, event)
            case m.Failed(error=error):
                self._forget()
                self.fail(error)
            case m.Marked(id=number):
                self._reach(self._marks.pop(number))
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
        question = _Question(self._held, self._now(), _milliseconds(message.timestamp))
        if len(self._marks) >= QUESTIONS:
            self._late = question
            return [m.Audio(samples)]
        return [m.Audio(samples), *self._ask(question)]

    def _ask(self, question: _Question | None) -> list[m.Command]:
        """It stands for all before it, the late one too."""
        self._late = self.deadline = None
        return [self._mark(question)] if question else []

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
        self._held = _Press()
        self._presses.append(self._held)

    def _mark(self, what: _Question | _Press) -> m.Mark:
        number, self._count = self._count, self._count + 1
        self._marks[number] = what
        return m.Mark(number)

    def _stop(self, message: Message) -> list[m.Command]:
        press, self._held, self._late = self._held, None, None
        if not press:
            return []
        press.stopped, press.timestamp = self._now(), _milliseconds(message.timestamp)
        return [m.Commit(), self._mark(press)]

    def _reset(self) -> list[m.Command]:
        """What was said in the press so far is thrown away; a press that is held goes on from here."""
        press = self._held
        if not press:
            return []
        press.dropped, self._late = True, None
        self._press()
        return [m.Clear(), self._mark(press)]

    # To the client.

    def _greet(self) -> None:
        if not self._ready:
            self._ready = True
            self._frames.append(_encode(Status(_OK, READY, self._milliseconds(), self._connection)))

    def _tell(self, message: str) -> None:
        self._frames.append(_encode(Status(_OK, message, self._milliseconds())))

    def _tell_problem(self, code: int, message: str) -> None:
        self._frames.append(_encode(Problem(code, message, self._milliseconds())))

    def _reach(self, what: _Question | _Press) -> None:
        match what:
            case _Question():
                self._answer(what)
                self.deadline = self._now() if self._late else None
            case _Press():
                self._end(what)

    def _answer(self, question: _Question) -> None:
        """With a partial, if the press is still held and there is more of it."""
        press = question.press
        if press is self._held and press.text and press.text != press.shown:
            press.shown = press.text
            self._say("partial", press, question.came, question.timestamp)

    def _keep(self, utterance: int, final: m.Final) -> None:
        self._forget()
        if self._presses and final.text:
            self._presses[0].pieces[utterance] = final

    def _forget(self) -> None:
        """An utterance has ended: what was heard of it while it was open counts no more."""
        if self._presses:
            self._presses[0].heard = Hypothesis()

    def _end(self, press: _Press) -> None:
        """All of it is decoded."""
        assert press is self._presses.popleft()
        if not press.dropped:
            self._say("final", press, press.stopped, press.timestamp)

    def _say(
        self,
        mode: Literal["partial", "final"],
        press: _Press,
        asked: float,
        timestamp: int | None,
    ) -> None:
        taken = round((self._now() - asked) * 1000, 2)
        stamp = self._milliseconds() if timestamp is None else timestamp
        confidence = mean_confidence(press.words)
        self._frames.append(_encode(Result(mode, press.text, stamp, confidence, taken)))

    def _milliseconds(self) -> int:
        return int(self._now() * 1000)


def listen_while_held(defaults: Options) -> Options:
    """Only the client ends an utterance, not silence."""
    return replace(defaults, turns=replace(defaults.turns, voice=False))


def _milliseconds(timestamp: object) -> int | None:
    """As the client sent it, where it sent one."""
    if isinstance(timestamp, bool) or not isinstance(timestamp, int | float):
        return None
    return int(timestamp) if 0 <= timestamp < 2**53 else None


def _word(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _encode(message: Status | Problem | Result) -> str:
    return msgspec.json.encode(message).decode()
