"""Qwen-ASR-Realtime, server side, over ``GET /api-ws/v1/realtime?model=...``.

Source: Alibaba Cloud's pages on its client events, server events and their order, 2026-02-11 and mid-2026,
and dashscope 2.0.2 run against a server, 2026-11-21. session.created comes first; every update is answered
by session.updated or error, in order. For the order of an item's events see ``items``.

The SDK decides much: any ``error`` while it waits for session.finished makes it give up, so nothing is
called an error once session.finish has come, and a commit of nothing is refused only when no finish follows
it. It also hangs when the server closes first: the client closes.
"""

from __future__ import annotations

import binascii
from collections import deque
from dataclasses import dataclass

import pybase64

from ... import messages as m
from ...audio.codec import Piece
from ...audio.ogg import OpusPackets
from ...audio.streaming import Decoder, make_decoder
from ...errors import BadAudio, BadRequest, SaywireError
from ..base import Adapter, Close, Frame, Handshake, HttpAnswer, Surroundings
from ..envelope import event_id_in
from . import events as wire
from .items import Items
from .reading import read
from .refusal import refuse
from .settings import FORMATS, Settings, merge, session_options, show

LONGEST_AUDIO = 15 * 2**20
"""Characters of base64 in one append."""
PATIENCE = 0.3
"""Seconds in which a finish may follow a commit of nothing."""
REFUSED = 1008

_PARAMS = {
    "model": "model",
    "language": "session.input_audio_transcription.language",
    "hotwords": "session.input_audio_transcription.corpus.text",
    "prompt": "session.input_audio_transcription.corpus.text",
    "turns": "session.turn_detection",
}
"""Where each of Options is on this wire."""


@dataclass(frozen=True, slots=True)
class _Update:
    """Settings on their way through the session."""

    settings: Settings
    event_id: str | None = None
    opening: bool = False


class DashScopeRealtime(Adapter):
    linger = 60.0

    def __init__(self, surroundings: Surroundings) -> None:
        self._defaults = surroundings.defaults
        self._now = surroundings.now
        self._new_id = surroundings.new_id
        self._session_id = surroundings.new_id("sess")
        self._settings = Settings()
        self._updates: deque[_Update] = deque()
        self._items = Items(surroundings.new_id)
        self._decoder: Decoder | None = None
        self._uncommitted = False
        """Whether audio came since the last commit."""
        self._held: wire.Error | None = None
        """That nothing was there to commit, for a client that does not finish now."""
        self._blamed: str | None = None
        self._finishing = False
        self._end: Close | None = None

    def connect(self, handshake: Handshake) -> list[m.Command]:
        self._settings = Settings(model=handshake.query.get("model", ""))
        session = show(self._settings, self._session_id)
        self._items.emit(wire.SessionCreated(self._items.stamp(), session))
        return self._configure(_Update(self._settings, opening=True))

    def refuse(self, handshake: Handshake, error: SaywireError) -> HttpAnswer | None:
        return refuse(error, self._new_id("req"))

    def receive(self, frame: str | bytes) -> list[m.Command]:
        if self._finishing:
            return []
        try:
            event = read(frame)
        except BadRequest:
            self._release()
            self._blamed = event_id_in(frame)
            raise
        if not isinstance(event, wire.Finish):
            self._release()
        self._blamed = event.event_id
        commands = self._commands(event)
        self._blamed = None
        return commands

    def expire(self) -> list[m.Command]:
        self._release()
        return []

    def leave(self) -> list[m.Command]:
        return [] if self._finishing else self._finish()

    def send(self, event: m.Event) -> None:
        items = self._items
        match event:
            case m.Configured():
                self._configured()
            case m.SpeechStarted(utterance=utterance, at=at):
                items.started(utterance, at)
            case m.SpeechStopped(utterance=utterance, at=at, cause=cause):
                items.stopped(utterance, at, cause)
            case m.Partial(utterance=utterance, hypothesis=hypothesis):
                items.partial(utterance, hypothesis)
            case m.Final():
                items.final(event)
            case m.Cleared(utterance=utterance):
                items.cleared(utterance)
            case m.Failed(utterance=utterance, error=error):
                self._failed(utterance, error)
            case m.Finished():
                items.emit(wire.SessionFinished(items.stamp()))
            case m.Settled() | m.Marked():
                pass

    def fail(self, error: SaywireError) -> None:
        self._items.emit(self._error(error, error.param, self._blamed))
        self._blamed = None

    def frames_to_send(self) -> list[Frame]:
        end, self._end = self._end, None
        return [*self._items.take(), *([end] if end else [])]

    # From the client.

    def _commands(self, event: wire.AnyClientEvent) -> list[m.Command]:
        match event:
            case wire.Update():
                return self._update(event)
            case wire.Append(audio=audio):
                return self._append(audio)
            case wire.Commit():
                return self._commit()
            case wire.Clear():
                self._uncommitted, self._decoder = False, None
                return [m.Clear()]
            case wire.Finish():
                return self._finish()

    @property
    def _latest(self) -> Settings:
        """What holds for the next frame: all updates so far, as if the session takes them."""
        return self._updates[-1].settings if self._updates else self._settings

    def _update(self, event: wire.Update) -> list[m.Command]:
        before, settings = self._latest, merge(self._latest, event.session)
        rest = self._rest() if (settings.form, settings.rate) != (before.form, before.rate) else []
        return [*rest, *self._configure(_Update(settings, event.event_id))]

    def _configure(self, update: _Update) -> list[m.Command]:
        self._updates.append(update)
        return [m.Configure(session_options(update.settings, self._defaults))]

    def _append(self, audio: str) -> list[m.Command]:
        if len(audio) > LONGEST_AUDIO:
            message = f"The audio of one append has {len(audio)} characters; {LONGEST_AUDIO} are the most."
            raise BadRequest(message, code="invalid_value", param="audio")
        try:
            data = pybase64.b64decode(audio, validate=True)
        except (binascii.Error, ValueError) as e:
            raise BadRequest("The audio is not valid base64.", code="invalid_value", param="audio") from e
        self._uncommitted = self._uncommitted or bool(data)
        if not self._decoder:
            form = FORMATS[self._latest.form]
            self._decoder = OpusPackets() if form == "opus" else make_decoder(form, self._latest.rate)
        return _heard(self._decoder.feed(data))

    def _commit(self) -> list[m.Command]:
        if self._latest.turning is None and not self._uncommitted:
            error = BadRequest(
                "Error committing input audio buffer, maybe no audio was appended.",
                code="input_audio_buffer_commit_empty",
            )
            self._held = self._error(error, None, self._blamed)
            self.deadline = self._now() + PATIENCE
            return []
        self._uncommitted = False
        return [*self._rest(), m.Commit()]

    def _finish(self) -> list[m.Command]:
        try:
            rest = self._drain()
        except BadAudio as e:
            rest = []
            self._items.lost(e)
        self._finishing = True
        self._held = self.deadline = None
        return [*rest, m.Finish()]

    def _rest(self) -> list[m.Command]:
        try:
            return self._drain()
        except BadAudio as e:
            self.fail(e)
            return []

    def _drain(self) -> list[m.Command]:
        """What the decoder still had; the next append begins a stream. Raises BadAudio."""
        decoder, self._decoder = self._decoder, None
        return _heard(decoder.finish()) if decoder else []

    def _release(self) -> None:
        """No finish follows the commit of nothing: say that it was one."""
        if self._held:
            self._items.emit(self._held)
        self._held = self.deadline = None

    # To the client.

    def _configured(self) -> None:
        if not self._updates:
            return
        update = self._updates.popleft()
        self._settings = update.settings
        self._items.detects = update.settings.turning is not None
        self._items.language = update.settings.language or self._defaults.language
        if not update.opening:
            session = show(self._settings, self._session_id)
            self._items.emit(wire.SessionUpdated(self._items.stamp(), session))

    def _failed(self, utterance: int | None, error: SaywireError) -> None:
        if utterance is not None:
            self._items.failed(utterance, error)
        elif self._updates:
            update = self._updates.popleft()
            param = _PARAMS.get(error.param or "", error.param)
            self._items.emit(self._error(error, param, update.event_id))
            if update.opening:
                self._end = Close(REFUSED, error.code)
        else:
            self.fail(error)

    def _error(self, error: SaywireError, param: str | None, event_id: str | None) -> wire.Error:
        kind = "invalid_request_error" if isinstance(error, BadRequest) else "server_error"
        details = wire.ErrorDetails(kind, error.code, error.message, param, event_id)
        return wire.Error(self._items.stamp(), details)


def _heard(pieces: list[Piece]) -> list[m.Command]:
    return [m.Audio(samples, rate) for samples, rate in pieces]
