"""vLLM's own realtime wire, which shares some names with OpenAI's and nothing else.

Source: vLLM 0.32.0 (``vllm/entrypoints/speech_to_text/realtime``), read and captured 2026-11-21. The first
commit of a turn starts a generation, the last one ends its audio; pieces of text are never taken back. An
update is answered only where it is refused. Qwen3-ASR says which language it heard before the text, once
every five seconds; neither a language nor a prompt can be asked for.
"""

from __future__ import annotations

import re

import msgspec
import pybase64

from ....config import RemoteConfig
from ....types import Hypothesis, Options
from ..answer import Refusal, read_tags
from .wire import Frame, Outbox, decode, encode, event_decoder

_WORD = "l(?:a(?:n(?:g(?:u(?:a(?:g)?)?)?)?)?)?|language(?: [A-Za-z]{0,20}(?:<[a-z_]*)?)?"
_OPEN_TAG = re.compile(rf"\s*(?:{_WORD})$")
"""The end of a text which may be the beginning of a tag."""


class _Delta(msgspec.Struct):
    delta: str | None = None


class _Done(msgspec.Struct):
    text: str | None = None


class _Error(msgspec.Struct):
    error: str | None = None
    code: str | None = None


_delta, _done, _error = (
    msgspec.json.Decoder(_Delta),
    msgspec.json.Decoder(_Done),
    msgspec.json.Decoder(_Error),
)


class VllmWire:
    def __init__(self, model: str) -> None:
        self.greeted = False
        self.over = True
        self.said = Hypothesis()
        self._model = model
        self._text = ""  # as it comes, tags and all
        self._outbox = Outbox()

    @property
    def open(self) -> bool:
        return self.greeted

    def begin(self) -> None:
        self.said, self.over, self._text = Hypothesis(), False, ""
        self._outbox.put({"type": "input_audio_buffer.commit"})

    def append(self, pcm: bytes) -> Frame:
        return encode({"type": "input_audio_buffer.append", "audio": pybase64.b64encode(pcm).decode()})

    def commit(self) -> None:
        self._outbox.put({"type": "input_audio_buffer.commit", "final": True})

    def frames_to_send(self) -> list[Frame]:
        return self._outbox.take()

    def receive(self, frame: Frame) -> None:
        match decode(frame, event_decoder).type:
            case "session.created":
                self._outbox.put({"type": "session.update", "model": self._model})
                self.greeted = True
            case "transcription.delta":
                self._text += decode(frame, _delta).delta or ""
                self._hear(_OPEN_TAG.sub("", self._text))
            case "transcription.done":
                text = decode(frame, _done).text
                self._text = self._text if text is None else text
                self._hear(self._text)
                self.over = True
            case "error":
                event = decode(frame, _error)
                raise Refusal(event.error or "it gives no reason", event.code or "")

    def _hear(self, sure: str) -> None:
        text, language = read_tags(self._text)
        self.said = Hypothesis(text, len(read_tags(sure)[0]), (), language)


def make_vllm(remote: RemoteConfig, _: Options) -> VllmWire:
    return VllmWire(remote.model)
