"""The two forms of DashScope's recognition over HTTP: chat completions as OpenAI has them, and its own.

Source: Alibaba Cloud's page on Qwen3-ASR, 2026-11-21. Tokens are counted as the page says, 25 for a second of
audio; those of text are its characters or words.
"""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import replace
from typing import Protocol, TypeVar

import msgspec
from starlette.responses import Response

from ..errors import BadRequest, SaywireError
from ..protocols.dashscope.corpus import find_hotwords
from ..protocols.dashscope.items import EMOTION
from ..protocols.languages import language_code
from ..texts import UNSPACED
from ..types import Options
from . import problems

TOKENS = 25
"""Of a second of audio."""
_PIECE = re.compile(f"[{UNSPACED}]|[^\\s{UNSPACED}]+")

T = TypeVar("T")


class Asr(msgspec.Struct, frozen=True):
    language: str | None = None
    enable_itn: bool = False


class Audio(msgspec.Struct, frozen=True):
    data: str


class Part(msgspec.Struct, frozen=True):
    type: str = ""
    text: str | None = None
    input_audio: Audio | None = None
    audio: str | None = None


class Message(msgspec.Struct, frozen=True):
    role: str
    content: str | list[Part]


class Chat(msgspec.Struct, frozen=True):
    messages: list[Message]
    model: str = ""
    stream: bool = False
    asr_options: Asr = Asr()


class NativeInput(msgspec.Struct, frozen=True):
    messages: list[Message]


class NativeParameters(msgspec.Struct, frozen=True):
    asr_options: Asr = Asr()
    incremental_output: bool = False


class Native(msgspec.Struct, frozen=True):
    input: NativeInput
    model: str = ""
    parameters: NativeParameters = NativeParameters()


class Ask(msgspec.Struct, frozen=True):
    """What both forms come to."""

    audio: str
    options: Options
    model: str
    stream: bool
    incremental: bool = True
    """Whether each piece of a stream is only what is new."""


class Heard(msgspec.Struct, frozen=True):
    """A state of a transcript on its way."""

    text: str
    new: str
    language: str | None
    seconds: float = 0.0
    ended: bool = False


class Form(Protocol):
    """How a request is read and an answer written."""

    def read(self, body: bytes, streams: bool, defaults: Options) -> Ask:
        """Raises BadRequest."""

    def whole(self, ask: Ask, heard: Heard) -> object: ...

    def event(self, ask: Ask, heard: Heard, first: bool) -> bytes: ...

    def end(self, ask: Ask) -> bytes: ...

    def refuse(self, error: SaywireError) -> Response: ...


class ChatForm:
    """As OpenAI's chat completions."""

    def read(self, body: bytes, streams: bool, defaults: Options) -> Ask:
        asked = _decode(body, Chat)
        options = _options(asked.model, asked.messages, asked.asr_options, defaults)
        return Ask(_audio(asked.messages), options, asked.model, asked.stream)

    def whole(self, ask: Ask, heard: Heard) -> object:
        message = {"role": "assistant", "content": heard.text, "annotations": _annotations(heard)}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        return self._frame(ask, "chat.completion", [choice], self._usage(heard))

    def event(self, ask: Ask, heard: Heard, first: bool) -> bytes:
        delta: dict[str, object] = {"content": heard.new, "annotations": _annotations(heard)}
        if first:
            delta = {"role": "assistant"} | delta
        choice = {"index": 0, "delta": delta, "finish_reason": "stop" if heard.ended else None}
        usage = self._usage(heard) if heard.ended else None
        return _data(self._frame(ask, "chat.completion.chunk", [choice], usage))

    def end(self, ask: Ask) -> bytes:
        return b"data: [DONE]\n\n"

    def refuse(self, error: SaywireError) -> Response:
        return problems.respond(error)

    def _frame(self, ask: Ask, kind: str, choices: list[object], usage: object) -> object:
        name = f"chatcmpl-{secrets.token_hex(12)}"
        frame = {"id": name, "object": kind, "created": int(time.time()), "model": ask.model}
        return frame | {"choices": choices, "usage": usage, "system_fingerprint": None}

    def _usage(self, heard: Heard) -> object:
        audio, text = round(heard.seconds * TOKENS), _count(heard.text)
        details = {"audio_tokens": audio, "text_tokens": 0}
        total = {"prompt_tokens": audio, "completion_tokens": text, "total_tokens": audio + text}
        return total | {"seconds": round(heard.seconds), "prompt_tokens_details": details}


class NativeForm:
    """DashScope's own."""

    def read(self, body: bytes, streams: bool, defaults: Options) -> Ask:
        asked = _decode(body, Native)
        said, given = asked.input.messages, asked.parameters
        options = _options(asked.model, said, given.asr_options, defaults)
        return Ask(_audio(said), options, asked.model, streams, given.incremental_output)

    def whole(self, ask: Ask, heard: Heard) -> object:
        text = heard.new if ask.stream and ask.incremental else heard.text
        message = {
            "role": "assistant",
            "content": [{"text": text}] if text or not ask.stream else [],
            "annotations": _annotations(heard),
        }
        choice = {"finish_reason": "stop" if heard.ended else "null", "message": message}
        usage = {
            "input_tokens_details": {"text_tokens": 0},
            "output_tokens_details": {"text_tokens": _count(heard.text)},
            "seconds": round(heard.seconds),
        }
        return {"output": {"choices": [choice]}, "usage": usage, "request_id": secrets.token_hex(16)}

    def event(self, ask: Ask, heard: Heard, first: bool) -> bytes:
        return b"event:result\n:HTTP_STATUS/200\n" + _data(self.whole(ask, heard))

    def end(self, ask: Ask) -> bytes:
        return b""

    def refuse(self, error: SaywireError) -> Response:
        status = problems.status(error)
        code = "InvalidParameter" if status == 400 else "ModelNotFound" if status == 404 else "InternalError"
        body = {"code": code, "message": error.message, "request_id": secrets.token_hex(16)}
        return Response(msgspec.json.encode(body), status, media_type="application/json")


def _decode(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as e:
        raise BadRequest(f"the request is not understood: {e}") from e


def _audio(messages: list[Message]) -> str:
    """The recording of the last message that has one. Raises BadRequest where there is none."""
    for message in reversed(messages):
        for part in message.content if isinstance(message.content, list) else ():
            found = part.input_audio.data if part.input_audio else part.audio
            if found and message.role == "user":
                return found
    raise BadRequest("there is no audio in the messages of the user", param="messages")


def _options(model: str, messages: list[Message], asr: Asr, defaults: Options) -> Options:
    language = language_code(asr.language) if asr.language else None
    if asr.language and not language:
        raise BadRequest(f"language '{asr.language[:40]}' is not known", param="asr_options.language")
    context = "\n".join(_context(messages))
    return replace(
        defaults,
        model=model or defaults.model,
        language=language or defaults.language,
        prompt=context or defaults.prompt,
        hotwords=find_hotwords(context) or defaults.hotwords,
    )


def _context(messages: list[Message]) -> list[str]:
    lines: list[str] = []
    for message in messages:
        if message.role == "system":
            parts = (
                [message.content] if isinstance(message.content, str) else [p.text for p in message.content]
            )
            lines += [part for part in parts if part]
    return lines


def _annotations(heard: Heard) -> list[object]:
    return [{"type": "audio_info", "language": heard.language, "emotion": EMOTION}]


def _count(text: str) -> int:
    return len(_PIECE.findall(text))


def _data(body: object) -> bytes:
    return b"data: " + msgspec.json.encode(body) + b"\n\n"
