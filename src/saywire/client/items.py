"""The items of a Realtime session as utterances: what the server says of each, as the house's events."""

from __future__ import annotations

from dataclasses import dataclass, field

from .. import messages as m
from ..types import Hypothesis, Word
from .frames import ServerEvent, to_error, to_word

_TRANSCRIPTION = "conversation.item.input_audio_transcription."


@dataclass(slots=True)
class _Item:
    """An utterance that has not ended yet."""

    number: int
    began: float
    ended: float
    committed: bool = False
    text: str = ""
    words: list[Word] = field(default_factory=list)


class Items:
    """Utterances are numbered in the order in which the server first names their items."""

    def __init__(self) -> None:
        self._open: dict[str, _Item] = {}
        self._count = 0

    def repeat(self, utterance: int) -> None:
        """The server forgets all from this utterance on, and names it next."""
        self._open.clear()
        self._count = utterance

    def hear(self, event: ServerEvent) -> m.Event | None:
        """What it means; None for what means nothing."""
        match event.type.removeprefix(_TRANSCRIPTION).removeprefix("input_audio_buffer."):
            case "speech_started":
                at = event.audio_start_ms / 1000
                return m.SpeechStarted(self._item(event, at).number, at)
            case "speech_stopped":
                item = self._item(event, 0.0)
                item.ended = event.audio_end_ms / 1000
                return m.SpeechStopped(item.number, item.ended, m.Cause.SILENCE)
            case "committed":
                self._item(event, 0.0).committed = True
            case "delta":
                return self._partial(event)
            case "completed":
                return self._final(event)
            case "failed":
                return m.Failed(self._end(event).number, to_error(event.error))
        return None

    def clear(self) -> m.Cleared:
        """The open one is thrown away. Committed ones live on: they have their finals to come."""
        opened = next((name for name, item in self._open.items() if not item.committed), None)
        return m.Cleared(self._open.pop(opened).number if opened else None)

    def _item(self, event: ServerEvent, at: float) -> _Item:
        if event.item_id not in self._open:
            self._open[event.item_id] = _Item(self._count, at, at)
            self._count += 1
        return self._open[event.item_id]

    def _end(self, event: ServerEvent) -> _Item:
        item = self._item(event, 0.0)
        del self._open[event.item_id]
        return item

    def _partial(self, event: ServerEvent) -> m.Partial:
        item = self._item(event, 0.0)
        item.text += event.delta
        item.words += map(to_word, event.words)
        whole = item.text + event.unstable
        return m.Partial(item.number, Hypothesis(whole, len(item.text), tuple(item.words)))

    def _final(self, event: ServerEvent) -> m.Final:
        item = self._end(event)
        return m.Final(
            item.number,
            event.transcript,
            item.began if event.start is None else event.start,
            item.ended if event.end is None else event.end,
            tuple(map(to_word, event.words)),
            event.languages[0].code if event.languages else None,
        )
