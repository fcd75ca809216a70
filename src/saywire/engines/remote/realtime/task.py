"""DashScope's task protocol, which Paraformer, Fun-ASR and Qwen-Audio speak: a turn is a task.

Source: Alibaba Cloud Model Studio, "Paraformer real-time speech recognition WebSocket API", and what its SDK
dashscope 2.0.2 sends and takes, read 2026-11-21. One task follows the other on a connection. The server
finds sentences of its own in a task: one that has ended is never taken back, the open one is replaced by
each result. The SDK takes a sentence for ended when it has an ``end_time``; so do we. Gummy's
``transcription`` results are another form and not read here.
"""

from __future__ import annotations

from uuid import uuid4

import msgspec

from ....config import RemoteConfig
from ....texts import join
from ....types import Hypothesis, Options, Word
from ..answer import Refusal
from .wire import Frame, Outbox, decode

RATE = 16_000


class _Header(msgspec.Struct):
    event: str
    task_id: str | None = None
    error_code: str | None = None
    error_message: str | None = None


class _Word(msgspec.Struct):
    text: str
    begin_time: float = 0
    end_time: float | None = None
    """Milliseconds of the task's audio, as all times are."""
    punctuation: str | None = None


class _Sentence(msgspec.Struct):
    text: str = ""
    end_time: float | None = None
    sentence_end: bool | None = None
    heartbeat: bool | None = None
    words: list[_Word] | None = None


class _Output(msgspec.Struct):
    sentence: _Sentence | None = None


class _Payload(msgspec.Struct):
    output: _Output | None = None


class _Event(msgspec.Struct):
    header: _Header


class _Result(msgspec.Struct):
    payload: _Payload | None = None


_event, _result = msgspec.json.Decoder(_Event), msgspec.json.Decoder(_Result)


class TaskWire:
    greeted = True

    def __init__(self, model: str, language: str | None) -> None:
        self.open = False
        self.over = True
        self.said = Hypothesis()
        self._model = model
        self._parameters: dict[str, object] = {"format": "pcm", "sample_rate": RATE}
        if language:
            self._parameters["language_hints"] = [language]
        self._task = ""
        self._ended: list[_Sentence] = []
        self._outbox = Outbox()

    def begin(self) -> None:
        self.said, self.over, self._ended, self._task = Hypothesis(), False, [], uuid4().hex
        about = {"task_group": "audio", "task": "asr", "function": "recognition", "model": self._model}
        self._put("run-task", about | {"parameters": self._parameters, "input": {}})

    def append(self, pcm: bytes) -> Frame:
        return pcm

    def commit(self) -> None:
        self._put("finish-task", {"input": {}})

    def frames_to_send(self) -> list[Frame]:
        return self._outbox.take()

    def receive(self, frame: Frame) -> None:
        header = decode(frame, _event).header
        if header.task_id not in (None, self._task):
            return
        match header.event:
            case "task-started":
                self.open = True
            case "result-generated":
                self._hear(decode(frame, _result).payload)
            case "task-finished":
                self.open, self.over = False, True
            case "task-failed":
                self.open = False
                raise Refusal(header.error_message or "it gives no reason", header.error_code or "")

    def _put(self, action: str, payload: object) -> None:
        header = {"action": action, "task_id": self._task, "streaming": "duplex"}
        self._outbox.put({"header": header, "payload": payload})

    def _hear(self, payload: _Payload | None) -> None:
        sentence = payload.output.sentence if payload and payload.output else None
        if sentence is None or sentence.heartbeat:
            return
        ended = sentence.sentence_end or sentence.end_time is not None
        if ended:
            self._ended.append(sentence)
        sentences = self._ended if ended else [*self._ended, sentence]
        stable = join(s.text for s in self._ended)
        text = join(s.text for s in sentences)
        words = tuple(_word(word) for s in sentences for word in s.words or ())
        self.said = Hypothesis(text, len(stable), words)


def _word(word: _Word) -> Word:
    end = word.begin_time if word.end_time is None else word.end_time
    return Word((word.text + (word.punctuation or "")).strip(), word.begin_time / 1000, end / 1000)


def make_task(remote: RemoteConfig, options: Options) -> TaskWire:
    return TaskWire(remote.model, options.language)
