"""OpenAI's Realtime wire from the client's side, sans-I/O: commands to text frames, frames to events.

Speaks the generally available transcription API, so that it may be pointed at any server of it. What is
this server's own (text that may still change, times of words, the end of a session) rides in fields
and events that others leave out: then a Partial is all stable, and a Final has the times of its turn.
Utterances are numbered in the order in which the server first names their items.

Source: types of openai-python 3.52.0 (``openai/types/realtime``), read 2026-11-21; the server's side is
``protocols.openai.realtime.py``, of which nothing is used here, so that the two prove each other.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field

import msgspec

from .. import messages as m
from ..audio.pcm import to_pcm16
from ..audio.resample import Resampler
from ..errors import BadRequest, EngineFailed, Overloaded, SaywireError
from ..types import RATE, Hypothesis, Options, Samples, Turns, Word

UNSTABLE = "item.input_audio_transcription.unstable"
_TRANSCRIPTION = "conversation.item.input_audio_transcription."


class _Word(msgspec.Struct, frozen=True):
    word: str
    start: float
    end: float
    confidence: float | None = None


class _Language(msgspec.Struct, frozen=True):
    code: str


class _Error(msgspec.Struct, frozen=True):
    message: str = "the server gave no reason"
    code: str | None = None
    param: str | None = None


class _ServerEvent(msgspec.Struct, frozen=True):
    """All fields of all events that mean something here."""

    type: str
    item_id: str = ""
    audio_start_ms: int = 0
    audio_end_ms: int = 0
    delta: str = ""
    unstable: str = ""
    transcript: str = ""
    words: tuple[_Word, ...] = ()
    start: float | None = None
    end: float | None = None
    languages: tuple[_Language, ...] | None = None
    error: _Error = _Error()


@dataclass(slots=True)
class _Item:
    """An utterance that has not ended yet."""

    number: int
    began: float
    ended: float
    committed: bool = False
    text: str = ""
    words: list[Word] = field(default_factory=list)


class RealtimeWire:
    def __init__(self, rate: int = RATE) -> None:
        """``rate``: of the audio on the wire, Hz. This server takes any, most others only 24,000."""
        self.ready = False
        """Whether the server has greeted us."""
        self.finished = False
        """Whether it has said that nothing follows."""
        self._rate = rate
        self._door = Resampler(RATE, rate)
        self._sent = 0
        self._asked: list[Options | None] = []
        self._items: dict[str, _Item] = {}
        self._count = 0

    # Commands to frames.

    def open(self) -> list[str]:
        """What is said first: without it a server expects audio at 24,000 Hz."""
        self._asked.append(None)
        format = {"type": "audio/pcm", "rate": self._rate}
        session = {"type": "transcription", "audio": {"input": {"format": format}}, "include": [UNSTABLE]}
        return [_encode({"type": "session.update", "session": session})]

    def send(self, command: m.Command) -> list[str]:
        """Text frames. Audio must be at the house rate. Raises BadRequest for Mark, which the wire lacks."""
        match command:
            case m.Configure(options):
                self._asked.append(options)
                return [_encode(_session_update(options))]
            case m.Audio(samples, rate) if rate == RATE:
                self._sent += len(samples)
                return _append(self._door.feed(samples))
            case m.Commit():
                return [*_append(self._door.flush()), _encode({"type": "input_audio_buffer.commit"})]
            case m.Clear():
                self._door.flush()
                return [_encode({"type": "input_audio_buffer.clear"})]
            case m.Finish():
                return [*_append(self._door.flush()), _encode({"type": "session.close"})]
            case m.Audio() | m.Mark():
                raise BadRequest(
                    f"{type(command).__name__} cannot be said here: audio at {RATE} Hz, no marks"
                )

    # Frames to events.

    def receive(self, frame: str | bytes) -> list[m.Event]:
        """Raises BadRequest for what is no event at all; unknown ones mean nothing."""
        try:
            event = _decoder.decode(frame)
        except msgspec.DecodeError as e:
            raise BadRequest(f"the server sent what is no event: {e}") from e
        found = self._translate(event)
        return [found] if found else []

    def _translate(self, event: _ServerEvent) -> m.Event | None:
        kind = event.type.removeprefix(_TRANSCRIPTION).removeprefix("input_audio_buffer.")
        match kind:
            case "speech_started":
                at = event.audio_start_ms / 1000
                return m.SpeechStarted(self._item(event, at).number, at)
            case "speech_stopped":
                item = self._item(event, 0.0)
                item.ended = event.audio_end_ms / 1000
                return m.SpeechStopped(item.number, item.ended, m.Cause.SILENCE)
            case "committed":
                self._item(event, 0.0).committed = True
                return None
            case "delta":
                return self._partial(event)
            case "completed":
                return self._final(event)
            case "failed":
                return m.Failed(self._end(event).number, _error(event.error))
            case "cleared":
                return self._cleared()
            case _:
                return self._translate_session(event)

    def _translate_session(self, event: _ServerEvent) -> m.Event | None:
        match event.type:
            case "session.created":
                self.ready = True
            case "session.updated" if self._asked:
                options = self._asked.pop(0)
                return m.Configured(options) if options else None
            case "error":
                return m.Failed(None, _error(event.error))
            case "session.closed":
                self.finished = True
                return m.Finished(self._sent / RATE)
        return None

    def _item(self, event: _ServerEvent, at: float) -> _Item:
        if event.item_id not in self._items:
            self._items[event.item_id] = _Item(self._count, at, at)
            self._count += 1
        return self._items[event.item_id]

    def _end(self, event: _ServerEvent) -> _Item:
        item = self._item(event, 0.0)
        del self._items[event.item_id]
        return item

    def _partial(self, event: _ServerEvent) -> m.Partial:
        item = self._item(event, 0.0)
        item.text += event.delta
        item.words += map(_word, event.words)
        whole = item.text + event.unstable
        return m.Partial(item.number, Hypothesis(whole, len(item.text), tuple(item.words)))

    def _final(self, event: _ServerEvent) -> m.Final:
        item = self._end(event)
        return m.Final(
            item.number,
            event.transcript,
            item.began if event.start is None else event.start,
            item.ended if event.end is None else event.end,
            tuple(map(_word, event.words)),
            event.languages[0].code if event.languages else None,
        )

    def _cleared(self) -> m.Cleared:
        """Committed items live on: they have their finals to come."""
        opened = next((name for name, item in self._items.items() if not item.committed), None)
        return m.Cleared(self._items.pop(opened).number if opened else None)


_decoder = msgspec.json.Decoder(_ServerEvent)


def _encode(message: object) -> str:
    return msgspec.json.encode(message).decode()


def _append(samples: Samples) -> list[str]:
    if not len(samples):
        return []
    audio = b64encode(to_pcm16(samples)).decode()
    return [_encode({"type": "input_audio_buffer.append", "audio": audio})]


def _session_update(options: Options) -> dict[str, object]:
    """Only what was asked for: servers refuse fields that they do not know, null ones too."""
    asked = {
        "model": options.model,
        "language": options.language,
        "prompt": options.prompt,
        "keywords": options.hotwords,
        "grammar": options.grammar,
        "vocabulary": options.vocabulary,
    }
    audio = {
        "transcription": {name: value for name, value in asked.items() if value},
        "turn_detection": _turn_detection(options.turns) if options.turns.voice else None,
    }
    return {"type": "session.update", "session": {"type": "transcription", "audio": {"input": audio}}}


def _turn_detection(turns: Turns) -> dict[str, object]:
    return {
        "type": "server_vad",
        "threshold": turns.threshold,
        "prefix_padding_ms": round(turns.padding * 1000),
        "silence_duration_ms": round(turns.silence * 1000),
    }


def _word(word: _Word) -> Word:
    return Word(word.word, word.start, word.end, word.confidence)


def _error(error: _Error) -> SaywireError:
    if error.code == Overloaded.code:
        return Overloaded(error.message, param=error.param)
    kind = EngineFailed if error.code == EngineFailed.code else BadRequest
    return kind(error.message, code=error.code, param=error.param)
