"""What goes over the wire of FunASR's runtime, as types, and how a client's message is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec

from ...errors import BadRequest
from ..languages import language_code

Mode = Literal["online", "offline", "2pass"]
MODES: tuple[Mode, ...] = ("online", "offline", "2pass")
LONGEST_LIST = 10_000
"""Hotwords taken from one message."""


class Message(msgspec.Struct, kw_only=True):
    """A client's text message. All fields may be absent; those that are not here are ignored."""

    mode: object = msgspec.UNSET
    chunk_size: object = msgspec.UNSET
    audio_fs: object = msgspec.UNSET
    wav_name: object = msgspec.UNSET
    wav_format: object = msgspec.UNSET
    hotwords: object = msgspec.UNSET
    svs_lang: object = msgspec.UNSET
    is_speaking: object = msgspec.UNSET
    is_finished: object = msgspec.UNSET
    is_end: object = msgspec.UNSET


@dataclass(frozen=True, slots=True)
class Settings:
    """What a client has said so far; the defaults are those of FunASR's own clients."""

    mode: Mode = "2pass"
    rate: int = 16_000
    name: str = "demo"
    form: str = "pcm"
    hotwords: tuple[str, ...] = ()
    language: str | None = None


class Sentence(msgspec.Struct):
    """A part of a text between two punctuation marks, as the runtime's C++ server has it."""

    text_seg: str
    punc: str
    start: int
    end: int
    ts_list: list[tuple[int, int]]


class Result(msgspec.Struct, omit_defaults=True):
    mode: str
    text: str
    wav_name: str
    is_final: bool
    timestamp: str | None = None
    """``[[begin, end], ...]`` in ms, as text: the runtime's page parses it."""
    stamp_sents: list[Sentence] = []
    error: str | None = None
    is_end: bool | None = None


_CHUNK = re.compile(r"\d{1,4}")
_decoder = msgspec.json.Decoder(Message)


def read(text: str) -> Message:
    """Raises BadRequest for what is no JSON object."""
    try:
        return _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as e:
        raise BadRequest(f"this is no JSON message: {e}") from e


def merge(before: Settings, message: Message) -> Settings:
    """The settings after a message. Raises BadRequest, naming the field."""
    mode, rate, form = before.mode, before.rate, before.form
    if _said(message.mode):
        mode = _mode(message.mode)
    if _said(message.audio_fs):
        rate = _rate(message.audio_fs)
    if _said(message.wav_format):
        form = str(message.wav_format).lower()
    if _said(message.chunk_size):
        _check_chunks(message.chunk_size)
    return Settings(
        mode,
        rate,
        message.wav_name if isinstance(message.wav_name, str) else before.name,
        form,
        read_hotwords(message.hotwords) if _said(message.hotwords) else before.hotwords,
        _language(message.svs_lang) if _said(message.svs_lang) else before.language,
    )


def is_true(value: object) -> bool:
    return value is True or value in (1, "true", "True")


def is_false(value: object) -> bool:
    return _said(value) and not is_true(value)


def _said(value: object) -> bool:
    return value is not msgspec.UNSET and value is not None


def _mode(value: object) -> Mode:
    for mode in MODES:
        if value == mode:
            return mode
    raise BadRequest(f"unsupported mode: {value!r}; there are: {', '.join(MODES)}", param="mode")


def _rate(value: object) -> int:
    try:
        rate = int(str(value))
    except ValueError:
        rate = 0
    if not 4_000 <= rate <= 768_000:
        raise BadRequest(
            f"audio_fs {value!r} is no sampling rate; expected 8000, 16000 or another", param="audio_fs"
        )
    return rate


def _check_chunks(value: object) -> None:
    """They are about the runtime's own model, and mean nothing to an engine here; nonsense is refused."""
    parts = re.split(r"\s*,\s*", value.strip("[] ")) if isinstance(value, str) else value
    if not isinstance(parts, list) or len(parts) != 3 or not all(_CHUNK.fullmatch(str(p)) for p in parts):
        message = f"chunk_size {value!r} is not understood; expected three numbers, as [5, 10, 5]"
        raise BadRequest(message, param="chunk_size")


def _language(value: object) -> str | None:
    return None if value in ("auto", "") or not isinstance(value, str) else language_code(value)


def read_hotwords(value: object) -> tuple[str, ...]:
    """Words from ``{"word": weight}``, as JSON text or as an object, or from text with spaces or commas.

    Weights are the runtime's; an engine here has one for all. Raises BadRequest for what is neither.
    """
    if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        try:
            value = msgspec.json.decode(value)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as e:
            raise BadRequest(f"hotwords are no JSON: {e}", param="hotwords") from e
    if isinstance(value, str):
        value = re.split(r"[\s,，、]+", value)
    if not isinstance(value, Mapping | list):
        raise BadRequest(
            'hotwords are not understood; expected text as "{\\"word\\": 20}" or "word word"',
            param="hotwords",
        )
    words = [str(word).strip() for word in value]
    if len(words) > LONGEST_LIST:
        raise BadRequest(f"{len(words)} hotwords are too many; at most {LONGEST_LIST}", param="hotwords")
    return tuple(dict.fromkeys(word for word in words if word))
