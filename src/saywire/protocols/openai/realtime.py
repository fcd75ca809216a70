"""OpenAI Realtime, transcription sessions, server side, over ``GET /v1/realtime``.

Source: the types of openai-python 3.52.0, the OpenAPI description of 2026-08-21, the guides at
developers.openai.com and captures of the live service of 2026-09-18, all read 2026-11-21. The generally
available shape; the beta's flat one is tolerated. The unmodified clients of openai-python, LiveKit,
pipecat and openai-agents are the measure: several die of any ``error`` event, so one is sent only where
the service sends it or where a client would silently get other results than it asked for.

session.created comes first. Every update is answered, in order, by session.updated or error; every clear
by cleared. For the order of an item's events see ``transcripts``.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from ... import messages as m
from ...errors import BadRequest, SaywireError, Unsupported
from ..base import Adapter, Frame, Handshake, Surroundings
from . import events as wire
from .buffer import InputBuffer
from .merge import merge, quoted
from .options import PARAMS, Settings, effective_turns, opening_settings, session_options
from .outbox import REFUSED, Outbox, close_code
from .reading import event_id_in, read
from .show import shown_flat, shown_session
from .transcripts import Transcripts

LIFETIME = 3_600
"""Seconds until ``expires_at``, as at the service; this server ends no session for its age."""
_BETA_HEADER, _BETA_SUBPROTOCOL = "realtime=v1", "openai-beta.realtime-v1"


@dataclass(frozen=True, slots=True)
class _Update:
    """Settings on their way through the session."""

    settings: Settings
    event_id: str | None = None
    flat: bool = False
    opening: bool = False
    """Made from the URL: session.created was its answer."""


class OpenAiRealtime(Adapter):
    subprotocols = ("realtime",)

    def __init__(self, surroundings: Surroundings) -> None:
        self._defaults = surroundings.defaults
        self._session_id = surroundings.new_id("sess")
        self._expires_at = int(surroundings.now()) + LIFETIME
        self._settings = opening_settings(None)
        self._updates: deque[_Update] = deque()
        self._buffer = InputBuffer()
        self._outbox = Outbox(surroundings.new_id)
        self._transcripts = Transcripts(self._outbox, surroundings.new_id)
        self._blamed: str | None = None
        self._finishing = False
        self._closing = False

    def connect(self, handshake: Handshake) -> list[m.Command]:
        if "call_id" in handshake.query:
            return self._refuse_call()
        header = handshake.headers.get("openai-beta", "")
        flat = _BETA_HEADER in header or _BETA_SUBPROTOCOL in handshake.subprotocols
        self._settings = opening_settings(handshake.query.get("model"))
        self._tell(created=True, flat=flat and handshake.query.get("intent") == "transcription")
        return self._configure(_Update(self._settings, flat=flat, opening=True))

    def receive(self, frame: str | bytes) -> list[m.Command]:
        if self._finishing or self._outbox.ended:
            return []  # it crossed the end on its way: nobody is to blame
        try:
            event = read(frame)
        except BadRequest:
            self._blamed = event_id_in(frame)
            raise
        self._blamed = event.event_id
        commands = self._commands(event)
        self._blamed = None
        return commands

    def leave(self) -> list[m.Command]:
        if self._finishing or self._outbox.ended:
            return []
        self._finishing = True
        return [m.Finish()]

    def send(self, event: m.Event) -> None:
        match event:
            case m.Configured():
                self._configured()
            case m.SpeechStarted(utterance=utterance, at=at):
                self._transcripts.started(utterance, at)
            case m.SpeechStopped(utterance=utterance, at=at, cause=cause):
                self._buffer.ended(at)
                self._transcripts.stopped(utterance, at, cause)
            case m.Partial(utterance=utterance, hypothesis=hypothesis):
                self._transcripts.partial(utterance, hypothesis)
            case m.Final():
                self._transcripts.final(event)
            case m.Failed(utterance=utterance, error=error):
                self._failed(utterance, error)
            case m.Cleared(utterance=utterance):
                self._transcripts.cleared(utterance, self._buffer.cleared())
            case m.Finished():
                self._finished()
            case m.Settled() | m.Marked():
                pass

    def fail(self, error: SaywireError) -> None:
        self._outbox.error(error, error.param, self._blamed)
        self._blamed = None
        if error.fatal:
            self._outbox.end(close_code(error), error)

    def frames_to_send(self) -> list[Frame]:
        return self._outbox.take()

    def _refuse_call(self) -> list[m.Command]:
        error = BadRequest("This server cannot attach to a call; connect without 'call_id'.", param="call_id")
        self._outbox.error(error, error.param, None)
        self._outbox.end(REFUSED, error)
        return []

    def _commands(self, event: wire.AnyClientEvent) -> list[m.Command]:
        match event:
            case wire.Append(audio=audio):
                heard = self._buffer.append(audio, self._latest.format)
                return [heard] if heard else []
            case wire.Commit():
                self._buffer.commit()
                return [m.Commit()]
            case wire.Clear():
                self._buffer.clear()
                return [m.Clear()]
            case wire.Update():
                return self._update(event)
            case wire.Retrieve(item_id=item):
                self._retrieve(item)
            case wire.Delete(item_id=item):
                self._delete(item)
            case wire.CloseSession():
                self._closing = True
                return self.leave()
            case wire.Conversational():
                raise _conversational(event)
        return []

    # Settings.

    @property
    def _latest(self) -> Settings:
        """What holds for the next frame: all updates so far, as if the session takes them."""
        return self._updates[-1].settings if self._updates else self._settings

    def _update(self, event: wire.Update) -> list[m.Command]:
        settings = merge(self._latest, event.session)
        if settings.format != self._latest.format:
            self._buffer.align()
        return self._configure(_Update(settings, event.event_id, isinstance(event, wire.FlatSessionUpdate)))

    def _configure(self, update: _Update) -> list[m.Command]:
        self._updates.append(update)
        return [m.Configure(session_options(update.settings, self._defaults))]

    def _configured(self) -> None:
        if not self._updates:
            return
        update = self._updates.popleft()
        self._settings = update.settings
        story = self._transcripts
        story.detects = effective_turns(update.settings, self._defaults) is not None
        story.include = update.settings.include or ()
        story.flat = story.flat or update.flat
        if not update.opening:
            self._tell(created=False, flat=update.flat)

    def _tell(self, *, created: bool, flat: bool) -> None:
        """The session object, as an answer to the connection or to an update."""
        about = (self._session_id, self._expires_at, self._settings, self._defaults)
        stamp = self._outbox.stamp()
        if flat:
            kind = wire.FlatSessionCreated if created else wire.FlatSessionUpdated
            self._outbox.emit(kind(stamp, shown_flat(*about)))
        else:
            event = wire.SessionCreated if created else wire.SessionUpdated
            self._outbox.emit(event(stamp, shown_session(*about)))

    # Ends.

    def _failed(self, utterance: int | None, error: SaywireError) -> None:
        if utterance is not None:
            self._transcripts.failed(utterance, error)
            if error.fatal:
                self.fail(error)
        elif self._updates:
            self._refused(self._updates.popleft(), error)
        else:
            self.fail(error)

    def _refused(self, update: _Update, error: SaywireError) -> None:
        """The session took nothing of an update. A URL that asks for what is not here ends it, as there."""
        param = "model" if update.opening else PARAMS.get(error.param or "", error.param)
        self._outbox.error(error, param, update.event_id)
        if update.opening or error.fatal:
            self._outbox.end(close_code(error), error)

    def _finished(self) -> None:
        if self._closing:
            self._outbox.emit(wire.SessionClosed(self._outbox.stamp()))
        self._outbox.end(1000)

    # Items.

    def _retrieve(self, item: str) -> None:
        found = self._transcripts.conversation.retrieve(item)
        if found is None:
            raise _unknown_item("retriev", item)
        self._outbox.emit(wire.ItemRetrieved(self._outbox.stamp(), found))

    def _delete(self, item: str) -> None:
        if not self._transcripts.conversation.delete(item):
            raise _unknown_item("delet", item)
        self._outbox.emit(wire.ItemDeleted(self._outbox.stamp(), item))


def _unknown_item(verb: str, item: str) -> BadRequest:
    message = f"Error {verb}ing item: the item with id {quoted(item)} does not exist."
    return BadRequest(message, code=f"item_{verb}e_invalid_item_id", param="item_id")


def _conversational(event: wire.Conversational) -> Unsupported:
    kind = event.__struct_config__.tag
    return Unsupported(
        f"'{kind}' is not available in a transcription session: nothing here answers the speaker.",
        param="type",
    )
