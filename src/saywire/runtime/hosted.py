"""A session seen from the ingress: it keeps what its worker may have to hear again.

The worker behind a session can die, or be left for another model's; the client must not notice. So
everything since the last Settled is kept, and given again, in order, to the next worker. What that
one says again is recognised and not repeated: see ``echo.py``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

from .. import messages as m
from ..errors import BadRequest, EngineFailed, OutOfOrder, Overloaded, SaywireError
from ..types import RATE, Options, Samples
from .echo import Echo
from .intake import Intake
from .keep import Keep
from .link import Down, Open

DEATHS = 3
"""Workers that may die on the same audio before the session is given up."""
COMMANDS = 1000
"""Without audio, that may wait for their answer or their settling."""
QUESTIONS = 16
"""Configures before the first audio, of those."""
EVENTS = 10_000
"""That may wait for somebody to take them."""
THIN = 100
"""Events that wait when partials begin to be thinned out: only the newest of an utterance is kept then."""


class Seat(Protocol):
    """A session's place in a worker."""

    @property
    def model(self) -> str:
        """That the worker has loaded."""

    def send(self, message: Down) -> None:
        """Never waits."""

    def leave(self) -> None:
        """Give the place back; no event comes any more."""


class Usher(Protocol):
    """Who gives seats."""

    def seat(self, hosted: Hosted, options: Options) -> None:
        """Answers, now or later, by ``hosted.seated`` or ``hosted.refused``."""

    def same_model(self, one: Options, other: Options) -> bool: ...

    def forget(self, hosted: Hosted) -> None:
        """The session has ended."""


class Hosted:
    """``runtime.base.Hosted`` towards the connection; seated, refused, lost and hear for the usher."""

    def __init__(self, usher: Usher, options: Options, moved: Callable[[], None], max_backlog: float) -> None:
        self._usher = usher
        self._moved = moved
        self._max_backlog = max_backlog
        self._seat: Seat | None = None
        self._waiting = False  # for a seat, or for the answer to Open
        self._asked: deque[m.Configure] = deque()  # before the first audio, not answered yet
        self._owed: deque[m.Failed | None] = deque()  # answers to Configures, in order; None: it is to come
        self._intake = Intake()
        self._keep = Keep(options)
        self._echo = Echo()
        self._deaths = 0
        self._events: list[m.Event] = []
        self._finishing = self._over = False

    # From the connection.

    def receive(self, command: m.Command) -> None:
        if self._finishing or self._over:
            raise OutOfOrder(f"{type(command).__name__} after the session's end")
        if not isinstance(command, m.Audio | m.Finish):
            self._check_room()
        self._intake.take(command)
        if isinstance(command, m.Configure):
            self._owed.append(self._refuse_late(command))
        match command:
            case m.Audio():
                self._take_audio(command)
            case m.Configure() if self._owed[-1]:
                self._say_refusals()
            case m.Configure() if not self._intake.heard:
                self._ask(command)
            case _:
                self._finishing = isinstance(command, m.Finish)
                self._give_audio(self._intake.flush())
                self._give(command)

    def events_to_send(self) -> list[m.Event]:
        events, self._events = self._events, []
        return events

    @property
    def backlog(self) -> float:
        return (self._keep.position - self._keep.settled.position) / RATE

    @property
    def ended(self) -> bool:
        return self._over and not self._events

    def close(self) -> None:
        if not self._over:
            self._over = True
            self._leave()
            self._usher.forget(self)

    def give_up(self, error: SaywireError) -> None:
        """End the session with this error, which is told; idempotent."""
        if not self._over:
            error.fatal = True
            self.close()
            self._say(m.Failed(None, error))

    # From the usher.

    def seated(self, seat: Seat) -> None:
        """Here is the place that was asked for: everything kept goes there."""
        if self._over:
            seat.leave()
            return
        self._seat = seat
        wanted = self._asked[0] if self._asked else m.Configure(self._keep.options)
        begin = wanted.resume or self._keep.settled
        if begin.model not in ("", seat.model):
            self._leave()
            other = f"the context is of model '{begin.model}', not of '{seat.model}'"
            self.refused(BadRequest(other, code="other_model", param="resume"))
            return
        seat.send(Open(wanted.options, begin, suspect=self._deaths > 0))
        for command in self._keep.commands():
            seat.send(command)
        if self._echo.catching_up and not self._finishing:
            seat.send(self._echo.mark)

    def refused(self, error: SaywireError) -> None:
        """There is no place, or no session of these options."""
        self._waiting = False
        if self._asked:
            self._answer(m.Failed(None, error))
            self._go_on()
        else:
            self.give_up(error)

    def lost(self, tried: bool) -> None:
        """The worker died: go on in another one. ``tried``: it said before that this session might do it."""
        self._seat = None
        if tried or not self._deaths:
            self._deaths += 1
        if self._deaths >= DEATHS:
            self.give_up(EngineFailed(f"{self._deaths} workers died on this session's audio; it is given up"))
        else:
            self._request()

    def hear(self, event: m.Event) -> None:
        """An event from the worker."""
        if self._waiting:
            self._hear_answer(event)
        else:
            for news in self._echo.sift(event):
                self._pass_on(news)

    # Inside.

    @property
    def _wanted(self) -> Options:
        """Of the model that the session is to have."""
        return self._asked[-1].options if self._asked else self._keep.options

    def _refuse_late(self, command: m.Configure) -> m.Failed | None:
        """The answer to one that asks for what can only be asked for before the first audio."""
        if not self._intake.heard:
            return None
        if command.resume:
            late = "a session can resume only before the first audio"
            return m.Failed(None, BadRequest(late, param="resume"))
        if self._usher.same_model(command.options, self._wanted):
            return None
        return m.Failed(None, BadRequest("the model can change only before the first audio", param="model"))

    def _check_room(self) -> None:
        waits = ((QUESTIONS, len(self._asked)), (COMMANDS, self._keep.waiting), (COMMANDS, len(self._owed)))
        for limit, waiting in waits:
            if waiting >= limit:
                raise Overloaded(f"{waiting} commands wait for the engine, which is the limit; send fewer")

    def _take_audio(self, audio: m.Audio) -> None:
        if self.backlog > self._max_backlog:
            raise Overloaded(
                f"the engine is {self.backlog:.0f} s of audio behind; the limit is "
                f"{self._max_backlog:.0f} s: send no faster than you speak"
            )
        self._give_audio(self._intake.feed(audio))

    def _give_audio(self, samples: Samples) -> None:
        if len(samples):
            self._give(m.Audio(samples))

    def _give(self, command: m.Command) -> None:
        self._intake.give(command)
        self._keep.add(command)
        if self._seat:
            self._seat.send(command)
        elif not self._waiting:
            self._request()

    def _ask(self, command: m.Configure) -> None:
        self._asked.append(command)
        if len(self._asked) == 1:
            self._request()

    def _request(self) -> None:
        self._leave()
        self._waiting = True
        self._echo.begin(self._keep.answered(m.Configure), self._keep.answered(m.Clear))
        self._usher.seat(self, self._asked[0].options if self._asked else self._keep.options)

    def _hear_answer(self, event: m.Event) -> None:
        """The answer to Open: to the first of ``_asked``, or to nobody's question."""
        match event:
            case m.Failed(None, error):
                self._leave()
                self.refused(error)
            case m.Configured(options):
                self._waiting = False
                if self._asked:
                    self._keep.options = options
                    if resume := self._asked[0].resume:
                        self._keep.begin(resume)
                        self._intake.resume(resume)
                    self._answer(event)
                self._go_on()
            case _:
                raise OutOfOrder(f"{event!r} before the answer to Open")

    def _answer(self, event: m.Configured | m.Failed) -> None:
        self._asked.popleft()
        self._intake.answer()
        self._say_answer(event)

    def _say_answer(self, event: m.Configured | m.Failed) -> None:
        self._owed.popleft()
        self._say(event)
        self._say_refusals()

    def _say_refusals(self) -> None:
        """Those whose turn it is: clients tell answers apart by their order alone."""
        while self._owed and (refusal := self._owed[0]):
            self._owed.popleft()
            self._say(refusal)

    def _go_on(self) -> None:
        """Ask the next question; without one, be seated if there is something to be heard."""
        if self._asked or (self._keep and not self._seat):
            self._request()

    def _pass_on(self, event: m.Event) -> None:
        self._keep.note(event)
        match event:
            case m.Failed(None, error) if error.fatal:
                self.give_up(error)
                return
            case m.Configured() | m.Failed(None):
                self._say_answer(event)
                return
            case m.Settled():
                self._deaths = 0
                assert self._seat
                event = self._intake.complete(event, self._seat.model)
            case m.Finished():
                self.close()
            case _:
                pass
        self._say(event)

    def _say(self, event: m.Event) -> None:
        if isinstance(event, m.Partial) and len(self._events) > THIN:
            self._thin(event.utterance)
        self._events.append(event)
        self._moved()
        if len(self._events) > EVENTS:
            self.give_up(Overloaded(f"{EVENTS} events wait to be read, which is the limit; read faster"))

    def _thin(self, utterance: int) -> None:
        """Of the partials of an utterance the newest says all."""
        match self._events:
            case [*_, m.Partial(before)] if before == utterance:
                self._events.pop()
            case _:
                pass

    def _leave(self) -> None:
        if self._seat:
            self._seat.leave()
            self._seat = None
