"""OpenAI Realtime, transcription sessions, server side, over ``GET /v1/realtime``.

Source: the types of openai-python 3.52.0, the OpenAPI description of 2026-08-21, the guides at
developers.openai.com and captures of the live service of 2026-09-18, all read 2026-11-21. The generally
available shape; the beta's flat one is tolerated. The unmodified clients of openai-python, LiveKit,
pipecat and openai-agents are the measure: several die of any ``error`` event, so one is sent only where
the service sends it or where a client would silently get other results than it asked for.

session.created comes first. Every update is answered by session.updated, in order, or by an error that names
it, at once where a value may not be; every clear by cleared. For the order of an item's events see
``transcripts``.
"""

from __future__ import annotations

from msgspec import UNSET, structs

from ... import messages as m
from ...errors import BadRequest, SaywireError
from ..base import Adapter, Frame, Handshake, HttpAnswer, Surroundings
from ..envelope import event_id_in
from . import events as wire
from .buffer import InputBuffer
from .clock import Clock
from .merge import merge
from .options import PARAMS, effective_turns, given, opening_settings, patience, rate_of
from .outbox import REFUSED, Outbox, close_code, encode
from .progress import Progress, too_early
from .reading import read, read_session
from .refusals import call_not_resumed, conversational, no_call, of_opening, too_old, unknown_item
from .resume import Start
from .session import ResumePoint, Session
from .show import shown_flat, shown_session
from .transcripts import Transcripts
from .updates import Update, Updates

LIFETIME = 3_600.0
"""Seconds until the service ends a session; shown as ``expires_at`` also where none is ended for its age."""
EXPIRED = 1001
"""The SDK connects again on it."""
_BETA_HEADER, _BETA_SUBPROTOCOL = "realtime=v1", "openai-beta.realtime-v1"


class OpenAiRealtime(Adapter):
    subprotocols = ("realtime",)

    def __init__(self, surroundings: Surroundings) -> None:
        self._defaults = surroundings.defaults
        self._session_id = surroundings.new_id("sess")
        self._lifetime = surroundings.lifetime or LIFETIME
        self._expires_at = int(surroundings.now() + self._lifetime)
        self._clock = Clock(surroundings.now, surroundings.lifetime)
        self._updates = Updates(surroundings.defaults)
        self._buffer = InputBuffer()
        self._outbox = Outbox(surroundings.new_id)
        self._transcripts = Transcripts(self._outbox, surroundings.new_id)
        self._progress = Progress(self._outbox)
        self._blamed: str | None = None
        self._finishing = False
        self._closing = False
        self._called = False
        self._expired = False

    def connect(self, handshake: Handshake) -> list[m.Command]:
        """Raises BadRequest for settings that may not be."""
        if call := handshake.query.get("call_id"):
            return self._refuse_call(call)
        self._called = handshake.call
        header = handshake.headers.get("openai-beta", "")
        flat = _BETA_HEADER in header or _BETA_SUBPROTOCOL in handshake.subprotocols
        model = handshake.query.get("model") or handshake.query.get("deployment")  # the latter from Azure's
        self._updates.settings = opening_settings(model)
        for known in handshake.settings:
            self._updates.settings = merge(self._updates.settings, read_session(known))
        self._tell(created=True, flat=flat and handshake.query.get("intent") == "transcription")
        return self._noted([self._updates.ask(Update(self._updates.settings, flat=flat, opening=True))])

    def refuse(self, handshake: Handshake, error: SaywireError) -> HttpAnswer | None:
        """Nothing but an error is said: SDKs take session.created for success, and begin to count their
        attempts anew."""
        self._outbox.take()
        return super().refuse(handshake, error)

    def receive(self, frame: str | bytes) -> list[m.Command]:
        if self._finishing or self._outbox.ended:
            return []  # it crossed the end on its way: nobody is to blame
        try:
            event = read(frame)
        except BadRequest:
            self._blamed = event_id_in(frame)
            raise
        self._blamed = event.event_id
        commands = self._noted(self._commands(event))
        self._blamed = None
        return commands

    def listen(self, audio: m.Audio) -> list[m.Command]:
        """The track of a call, whose format is its own affair."""
        if self._finishing or self._outbox.ended:
            return []
        self._buffer.count(audio)
        return self._noted([audio])

    def _noted(self, commands: list[m.Command]) -> list[m.Command]:
        self._progress.note(commands, self._blamed, self._buffer.heard)
        return commands

    def leave(self) -> list[m.Command]:
        if self._finishing or self._outbox.ended:
            return []
        self._finishing = True
        self._clock.stop()
        if self._progress.point and not self._closing:
            return []  # it goes on elsewhere
        return [m.Finish()]

    def expire(self) -> list[m.Command]:
        if self._clock.expired():
            return self._grow_old()
        if self._clock.idle() and self._buffer.committable:
            self._buffer.commit(idle=True)
            return self._noted([m.Commit()])
        return []

    def _grow_old(self) -> list[m.Command]:
        self._expired = True
        if self._progress.point:
            self._outbox.end(EXPIRED)
        return self.leave()

    def send(self, event: m.Event) -> None:
        self._hear(event)
        if point := self._progress.follow(event):
            self._tell_progress(point)

    def _hear(self, event: m.Event) -> None:
        match event:
            case m.Configured():
                self._configured()
            case m.SpeechStarted(utterance=utterance, at=at):
                self._clock.speak()
                self._transcripts.started(utterance, at)
            case m.SpeechStopped():
                self._stopped(event)
            case m.Partial(utterance=utterance, hypothesis=hypothesis):
                self._transcripts.partial(utterance, hypothesis)
            case m.Final():
                self._transcripts.final(event)
            case m.Failed(utterance=utterance, error=error):
                self._failed(utterance, error)
            case m.Cleared(utterance=utterance):
                self._clock.quiet()
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

    def greet(self) -> list[Frame]:
        return [encode(wire.SessionCreated(self._outbox.stamp(), self._shown()))]

    def frames_to_send(self) -> list[Frame]:
        self.deadline = self._clock.deadline
        return self._outbox.take()

    def _refuse_call(self, call: str) -> list[m.Command]:
        """Whoever names a call that is here never gets to us."""
        error = no_call(call)
        self._outbox.error(error, error.param, None)
        self._outbox.end(REFUSED, error)
        return []

    def _commands(self, event: wire.AnyClientEvent) -> list[m.Command]:
        match event:
            case wire.Append() if self._updates.resuming:
                raise too_early()
            case wire.Append(audio=audio):
                heard = self._buffer.append(audio, self._updates.latest.format)
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
                raise conversational(event)
        return []

    def _stopped(self, event: m.SpeechStopped) -> None:
        self._clock.quiet()
        self._buffer.ended(event.at)
        idle = event.cause is m.Cause.COMMIT and self._buffer.committed()
        self._transcripts.stopped(event.utterance, event.at, event.cause, idle=idle)

    # Settings.

    def _update(self, event: wire.Update) -> list[m.Command]:
        wish = given(event.session.resume)
        if wish and self._called:
            raise call_not_resumed()
        latest = self._updates.latest
        settings = merge(latest, event.session)
        if settings.format != latest.format:
            self._buffer.align()
        flat = isinstance(event, wire.FlatSessionUpdate)
        start = self._progress.ask(event, latest, settings, fresh=self._buffer.fresh)
        return [self._updates.ask(Update(settings, event.event_id, flat, start=start))]

    def _configured(self) -> None:
        update = self._updates.accept()
        if update is None:
            return
        self._clock.wait(patience(update.settings, self._defaults))
        story = self._transcripts
        story.detects = effective_turns(update.settings, self._defaults) is not None
        story.include = update.settings.include or ()
        story.flat = story.flat or update.flat
        self._progress.rate = rate_of(update.settings.format)
        if update.start:
            self._begin(update.start)
        if not update.opening:
            self._tell(created=False, flat=update.flat)

    def _begin(self, start: Start) -> None:
        """The client is told from now on where it can go on."""
        self._session_id = start.point.session or self._session_id
        self._progress.begin(start, self._session_id)
        if start.settled:
            place = start.settled.reentry
            self._buffer.resume(place.heard, place.rate, start.turn)
            self._transcripts.resume(start.turn, start.item)
        self.claim = self._session_id

    def _tell(self, *, created: bool, flat: bool) -> None:
        """The session object, as an answer to the connection or to an update."""
        stamp = self._outbox.stamp()
        if flat:
            kind = wire.FlatSessionCreated if created else wire.FlatSessionUpdated
            about = (self._session_id, self._expires_at, self._updates.settings, self._defaults)
            self._outbox.emit(kind(stamp, shown_flat(*about)))
        else:
            event = wire.SessionCreated if created else wire.SessionUpdated
            self._outbox.emit(event(stamp, self._shown()))

    def _tell_progress(self, point: ResumePoint) -> None:
        self._outbox.emit(wire.SessionUpdated(self._outbox.stamp(), self._shown(), point))

    def _shown(self) -> Session:
        about = (self._session_id, self._expires_at, self._updates.settings, self._defaults)
        return structs.replace(shown_session(*about), resume=self._progress.point or UNSET)

    # Ends.

    def _failed(self, utterance: int | None, error: SaywireError) -> None:
        if utterance is not None:
            self._transcripts.failed(utterance, error)
            if error.fatal:
                self.fail(error)
        elif update := self._updates.refuse():
            self._refused(update, error)
        else:
            self.fail(error)

    def _refused(self, update: Update, error: SaywireError) -> None:
        """The session took nothing of an update. A URL that asks for what is not here ends it, as there."""
        in_url = update.opening and error.param == "model"
        param = "model" if in_url else PARAMS.get(error.param or "", error.param)
        if update.opening:
            self._outbox.take()  # session.created, if that was not sent yet: it is none, as there
            error = of_opening(error)
        self._outbox.error(error, param, update.event_id)
        if update.opening or error.fatal:
            self._outbox.end(close_code(error), error)

    def _finished(self) -> None:
        if self._expired:
            self._outbox.error(too_old(self._lifetime), None, None)
            self._outbox.end(EXPIRED)
        if self._closing:
            self._outbox.emit(wire.SessionClosed(self._outbox.stamp()))
        self._outbox.end(1000)

    # Items.

    def _retrieve(self, item: str) -> None:
        found = self._transcripts.conversation.retrieve(item)
        if found is None:
            raise unknown_item("retriev", item)
        self._outbox.emit(wire.ItemRetrieved(self._outbox.stamp(), found))

    def _delete(self, item: str) -> None:
        if not self._transcripts.conversation.delete(item):
            raise unknown_item("delet", item)
        self._outbox.emit(wire.ItemDeleted(self._outbox.stamp(), item))
