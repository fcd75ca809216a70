"""The events of an item of Qwen-ASR-Realtime, from the first speech to the transcript, all with one item id::

    [speech_started] text* [speech_stopped] committed item.created text* (completed | failed)

speech_started and speech_stopped are said where the server detects turns. ``text`` only grows; with ``stash``
behind it, it is all that is heard so far.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import msgspec

from ...errors import SaywireError
from ...messages import Cause, Final
from ...types import Hypothesis, Word
from ..base import Frame
from . import events as wire

EMOTION = "neutral"
"""No engine here tells another; the field is always there."""


@dataclass(slots=True)
class _Open:
    id: str
    announced: bool = False
    committed: bool = False
    silent: bool = False
    """A commit found nothing said, where the server detects turns: nobody asked for an item."""
    told: tuple[str, str] = ("", "")


class Items:
    def __init__(self, new_id: Callable[[str], str]) -> None:
        self._new_id = new_id
        self._frames: list[Frame] = []
        self._open: dict[int, _Open] = {}
        self._last: str | None = None
        self.detects = True
        """Whether the server says when somebody speaks."""
        self.language: str | None = None
        """Of what is spoken, where the client or the server has said so."""

    def stamp(self) -> str:
        return self._new_id("event")

    def emit(self, event: wire.ServerEvent) -> None:
        self._frames.append(msgspec.json.encode(event).decode())

    def take(self) -> list[Frame]:
        frames, self._frames = self._frames, []
        return frames

    def started(self, utterance: int, at: float) -> None:
        item = self._item(utterance)
        if self.detects:
            item.announced = True
            self.emit(wire.SpeechStarted(self.stamp(), _ms(at), item.id))

    def partial(self, utterance: int, hypothesis: Hypothesis) -> None:
        item = self._item(utterance)
        told = hypothesis.text[: hypothesis.stable], hypothesis.text[hypothesis.stable :]
        if told == item.told or not any(told):
            return
        item.told = told
        language = hypothesis.language or self.language
        self.emit(wire.Text(self.stamp(), item.id, 0, language, EMOTION, *told))

    def stopped(self, utterance: int, at: float, cause: Cause) -> None:
        item = self._item(utterance)
        if item.announced:
            self.emit(wire.SpeechStopped(self.stamp(), _ms(at), item.id))
        elif self.detects:
            item.silent = True
            return
        self._commit(item)

    def final(self, final: Final) -> None:
        if not (item := self._settle(final.utterance)):
            return
        self.emit(
            wire.Completed(
                self.stamp(),
                item.id,
                0,
                final.language or self.language,
                EMOTION,
                final.text,
                tuple(_timed(final.words)),
            )
        )

    def failed(self, utterance: int, error: SaywireError) -> None:
        if item := self._settle(utterance):
            self._fail(item, error)

    def lost(self, error: SaywireError) -> None:
        """Audio that was none, told as an item of its own: an error would abort a client that finishes."""
        item = _Open(self._new_id("item"))
        self._commit(item)
        self._fail(item, error)

    def cleared(self, utterance: int | None) -> None:
        if utterance is not None:
            self._open.pop(utterance, None)
        self.emit(wire.Cleared(self.stamp()))

    def _item(self, utterance: int) -> _Open:
        if utterance not in self._open:
            self._open[utterance] = _Open(self._new_id("item"))
        return self._open[utterance]

    def _commit(self, item: _Open) -> None:
        item.committed = True
        self.emit(wire.Committed(self.stamp(), self._last, item.id))
        self.emit(wire.ItemCreated(self.stamp(), self._last, wire.Item(item.id)))
        self._last = item.id

    def _fail(self, item: _Open, error: SaywireError) -> None:
        body = wire.FailedError(error.code, error.message, error.param)
        self.emit(wire.Failed(self.stamp(), item.id, 0, body))

    def _settle(self, utterance: int) -> _Open | None:
        """The item of an utterance that has come to its end; None where there is none."""
        item = self._item(utterance)
        del self._open[utterance]
        if item.silent:
            return None
        if not item.committed:
            self._commit(item)
        return item


def _timed(words: Iterable[Word]) -> Iterable[wire.TimedWord]:
    for word in words:
        confidence = None if word.confidence is None else round(word.confidence, 4)
        yield wire.TimedWord(word.text, _ms(word.start), _ms(word.end), confidence)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
