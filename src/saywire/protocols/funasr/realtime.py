"""FunASR's newer realtime protocol: commands as plain words, audio as binary PCM, answers as whole snapshots.

Source: ``funasr-realtime-server`` of funasr 1.4.16, read 2026-11-21. START, STOP, COMMIT, ``HOTWORDS:a,b``,
``LANGUAGE:name`` and ``POSTPROCESS_HOTWORDS:wrong=>right,...``; audio is 16-bit PCM at 16 kHz. A snapshot has
the sentences so far, which do not change any more, and the text of the open one, which does.

Audio that comes without a START begins one. Silence ends sentences too, as with the server's own endpoints.
"""

from __future__ import annotations

import re
from dataclasses import replace

import msgspec

from ... import messages as m
from ...audio.pcm import Pcm16
from ...errors import BadRequest, SaywireError
from ...types import RATE, Options
from ..base import Adapter, Close, Frame, Handshake, Surroundings
from ..languages import language_code
from .events import read_hotwords

COMMAND = re.compile(r"\s*(START|STOP|COMMIT|HOTWORDS|LANGUAGE|POSTPROCESS_HOTWORDS)\s*(?::(.*))?\s*", re.S)
_CHINESE = {"中文": "zh", "普通话": "zh", "英文": "en", "英语": "en", "日文": "ja", "日语": "ja"}
_CHINESE |= {"韩文": "ko", "韩语": "ko", "粤语": "yue"}
_ANY = frozenset({"", "auto", "自动"})


class Sentence(msgspec.Struct):
    text: str
    start: int
    """Milliseconds from START, as ``end``."""
    end: int


class Snapshot(msgspec.Struct):
    sentences: list[Sentence]
    partial: str
    partial_start_ms: int
    duration_ms: int
    is_final: bool


class Told(msgspec.Struct, omit_defaults=True):
    event: str
    hotwords: list[str] | None = None
    language: str | None = None
    replacements: dict[str, str] | None = None
    error: str | None = None


class FunAsrRealtime(Adapter):
    subprotocols = ("binary",)

    def __init__(self, surroundings: Surroundings) -> None:
        self._options: Options = surroundings.defaults
        self._pcm = Pcm16()
        self._frames: list[Frame] = []
        self._sentences: list[Sentence] = []
        self._replacements: dict[str, str] = {}
        self._partial = ""
        self._partial_at = 0.0
        self._given = 0.0
        self._begin = 0.0
        """Where on the session's clock START was."""
        self._started = False
        self._stops: list[float] = []
        """Where the STOPs were that are still being decoded."""
        self._finishing = False

    def connect(self, handshake: Handshake) -> list[m.Command]:
        return []

    def receive(self, frame: str | bytes) -> list[m.Command]:
        if self._finishing:
            return []
        if isinstance(frame, bytes):
            return self._hear(frame)
        found = COMMAND.fullmatch(frame)
        if not found:
            raise BadRequest(f"unknown command: {frame[:40]!r}")
        return self._obey(found[1], found[2] or "")

    def leave(self) -> list[m.Command]:
        if self._finishing:
            return []
        self._finishing = True
        return [m.Finish()]

    def send(self, event: m.Event) -> None:
        match event:
            case m.SpeechStarted(at=at):
                self._partial_at = at
            case m.Partial(hypothesis=hypothesis):
                self._partial = hypothesis.text
                self._show()
            case m.Final():
                self._keep(event)
            case m.Failed(error=error):
                self._partial = ""
                self.fail(error)
            case m.Marked():
                self._stopped()
            case m.Finished():
                self._frames.append(Close())

    def fail(self, error: SaywireError) -> None:
        self._say(Told("error", error=error.message))

    def frames_to_send(self) -> list[Frame]:
        frames, self._frames = self._frames, []
        return frames

    def _hear(self, data: bytes) -> list[m.Command]:
        self._started = True
        samples = self._pcm.feed(data)
        self._given += len(samples) / RATE
        return [m.Audio(samples)] if len(samples) else []

    def _obey(self, command: str, text: str) -> list[m.Command]:
        match command:
            case "START":
                self._started = True
                self._say(Told("started"))
            case "STOP":
                return self._stop()
            case "COMMIT":
                return [m.Commit()] if self._started else []
            case "HOTWORDS":
                words = read_hotwords(text)
                self._say(Told("hotwords_set", hotwords=list(words)))
                return self._configure(replace(self._options, hotwords=words))
            case "LANGUAGE":
                return self._speak(text.strip())
            case "POSTPROCESS_HOTWORDS":
                self._replace(text)
        return []

    def _configure(self, options: Options) -> list[m.Command]:
        self._options = options
        return [m.Configure(options)]

    def _speak(self, name: str) -> list[m.Command]:
        code = None if name.lower() in _ANY else _CHINESE.get(name) or language_code(name)
        if code is None and name.lower() not in _ANY:
            raise BadRequest(f"language {name!r} is not known")
        self._say(Told("language_set", language=name))
        return self._configure(replace(self._options, language=code))

    def _replace(self, text: str) -> None:
        pairs = [pair.partition("=>") for pair in text.split(",") if pair.strip()]
        if not all(arrow and wrong.strip() for wrong, arrow, _ in pairs):
            raise BadRequest("POSTPROCESS_HOTWORDS expects wrong=>right, with commas between several")
        self._replacements = {wrong.strip(): right.strip() for wrong, _, right in pairs}
        self._say(Told("postprocess_hotwords_set", replacements=self._replacements))

    def _stop(self) -> list[m.Command]:
        if not self._started:
            self._say(Told("stopped"))
            return []
        self._started = False
        self._pcm.reset()
        self._stops.append(self._given)
        return [m.Commit(), m.Mark(len(self._stops))]

    def _stopped(self) -> None:
        self._show(is_final=True)
        self._say(Told("stopped"))
        self._begin = self._stops.pop(0)
        self._sentences = []

    def _keep(self, final: m.Final) -> None:
        self._partial = ""
        if final.text:
            text = final.text
            for wrong, right in self._replacements.items():
                text = text.replace(wrong, right)
            self._sentences.append(Sentence(text, self._since(final.start), self._since(final.end)))
            self._show()

    def _show(self, *, is_final: bool = False) -> None:
        start = self._since(self._partial_at) if self._partial else 0
        end = self._stops[0] if is_final else self._given
        self._say(Snapshot(self._sentences, self._partial, start, self._since(end), is_final))

    def _since(self, at: float) -> int:
        return max(round((at - self._begin) * 1000), 0)

    def _say(self, message: Snapshot | Told) -> None:
        self._frames.append(msgspec.json.encode(message).decode())
