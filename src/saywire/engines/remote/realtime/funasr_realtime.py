"""The wire of FunASR's newer realtime server (Fun-ASR-Nano): a turn is what lies between START and STOP.

Source: funasr/bin/realtime_ws.py of github.com/modelscope/FunASR at 3c58cb56 (2026-08-21), read 2026-11-21.
Commands are plain words; each snapshot has the sentences that the server's own voice detection has ended,
which stay, and the text of the open one, which may change. Word times there are none.
"""

from __future__ import annotations

import msgspec

from ....config import RemoteConfig
from ....texts import glue, join
from ....types import Hypothesis, Options
from ..answer import Refusal, Unreadable
from .wire import Frame, decode

RATE = 16_000
LANGUAGES = {"zh": "中文", "en": "英文", "ja": "日文", "ko": "韩文", "yue": "粤语"}
"""As the model is told; others are left to it."""


class _Sentence(msgspec.Struct):
    text: str


class _Message(msgspec.Struct):
    event: str | None = None
    error: str | None = None
    sentences: list[_Sentence] | None = None
    partial: str | None = None


_message = msgspec.json.Decoder(_Message)


class FunAsrRealtimeWire:
    """It greets nobody, so it is asked to START, which tells it from the runtime's servers."""

    def __init__(self, language: str | None, hotwords: tuple[str, ...]) -> None:
        self.greeted = self.open = False
        self.over = True
        self.said = Hypothesis()
        self._frames: list[Frame] = []
        if hotwords:
            self._frames.append("HOTWORDS:" + ",".join(word.replace(",", " ") for word in hotwords))
        if name := LANGUAGES.get(language or ""):
            self._frames.append("LANGUAGE:" + name)
        self._frames.append("START")

    def begin(self) -> None:
        self.said, self.open, self.over = Hypothesis(), False, False
        self._frames.append("START")

    def append(self, pcm: bytes) -> Frame:
        return pcm

    def commit(self) -> None:
        self._frames.append("STOP")

    def frames_to_send(self) -> list[Frame]:
        frames, self._frames = self._frames, []
        return frames

    def receive(self, frame: Frame) -> None:
        message = decode(frame, _message)
        match message.event:
            case "started":
                self.greeted = self.open = True
            case "stopped":
                self.open, self.over = False, True
            case "error":
                raise Refusal(message.error or "it gives no reason", "")
            case None if message.sentences is not None:
                self._hear(message.sentences, message.partial or "")
            case None:
                raise Unreadable("neither an event nor sentences")

    def _hear(self, sentences: list[_Sentence], partial: str) -> None:
        sure = join(sentence.text for sentence in sentences)
        self.said = Hypothesis(sure + glue(sure, partial) + partial, len(sure))


def make_realtime(_: RemoteConfig, options: Options) -> FunAsrRealtimeWire:
    return FunAsrRealtimeWire(options.language, options.hotwords)
