"""A window of audio as the request of a dialect. Pure."""

from __future__ import annotations

import io
import wave
from dataclasses import dataclass

import msgspec
import numpy as np
import pybase64

from ...audio.pcm import to_pcm16
from ...config import RemoteConfig
from ...protocols.languages import NAMES
from ...types import RATE, Samples
from ..recognizer import Window
from .dialects import Dialect

SHORTEST = 0.5
"""Seconds that audio is filled up to with silence: OpenAI refuses less than 0.1, Qwen3-ASR wants 0.5."""
TOKENS, TOKENS_A_SECOND = 64, 24
"""That a bounded answer may have: speech at its fastest has ten syllables a second."""
_QWEN_NAMES = NAMES | {"tl": "filipino"}
"""Languages as Qwen3-ASR calls them, apart from their capitals."""


@dataclass(frozen=True, slots=True)
class Form:
    """multipart/form-data."""

    fields: tuple[tuple[str, str], ...]
    file: bytes
    """A WAV file, the field ``file``."""


@dataclass(frozen=True, slots=True)
class Json:
    body: bytes
    begin: str = ""
    """What the answer goes on from and does not say again."""


Request = Form | Json


def write(dialect: Dialect, remote: RemoteConfig, window: Window) -> Request:
    """What the server is asked. The same window always makes the same request."""
    file = to_wav(window.samples)
    if dialect.audio == "file":
        return Form(_fields(dialect, remote, window), file)
    body = _native if dialect.audio == "native" else _chat
    return Json(msgspec.json.encode(body(dialect, remote, window, file)), _begin(dialect, window))


def to_wav(samples: Samples) -> bytes:
    """16-bit WAV at the house rate, of ``SHORTEST`` at least."""
    missing = max(0, round(SHORTEST * RATE) - len(samples))
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(RATE)
        writer.writeframes(to_pcm16(np.pad(samples, (0, missing))))
    return file.getvalue()


def _fields(dialect: Dialect, remote: RemoteConfig, window: Window) -> tuple[tuple[str, str], ...]:
    fields = [("model", remote.model), ("response_format", "verbose_json" if dialect.verbose else "json")]
    fields += [(name, str(value)) for name, value in dialect.extra]
    if dialect.words:
        # The brackets are how every client of OpenAI sends a list; segments carry the model's doubts.
        fields += [("timestamp_granularities[]", kind) for kind in ("word", "segment")]
    if dialect.stream:
        fields.append(("stream", "true"))
    if window.options.language:
        fields.append(("language", window.options.language))
    if prompt := _prompt(dialect, window):
        fields.append(("prompt", prompt))
    return tuple(fields)


def _chat(dialect: Dialect, remote: RemoteConfig, window: Window, file: bytes) -> dict[str, object]:
    messages = _messages(dialect, remote, window, file)
    body: dict[str, object] = {"model": remote.model, "messages": messages, "stream": dialect.stream}
    if dialect.stream:
        body["stream_options"] = {"include_usage": True}
    if dialect.bounded:
        body["max_tokens"] = TOKENS + round(TOKENS_A_SECOND * len(window.samples) / RATE)
    return body | _asr_options(dialect, window) | dict(dialect.extra)


def _native(dialect: Dialect, remote: RemoteConfig, window: Window, file: bytes) -> dict[str, object]:
    parameters = _asr_options(dialect, window) | ({"incremental_output": True} if dialect.stream else {})
    messages = _messages(dialect, remote, window, file)
    return {"model": remote.model, "input": {"messages": messages}, "parameters": parameters}


def _messages(dialect: Dialect, remote: RemoteConfig, window: Window, file: bytes) -> list[dict[str, object]]:
    content = [_audio_part(dialect, file)]
    if instruction := _instruction(dialect, remote, window):
        content.append({"type": "text", "text": instruction})
    messages: list[dict[str, object]] = [{"role": "user", "content": content}]
    prompt = _prompt(dialect, window)
    if prompt and dialect.prompt == "system":
        messages.insert(0, {"role": "system", "content": prompt})
    elif prompt and dialect.prompt == "system_parts":
        messages.insert(0, {"role": "system", "content": [{"text": prompt}]})
    if dialect.follow != "none":
        messages.append({"role": "assistant", "content": _begin(dialect, window)})
    return messages


def _asr_options(dialect: Dialect, window: Window) -> dict[str, object]:
    if dialect.language != "asr_options":
        return {}
    language = window.options.language
    return {"asr_options": {"enable_itn": False} | ({"language": language} if language else {})}


def _audio_part(dialect: Dialect, file: bytes) -> dict[str, object]:
    data = pybase64.b64encode(file).decode()
    url = f"data:audio/wav;base64,{data}"
    if dialect.audio == "native":
        return {"audio": url}
    if dialect.audio == "audio_url":
        return {"type": "audio_url", "audio_url": {"url": url}}
    return {
        "type": "input_audio",
        "input_audio": {"data": data if dialect.audio == "base64" else url, "format": "wav"},
    }


def _begin(dialect: Dialect, window: Window) -> str:
    """What the answer is to go on from."""
    text, language = window.prefix.strip(), window.options.language
    if dialect.follow == "none":
        return ""
    if dialect.follow == "plain" or not language:
        return text
    return f"language {_QWEN_NAMES.get(language, language).title()}<asr_text>{text}"


def _instruction(dialect: Dialect, remote: RemoteConfig, window: Window) -> str:
    if not dialect.instruction:
        return ""
    parts = [remote.instruction or dialect.instruction]
    if language := window.options.language:
        parts.append(f"The language is {NAMES.get(language, language).title()}.")
    if prompt := _prompt(dialect, window):
        parts.append(f"These words may help, but may not be said: {prompt}")
    return " ".join(parts)


def _prompt(dialect: Dialect, window: Window) -> str:
    if dialect.prompt == "none":
        return ""
    options = window.options
    before = window.before if dialect.before else ""
    return " ".join(part for part in (options.prompt, ", ".join(options.hotwords), before.strip()) if part)
