"""The wire of FunASR's runtime, in C++ and in Python: a turn is what lies between two words about speaking.

Source: runtime/websocket and runtime/python/websocket of github.com/modelscope/FunASR at 3c58cb56
(2026-08-21) and the versions before it, read 2026-11-21. In 2pass, ``2pass-online`` text is appended and but
a guess; ``2pass-offline`` text takes its place for good: one for each sentence that the server's own voice
detection finds in the turn.

What ends a turn differs: the C++ server marks its last message as final, but the Python one every sentence;
Python servers from 2026-07-29 on confirm the end, earlier ones mark everything but the last message. What
all have in common is that they give a message the name that held when its audio came: the end brings
another name, so the message that has it is the answer to the end. Nothing is said for silence, but the end is
answered. The Python server from 2026-02-04 to 2026-07-29 alone ignores the end; nothing helps against that.
"""

from __future__ import annotations

import msgspec

from ....config import RemoteConfig
from ....texts import glue
from ....types import Hypothesis, Options, Word
from ..answer import Refusal
from .stamps import place
from .wire import Frame, Outbox, decode, encode

RATE = 16_000
MODES = ("2pass", "online", "offline")
NAME = "saywire"
"""Of the audio, as a server repeats it."""
WEIGHT = 20
"""Of each hotword; that of FunASR's own examples."""


class _Message(msgspec.Struct):
    wav_name: str
    mode: str | None = None
    """None where there is no result in it."""
    text: str | None = None
    is_final: bool = False
    is_end: bool = False
    error: str | None = None
    timestamp: object = None
    stamp_sents: object = None


_message = msgspec.json.Decoder(_Message)


class FunAsrWire:
    greeted = True
    open = True

    def __init__(self, settings: dict[str, object]) -> None:
        """``settings``: of each turn."""
        self.over = True
        self.said = Hypothesis()
        self._settings = settings
        self._outbox = Outbox()
        self._turns = 0
        self._ended = False
        self._old = False
        self._sure = ""
        self._words: tuple[Word, ...] = ()
        self._guess = ""

    def begin(self) -> None:
        self.said, self.over, self._ended = Hypothesis(), False, False
        self._sure, self._words, self._guess = "", (), ""
        self._turns += 1
        self._outbox.put(self._settings)

    def append(self, pcm: bytes) -> Frame:
        return pcm

    def commit(self) -> None:
        """An old Python server answers only if it has recognised something, but always to a second end.
        Others need none, and what the C++ one makes of it nobody has tried."""
        self._ended = True
        for _ in range(2 if self._old else 1):
            self._outbox.put({"is_speaking": False, "is_end": True, "wav_name": self._end})

    def frames_to_send(self) -> list[Frame]:
        return self._outbox.take()

    def receive(self, frame: Frame) -> None:
        message = decode(frame, _message)
        answers = message.wav_name == self._end
        if message.wav_name.startswith(NAME + "-") and not answers:
            return  # to an earlier end: the turn was over before
        if message.error:
            raise Refusal(message.error, "server_error")
        mode, text = message.mode or "", message.text or ""
        guessed = mode.endswith("online")
        if guessed:
            self._old = self._old or (message.is_final and mode == "2pass-online" and not answers)
            self._guess += text
        elif mode.endswith("offline"):
            self._keep(text, place(text, message.timestamp, message.stamp_sents))
        self._say()
        self.over = self._ended and (message.is_end or (answers and (message.is_final or not guessed)))

    @property
    def _end(self) -> str:
        """The name that comes with the end of the turn."""
        return f"{NAME}-{self._turns}"

    def _keep(self, sentence: str, words: tuple[Word, ...]) -> None:
        """In place of what was guessed of it."""
        self._sure += glue(self._sure, sentence) + sentence
        self._words += words
        self._guess = ""

    def _say(self) -> None:
        text = self._sure + glue(self._sure, self._guess) + self._guess
        sure = text if self._settings["mode"] == "online" else self._sure
        self.said = Hypothesis(text, len(sure), self._words)


def make_funasr(remote: RemoteConfig, options: Options) -> FunAsrWire:
    """``remote.model`` is the mode. A frame of 100 ms is a sixth of the chunk of 600 ms, and what the Python
    server's voice detection gets at a time."""
    settings: dict[str, object] = {
        "mode": remote.model,
        "chunk_size": [5, 10, 5],
        "chunk_interval": 6,
        "encoder_chunk_look_back": 4,
        "decoder_chunk_look_back": 0,
        "audio_fs": RATE,
        "wav_name": NAME,
        "wav_format": "pcm",
        "is_speaking": True,
        "hotwords": encode(dict.fromkeys(options.hotwords, WEIGHT)) if options.hotwords else "",
        "itn": True,
    }
    if options.language:
        settings["svs_lang"] = options.language
    return FunAsrWire(settings)
