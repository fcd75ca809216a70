"""One client's session: commands in, events out. No sockets, threads, clock or decoding inside.

A session is two halves. This one hears: it cuts utterances out of the audio, by voice and by command,
and says SpeechStarted and SpeechStopped at once. ``decoding.py`` feeds the engine's stream behind it.
Whoever owns a session drives it so::

    receive(command)                    any time
    while (frame := next_frame()) is not None: hear(probability that it is voice)
    if (audio := take_question()) is not None: answer(probability that somebody finished), hear on
    advance()                           then, and after each decode of ``stream``
    while ready: decode ``stream``, advance()
    events_to_send()                    any time

While ``stream`` is being decoded in another thread, everything but ``advance`` and ``fail`` may go on.

All a session says is a function of the audio and of where the commands lie in it. At each boundary (the
end of an utterance, a Clear, some seconds of silence) it begins to hear anew, at a position from which
it depends on nothing before; ``Settled`` names that position, and ``Session(resume=...)`` begins there.
"""

from __future__ import annotations

from collections import deque

from .. import messages as m
from ..audio.vad import FRAME, VoiceState
from ..engines.base import Engine, Stream
from ..engines.demands import check_demands
from ..errors import OutOfOrder, SaywireError
from ..types import RATE, Options, Samples
from .decoding import Decoding, End, Feed, Say, Utterance
from .state import HEARING, Fate, Heard, Hearing, after
from .tape import Tape
from .turns import Began, Ended, Paused, TurnDetector, check_turns

START = m.Settled(0, 0, 0)
"""Where a session begins that resumes nothing."""
LONGEST_SILENCE = 8 * RATE
"""After so much silence, and the padding, the session settles: nobody has to keep more of it."""
QUESTION = 8 * RATE
"""Samples that a turn model is told at most: as many as Smart Turn hears."""


class Session:
    """Raises what ``Engine.open`` raises for the first options, and BadRequest for their turns."""

    def __init__(
        self, engine: Engine, options: Options, resume: m.Settled = START, *, judged: bool = False
    ) -> None:
        """``judged``: there is a turn model, and ``take_question`` is looked at."""
        check_turns(options.turns)
        check_demands(engine.info, options)
        self.options = options
        self.voice = VoiceState()
        """Of the voice detector after the last frame heard; its owner replaces it with each frame."""
        self._engine = engine
        self._state = Hearing.QUIET
        self._tape = Tape(resume.position)
        self._judged = judged
        self._turns = TurnDetector(options.turns, resume.position, judged)
        self._question: Samples | None = None
        self._waits = False  # for the answer to it
        self._inbox: deque[tuple[int, m.Command]] = deque()
        self._finishing = False
        self._commands = resume.commands
        self._earliest = resume.position
        """No boundary lies before the last command."""
        self._next = resume.utterance
        self._utterance: Utterance | None = None  # the open one
        self._fed = 0
        self._events: list[m.Event] = []
        self._decoding = Decoding(engine, self._tape, self._events, resume.context)
        self._decoding.prepare(options)

    def receive(self, command: m.Command) -> None:
        """Audio must be at the house rate. Raises OutOfOrder after Finish."""
        if self._finishing:
            raise OutOfOrder(f"{type(command).__name__} after Finish")
        if isinstance(command, m.Audio):
            self._tape.append(command.samples)
        else:
            self._finishing = isinstance(command, m.Finish)
            self._inbox.append((self._tape.end, command))

    def next_frame(self) -> Samples | None:
        """The next FRAME samples to judge, after doing the commands that lie before their end; None also
        while a question is open."""
        if self._waits:
            return None
        while self._inbox and self._inbox[0][0] < self._turns.position + FRAME:
            at, command = self._inbox.popleft()
            self._act(command, at)
        start = self._turns.position
        if self._state is Hearing.FINISHED or start + FRAME > self._tape.end:
            return None
        return self._tape.read(start, start + FRAME)

    def hear(self, probability: float) -> None:
        """Take the probability, in [0, 1], that the frame of ``next_frame`` is voice."""
        turn = self._turns.hear(probability)
        now = self._turns.position
        if isinstance(turn, Began):
            self._begin(turn)
        elif isinstance(turn, Ended):
            self._end_turn(turn)
        elif isinstance(turn, Paused):
            self._ask()
        elif not self._utterance and self._turns.idle >= LONGEST_SILENCE + self._padding:
            self._settle(now - self._padding)

    def take_question(self) -> Samples | None:
        """What somebody said who may have finished, the pause included. Once; then ``answer`` must come."""
        question, self._question = self._question, None
        return question

    def answer(self, probability: float | None) -> None:
        """How probable it is, in [0, 1], that they have; None: the turn model cannot say."""
        self._waits = False
        if ended := self._turns.answer(probability):
            self._end_turn(ended)

    def advance(self) -> None:
        """Feed the stream and say what it found."""
        self._feed(self._turns.position)
        self._decoding.advance()

    def fail(self, error: SaywireError) -> None:
        """Decoding ``stream`` raised this: its utterance fails, the session goes on."""
        self._decoding.fail(error)
        self.advance()

    @property
    def stream(self) -> Stream:
        """What to decode while ``ready``."""
        return self._decoding.stream

    @property
    def ready(self) -> bool:
        return self._decoding.busy

    @property
    def finished(self) -> bool:
        return self._state is Hearing.FINISHED and self._decoding.idle

    def events_to_send(self) -> list[m.Event]:
        """Take the events since the last call."""
        events = self._events.copy()
        self._events.clear()
        return events

    # Commands.

    def _act(self, command: m.Command, at: int) -> None:
        match command:
            case m.Configure(options):
                self._configure(options, at)
            case m.Commit():
                self._end_here(at, Heard.COMMIT, m.Cause.COMMIT, always=True)
                self._note(at)
                self._settle(at)
            case m.Clear():
                self._clear()
                self._note(at)
                self._settle(at)
            case m.Finish():
                self._end_here(at, Heard.FINISH, m.Cause.FINISH, always=False)
                self._decoding.add(Say(m.Finished(at / RATE)))
            case m.Mark(id):
                self._feed(self._turns.position)
                self._decoding.add(Say(m.Marked(id)))

    def _note(self, at: int) -> None:
        self._commands += 1
        self._earliest = at

    def _configure(self, options: Options, at: int) -> None:
        self._note(at)
        try:
            check_turns(options.turns)
            check_demands(self._engine.info, options)
            if not self._utterance and self._decoding.idle:
                self._decoding.prepare(options)
        except SaywireError as error:
            self._events.append(m.Failed(None, error))
            return
        self.options = options
        self._turns.rules = options.turns
        self._events.append(m.Configured(options))

    def _clear(self) -> None:
        self._go(Heard.CLEAR)
        utterance, self._utterance = self._utterance, None
        if utterance:
            utterance.go(Fate.CLEAR)
            self._decoding.drop(utterance)
        self._events.append(m.Cleared(utterance.number if utterance else None))

    def _end_here(self, at: int, heard: Heard, cause: m.Cause, *, always: bool) -> None:
        """End what is open, or what little voice there was, or else, if ``always``, nothing at all."""
        if not self._utterance and (began := self._turns.begin_anyway()):
            self._begin(began)
        if not self._utterance and always:
            self._utterance = self._new_utterance(self._turns.origin, None)
        if self._utterance:
            self._end(at, heard, cause)
        else:
            self._go(heard)

    # Utterances.

    def _begin(self, began: Began) -> None:
        self._go(Heard.VOICE)
        self._utterance = self._new_utterance(began.start, began.voice)
        self._fed = began.start
        self._events.append(m.SpeechStarted(self._utterance.number, began.start / RATE))

    def _new_utterance(self, start: int, voice: int | None) -> Utterance:
        self._next += 1
        return Utterance(self._next - 1, start, voice, self.options)

    def _feed(self, end: int) -> None:
        """Have the open utterance decoded up to here, before whatever is queued next."""
        utterance = self._utterance
        if utterance and utterance.voice is not None and end > self._fed:
            self._decoding.add(Feed(utterance, self._fed, end))
            self._fed = end

    def _ask(self) -> None:
        assert self._utterance is not None
        now = self._turns.position
        self._question = self._tape.read(max(self._utterance.start, now - QUESTION), now)
        self._waits = True

    def _end_turn(self, turn: Ended) -> None:
        now = self._turns.position
        silence = turn.cause is m.Cause.SILENCE
        self._end(now, Heard.SILENCE if silence else Heard.LENGTH, turn.cause)
        self._settle(now - min(now - turn.voice, self._padding))

    def _end(self, at: int, heard: Heard, cause: m.Cause) -> None:
        self._feed(at)
        utterance, self._utterance = self._utterance, None
        assert utterance is not None
        self._go(heard)
        utterance.end, utterance.voice_end = at, self._turns.last_voice
        utterance.go(Fate.END)
        self._events.append(m.SpeechStopped(utterance.number, at / RATE, cause))
        self._decoding.add(End(utterance))

    def _settle(self, position: int) -> None:
        """Hear anew from here on, at the earliest after the last command."""
        position = max(position, self._earliest)
        self._turns = TurnDetector(self.options.turns, position, self._judged)
        self.voice = VoiceState()
        self._decoding.add(Say(m.Settled(position, self._commands, self._next)))

    @property
    def _padding(self) -> int:
        return round(self.options.turns.padding * RATE)

    def _go(self, heard: Heard) -> None:
        self._state = after(HEARING, self._state, heard)
