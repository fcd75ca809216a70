"""OpenAI Realtime transcription and what is modelled on it: a turn is an item of the conversation.

Sources: types of openai-python 3.52.0 (``openai/types/realtime``) and captures of the live service of
2026-09-18; Alibaba Cloud Model Studio, "Qwen-ASR-Realtime", client and server events, 2026-02-11; both read
2026-11-21. OpenAI says pieces of text that are never taken back; Qwen-ASR says the whole, ``text`` for good
and ``stash`` as it is now; saywire, where it is asked to, adds to a piece what may still change, and the
times of words.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pybase64

from ....config import RemoteConfig
from ....protocols.languages import language_code
from ....types import Hypothesis, Options, Word
from ..answer import Refusal
from .wire import Frame, Outbox, decode, encode, event_decoder

OPENAI_RATE = 24_000
"""Hz; the only rate that the service takes."""
RATE = 16_000
UNSTABLE = "item.input_audio_transcription.unstable"
"""What a saywire is asked to include."""
SAMPLE = 2
"""Bytes."""
NOTHING = msgspec.Raw(b"null")


class _Language(msgspec.Struct):
    code: str | None = None


class _Word(msgspec.Struct):
    word: str
    start: float
    end: float
    confidence: float | None = None


class _Error(msgspec.Struct):
    message: str | None = None
    type: str | None = None
    code: str | None = None


class _Delta(msgspec.Struct):
    delta: str | None = None
    unstable: str | None = None
    words: msgspec.Raw = NOTHING


class _Text(msgspec.Struct):
    text: str | None = None
    stash: str | None = None
    language: str | None = None


class _Completed(msgspec.Struct):
    transcript: str | None = None
    language: str | None = None
    languages: list[_Language] | None = None
    words: msgspec.Raw = NOTHING


class _Failed(msgspec.Struct):
    error: _Error | None = None


_delta, _text = msgspec.json.Decoder(_Delta), msgspec.json.Decoder(_Text)
_completed, _failed = msgspec.json.Decoder(_Completed), msgspec.json.Decoder(_Failed)
_words = msgspec.json.Decoder(list[_Word] | None)


class ItemWire:
    def __init__(self, session: object, rate: int, timed: bool = False) -> None:
        """``session``: what is asked for once the server has greeted; ``rate``: of the audio, Hz; ``timed``:
        whether words come with times."""
        self.greeted = False
        self.over = True
        self.said = Hypothesis()
        self._session = session
        self._rate = rate
        self._timed = timed
        self._outbox = Outbox()
        self._sent = self._began = 0  # samples: word times of the server count from its first

    @property
    def open(self) -> bool:
        return self.greeted

    def begin(self) -> None:
        self.said, self.over, self._began = Hypothesis(), False, self._sent

    def append(self, pcm: bytes) -> Frame:
        self._sent += len(pcm) // SAMPLE
        return encode({"type": "input_audio_buffer.append", "audio": pybase64.b64encode(pcm).decode()})

    def commit(self) -> None:
        self._outbox.put({"type": "input_audio_buffer.commit"})

    def frames_to_send(self) -> list[Frame]:
        return self._outbox.take()

    def receive(self, frame: Frame) -> None:
        event = decode(frame, event_decoder)
        match event.type.removeprefix("conversation.item.input_audio_transcription."):
            case "session.created" | "transcription_session.created":
                self._outbox.put({"type": "session.update", "session": self._session})
            case "session.updated" | "transcription_session.updated":
                self.greeted = True
            case "delta":
                self._add(decode(frame, _delta))
            case "text":
                self._replace(decode(frame, _text))
            case "completed":
                self._complete(decode(frame, _completed))
            case "failed" | "error":
                error = decode(frame, _failed).error or _Error()
                raise Refusal(error.message or "it gives no reason", error.code or error.type or "")

    def _add(self, event: _Delta) -> None:
        text = self.said.text[: self.said.stable] + (event.delta or "")
        words = (*self.said.words, *self._words(event.words))
        self.said = Hypothesis(text + (event.unstable or ""), len(text), words)

    def _replace(self, event: _Text) -> None:
        text = event.text or ""
        self.said = Hypothesis(text + (event.stash or ""), len(text), (), _code(event.language))

    def _complete(self, event: _Completed) -> None:
        text = event.transcript or ""
        codes = [language.code for language in event.languages or ()]
        language = _code(event.language or (codes[0] if len(codes) == 1 else None))
        self.said = Hypothesis(text, len(text), self._words(event.words), language)
        self.over = True

    def _words(self, raw: msgspec.Raw) -> tuple[Word, ...]:
        """With times that count from the beginning of the turn, and not of the connection."""
        origin = self._began / self._rate
        words = decode(raw, _words) if self._timed else None
        return tuple(
            Word(w.word, round(w.start - origin, 3), round(w.end - origin, 3), w.confidence)
            for w in words or ()
        )


def _code(language: str | None) -> str | None:
    return language_code(language) if language else None


def make_openai(remote: RemoteConfig, options: Options) -> ItemWire:
    told = ", ".join(options.hotwords)
    asked = {"prompt": " ".join(part for part in (options.prompt, told) if part)}
    return ItemWire(_openai_session(remote, options, OPENAI_RATE, asked), OPENAI_RATE)


def make_saywire(remote: RemoteConfig, options: Options) -> ItemWire:
    asked = {"prompt": options.prompt, "keywords": options.hotwords}
    return ItemWire(_openai_session(remote, options, RATE, asked) | {"include": [UNSTABLE]}, RATE, timed=True)


def _openai_session(
    remote: RemoteConfig, options: Options, rate: int, asked: Mapping[str, object]
) -> dict[str, object]:
    """Only what was asked for: the service refuses what a model does not take, null too."""
    wishes = {"language": options.language, **asked}
    return {
        "type": "transcription",
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": rate},
                "transcription": {"model": remote.model} | {k: v for k, v in wishes.items() if v},
                "turn_detection": None,
            }
        },
    }


def make_dashscope(remote: RemoteConfig, options: Options) -> ItemWire:
    """The model is named in the URL."""
    context = " ".join(part for part in (options.prompt, ", ".join(options.hotwords)) if part)
    wishes = {"language": options.language, "corpus": {"text": context} if context else None}
    session = {
        "modalities": ["text"],
        "input_audio_format": "pcm",
        "sample_rate": RATE,
        "input_audio_transcription": {k: v for k, v in wishes.items() if v},
        "turn_detection": None,
    }
    return ItemWire(session, RATE)
