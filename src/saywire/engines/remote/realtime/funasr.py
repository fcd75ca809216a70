"""FunASR's runtime in 2pass mode: a turn is what lies between two ``is_speaking``.

Source: runtime/python/websocket and runtime/websocket of github.com/modelscope/FunASR at 3c58cb56
(2026-08-21), read 2026-11-21. Online text is appended, and replaced by the offline text of a sentence, which
is never taken back. The two servers say differently that nothing follows: the C++ one by ``is_final``, which
its Python sibling says of every sentence; that one, and saywire, by ``is_end``. Only the C++ one has a
``timestamp`` in all it says, as text or a number. Turns have names: what is late is nobody else's.
"""

from __future__ import annotations

import msgspec

from ....config import RemoteConfig
from ....texts import glue, join
from ....types import Hypothesis, Options
from ..answer import Refusal
from .wire import Frame, Outbox, decode

RATE = 16_000
WEIGHT = 20
"""Of a hot word, as FunASR's own clients give it."""


class _Message(msgspec.Struct):
    mode: str | None = None
    text: str | None = None
    wav_name: str | None = None
    is_final: bool | None = None
    is_end: bool | None = None
    timestamp: str | float | list[object] | None = None
    error: str | None = None


_message = msgspec.json.Decoder(_Message)


class FunAsrWire:
    greeted = True

    def __init__(self, language: str | None, hotwords: tuple[str, ...]) -> None:
        self.over = True
        self.said = Hypothesis()
        weights = msgspec.json.encode(dict.fromkeys(hotwords, WEIGHT)).decode() if hotwords else ""
        self._settings: dict[str, object] = {
            "mode": "2pass",
            "chunk_size": [5, 10, 5],
            "chunk_interval": 10,
            "encoder_chunk_look_back": 4,
            "decoder_chunk_look_back": 0,
            "audio_fs": RATE,
            "wav_format": "pcm",
            "hotwords": weights,
            "itn": True,
        }
        if language:
            self._settings["svs_lang"] = language
        self._turns = 0
        self._sentences: list[str] = []
        self._online = ""
        self._committed = False
        self._outbox = Outbox()

    @property
    def open(self) -> bool:
        return not self.over

    def begin(self) -> None:
        self._turns += 1
        self.said, self.over, self._committed = Hypothesis(), False, False
        self._sentences, self._online = [], ""
        self._outbox.put(self._settings | {"wav_name": self._name, "is_speaking": True})

    def append(self, pcm: bytes) -> Frame:
        return pcm

    def commit(self) -> None:
        self._committed = True
        self._outbox.put({"wav_name": self._name, "is_speaking": False, "is_end": True})

    def frames_to_send(self) -> list[Frame]:
        return self._outbox.take()

    def receive(self, frame: Frame) -> None:
        message = decode(frame, _message)
        if self.over or message.wav_name not in (None, "", self._name):
            return
        if message.error:
            raise Refusal(message.error, "")
        self._hear(message.mode or "", message.text or "")
        self.over = self._committed and _is_last(message)

    @property
    def _name(self) -> str:
        return f"turn{self._turns}"

    def _hear(self, mode: str, text: str) -> None:
        if mode.endswith("online"):
            self._online += text
        elif mode.endswith("offline"):
            self._sentences.append(text)
            self._online = ""
        sure = join(self._sentences)
        online = self._online.strip()
        self.said = Hypothesis(sure + glue(sure, online) + online, len(sure))


def _is_last(message: _Message) -> bool:
    stamped = isinstance(message.timestamp, str | float | int)
    return bool(message.is_end) or (stamped and bool(message.is_final))


def make_funasr(_: RemoteConfig, options: Options) -> FunAsrWire:
    return FunAsrWire(options.language, options.hotwords)
