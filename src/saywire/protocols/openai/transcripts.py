"""The events of an OpenAI item, from the first speech to the transcript.

Order, each exactly once but the deltas, all with one item id::

    [speech_started] delta* [speech_stopped] committed added done delta* (completed | failed)

speech_started and speech_stopped are said where the server detects turns; a client's commit during
speech ends the turn without speech_stopped; timeout_triggered comes before committed where nobody
spoke for as long as the client is willing to wait. Joined, the deltas are the transcript.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import UNSET

from ...errors import SaywireError
from ...messages import Cause, Final
from ...types import Hypothesis
from . import events as wire
from .items import Conversation, Item, Piece, piece
from .options import LOGPROBS, UNSTABLE
from .outbox import Outbox


class Transcripts:
    def __init__(self, outbox: Outbox, new_id: Callable[[str], str]) -> None:
        self._outbox = outbox
        self._new_id = new_id
        self._open: dict[int, Item] = {}
        self._turn = 0.0
        self.conversation = Conversation()
        self.detects = True
        """Whether the server, not the client, says when somebody speaks."""
        self.flat = False
        """Whether the client speaks the beta API, where one event stood for added and done."""
        self.include: tuple[str, ...] = ()

    def resume(self, turn: float, item: str | None) -> None:
        """Go on where another session was: its last item, and where that ended."""
        self._turn = turn
        self.conversation.before = item

    def started(self, utterance: int, at: float) -> None:
        """Without turn detection nothing is said, but the id is taken: deltas may come before commit."""
        item = self._item(utterance, at)
        if self.detects:
            item.announced = True
            self._outbox.emit(wire.SpeechStarted(self._outbox.stamp(), _ms(at), item.id))

    def stopped(self, utterance: int, at: float, cause: Cause, *, idle: bool = False) -> None:
        """``idle``: it was committed because nobody spoke."""
        item = self._item(utterance, self._turn)
        if idle and not item.announced:
            begin, end = _ms(self._turn), _ms(at)
            self._outbox.emit(wire.TimeoutTriggered(self._outbox.stamp(), begin, end, item.id))
        item.ended = self._turn = at
        if item.announced and cause is not Cause.COMMIT:
            self._outbox.emit(wire.SpeechStopped(self._outbox.stamp(), _ms(at), item.id))
        self._commit(item)

    def partial(self, utterance: int, hypothesis: Hypothesis) -> None:
        item = self._item(utterance, self._turn)
        text, stable = hypothesis.text, hypothesis.stable
        if stable >= len(item.sent) and text.startswith(item.sent):
            self._delta(item, piece(text, hypothesis.words, len(item.sent), stable), text[stable:])

    def final(self, final: Final) -> None:
        item = self._settle(final.utterance)
        if final.text.startswith(item.sent):
            self._delta(item, piece(final.text, final.words, len(item.sent)), "")
        self.conversation.complete(item.id, final.text)
        self._outbox.emit(self._completed(item, final))

    def failed(self, utterance: int, error: SaywireError) -> None:
        item = self._settle(utterance)
        body = wire.ErrorBody("transcription_error", error.code, error.message, error.param)
        self._outbox.emit(wire.Failed(self._outbox.stamp(), item.id, 0, body))

    def cleared(self, utterance: int | None, at: float) -> None:
        """``at`` is where the audio begins that is left."""
        if utterance is not None:
            self._open.pop(utterance, None)
        self._turn = at
        self._outbox.emit(wire.Cleared(self._outbox.stamp()))

    def _item(self, utterance: int, began: float) -> Item:
        if utterance not in self._open:
            self._open[utterance] = Item(self._new_id("item"), began, began)
        return self._open[utterance]

    def _commit(self, item: Item) -> None:
        item.committed = True
        out, before, shown = self._outbox, self.conversation.last, wire.Item(item.id)
        self.conversation.add(item.id)
        out.emit(wire.Committed(out.stamp(), before, item.id))
        if self.flat:
            out.emit(wire.ItemCreated(out.stamp(), before, shown))
        else:
            out.emit(wire.ItemAdded(out.stamp(), before, shown))
            out.emit(wire.ItemDone(out.stamp(), before, shown))

    def _settle(self, utterance: int) -> Item:
        """The item of an utterance that has come to its end: committed, and forgotten here."""
        item = self._item(utterance, self._turn)
        if not item.committed:
            self._commit(item)
        return self._open.pop(utterance)

    def _delta(self, item: Item, new: Piece, rest: str) -> None:
        """Says what is new; a change of what is only uncertain is said to those who asked for it."""
        watching = UNSTABLE in self.include
        if not new.text and not (watching and rest != item.unstable):
            return
        item.sent += new.text
        item.unstable = rest
        self._outbox.emit(
            wire.Delta(
                self._outbox.stamp(),
                item.id,
                0,
                new.text,
                logprobs=new.logprobs if LOGPROBS in self.include else UNSET,
                words=new.timed,
                unstable=rest if rest or watching else UNSET,
            )
        )

    def _completed(self, item: Item, final: Final) -> wire.Completed:
        whole = piece(final.text, final.words)
        return wire.Completed(
            self._outbox.stamp(),
            item.id,
            0,
            final.text,
            wire.Usage(round(max(item.ended - item.began, 0.0), 3)),
            languages=(wire.DetectedLanguage(final.language),) if final.language else UNSET,
            logprobs=whole.logprobs if LOGPROBS in self.include else UNSET,
            words=whole.timed,
            start=round(final.start, 3),
            end=round(final.end, 3),
        )


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
