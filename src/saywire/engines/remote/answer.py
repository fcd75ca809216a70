"""What a server answers, as what was heard: JSON or server-sent events, of a transcription or a chat.

Sans-I/O. The form tells what it is, whatever was asked for.
Sources: openai-openapi openapi.yaml 2026-08-21
(CreateTranscriptionResponse*, transcript.text.delta and .done, chat.completion.chunk); vLLM 0.32.0, captured:
``transcription.chunk`` with ``choices`` as in a chat, then ``[DONE]``; DashScope's own interface, documented:
``output`` around ``choices``, whose streamed messages are increments. A stream that breaks off is no answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import msgspec

from ...protocols.languages import language_code
from ...types import Word
from ..agreement import split_words
from ..recognizer import Recognition
from .words import fit

_TAG = re.compile(r"\s*language ([A-Za-z]+(?: [A-Za-z]+)*)<asr_text>")
"""What Qwen3-ASR says before the text, once for each piece of long audio."""
_BLANKS = re.compile(r"[ \t\r\n]+")
"""Segments have a space before them, and vLLM puts one between them, too."""
_THOUGHT = re.compile(r"^\s*<think>.*?</think>", re.DOTALL)


class Unreadable(Exception):
    """The answer is not in any form known here."""


class Refusal(Exception):
    """The server's own words for what went wrong, in an answer that began well."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


class NoTimes(Exception):
    """Text without the times of its words, where they were asked for."""


class _Error(msgspec.Struct):
    message: str = ""
    code: str | int | None = None


class _Word(msgspec.Struct):
    word: str
    start: float
    end: float
    probability: float | None = None


class _Segment(msgspec.Struct):
    start: float = 0.0
    end: float = 0.0
    avg_logprob: float | None = None
    no_speech_prob: float | None = None


class _Language(msgspec.Struct):
    code: str | None = None


class _Part(msgspec.Struct):
    text: str = ""


class _Annotation(msgspec.Struct):
    language: str | None = None


class _Message(msgspec.Struct):
    content: str | list[_Part] | None = None
    annotations: list[_Annotation] | None = None


class _Choice(msgspec.Struct):
    message: _Message | None = None
    delta: _Message | None = None
    finish_reason: str | None = None


class _Output(msgspec.Struct):
    choices: list[_Choice] | None = None


class _Body(msgspec.Struct):
    """All answers at once; which it is shows in what is there."""

    type: str | None = None
    text: str | None = None
    delta: str | None = None
    language: str | None = None
    languages: list[_Language] | None = None
    segments: list[_Segment] | None = None
    words: list[_Word] | None = None
    choices: list[_Choice] | None = None
    output: _Output | None = None
    error: _Error | str | None = None
    detail: str | None = None
    code: str | int | None = None
    message: str | None = None

    @property
    def chosen(self) -> _Choice | None:
        choices = self.choices or (self.output.choices if self.output else None)
        return choices[0] if choices else None


def read(data: bytes, timed: bool = False, begin: str = "") -> Recognition:
    """A whole answer, which goes on from ``begin``. ``timed``: its words must have times.

    Raises Unreadable, Refusal, NoTimes.
    """
    body = _decode(data)
    _check(body)
    if choice := body.chosen:
        messages = [choice.message] if choice.message else []
        return _recognize("".join(map(_content, messages)), _annotated(messages), begin)
    if body.text is None:
        raise Unreadable("neither text nor choices")
    if timed:
        return _doubted(Recognition(_timed(body.text, body.words), _language(body)), body.segments)
    return _doubted(_recognize(body.text, _language(body)), body.segments)


def complaint(data: bytes) -> tuple[str, str]:
    """What the body of an error says, and its code; empty where it says nothing that can be read."""
    try:
        body = _decode(data)
    except Unreadable:
        return "", ""
    match body.error:
        case _Error(message, code):
            return message, str(code or "")
        case str(message):
            return message, ""
    return body.detail or body.message or "", str(body.code or "")


class Stream:
    """Server-sent events as they come, cut anywhere; ``complete`` once the server has said that it is all.

    They go on from ``begin``.
    """

    def __init__(self, begin: str = "") -> None:
        self.complete = False
        self._begin = begin
        self._lines = Lines()
        self._data: list[str] = []
        self._pieces: list[str] = []
        self._text: str | None = None
        self._language: str | None = None

    def feed(self, data: bytes) -> None:
        """Raises Unreadable, Refusal."""
        for line in self._lines.feed(data):
            name, _, value = line.partition(":")
            if name == "data":  # comments keep the line open; event, id and retry say nothing here
                self._data.append(value.removeprefix(" "))
            elif not line and self._data:
                event, self._data = "\n".join(self._data), []
                self._take(event)

    def recognize(self) -> Recognition:
        text = "".join(self._pieces) if self._text is None else self._text
        return _recognize(text, self._language, self._begin)

    def _take(self, event: str) -> None:
        if event.strip() == "[DONE]":
            self.complete = True
            return
        body = _decode(event.encode())
        _check(body)
        if body.type == "transcript.text.done":
            self._text, self.complete = body.text, True
        elif body.type == "transcript.text.delta":
            self._pieces.append(body.delta or "")
        if choice := body.chosen:
            self._choose(choice)
        self._language = _language(body) or self._language

    def _choose(self, choice: _Choice) -> None:
        if piece := choice.delta or choice.message:
            self._pieces.append(_content(piece))
            self._language = _annotated([piece]) or self._language
        # DashScope says "null", a text, as long as there is more.
        self.complete = self.complete or choice.finish_reason not in (None, "null")


class Lines:
    """Lines of server-sent events, ended by LF or CR LF."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[str]:
        """Yield the lines that are whole now, without their ends."""
        *lines, self._rest = (self._rest + data).replace(b"\r\n", b"\n").split(b"\n")
        return (line.decode("utf-8", "replace") for line in lines)


def _decode(data: bytes) -> _Body:
    try:
        return msgspec.json.decode(data, type=_Body)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as e:
        raise Unreadable(str(e)) from e


def _check(body: _Body) -> None:
    match body.error:
        case _Error(message, code):
            raise Refusal(message, str(code or ""))
        case str(message) if message:
            raise Refusal(message, "")
    if body.code and body.message:  # DashScope's own interface
        raise Refusal(body.message, str(body.code))


def _content(message: _Message) -> str:
    if isinstance(message.content, list):
        return "".join(part.text for part in message.content)
    return message.content or ""


def _annotated(messages: Sequence[_Message]) -> str | None:
    """The language DashScope says it heard."""
    said = (note.language for message in messages for note in message.annotations or ())
    return next((language_code(language) for language in said if language), None)


def _language(body: _Body) -> str | None:
    codes = [language.code for language in body.languages or ()]
    said = body.language or (codes[0] if len(codes) == 1 else None)
    return None if said is None or said == "unknown" else language_code(said)


def read_tags(text: str) -> tuple[str, str | None]:
    """The text without Qwen3-ASR's tags, and the language that the first of them names."""
    tagged = [tag[1] for tag in _TAG.finditer(text) if tag[1] != "None"]
    return _TAG.sub(" ", text), language_code(tagged[0]) if tagged else None


def _recognize(text: str, language: str | None, begin: str = "") -> Recognition:
    text, tagged = read_tags(begin + _THOUGHT.sub("", text))
    return Recognition(split_words(_BLANKS.sub(" ", text)), tagged or language)


def _timed(text: str, words: Sequence[_Word] | None) -> tuple[Word, ...]:
    if text.strip() and not words:
        raise NoTimes
    found = (Word(w.word, max(0.0, w.start), max(0.0, w.start, w.end), w.probability) for w in words or ())
    return fit(_BLANKS.sub(" ", text), tuple(found))


def _doubted(recognition: Recognition, segments: Sequence[_Segment] | None) -> Recognition:
    """With the figures of its segments: averages, by their length."""
    silence = _average([(s.no_speech_prob, s.end - s.start) for s in segments or ()])
    likely = _average([(s.avg_logprob, s.end - s.start) for s in segments or ()])
    return replace(recognition, no_speech=silence, log_probability=likely)


def _average(figures: Sequence[tuple[float | None, float]]) -> float | None:
    known = [(value, max(length, 0.01)) for value, length in figures if value is not None]
    total = sum(length for _, length in known)
    return sum(value * length for value, length in known) / total if known else None
