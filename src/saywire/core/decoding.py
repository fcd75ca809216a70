"""The second half of a session: utterances, one after the other, through the engine's stream.

Steps come in from the hearing half in the order of the audio; events go out in the same order. A step
is taken only when the stream has decoded all it was given, so what is said never depends on how fast
anybody decodes.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

from .. import messages as m
from ..audio.resample import Resampler
from ..engines.base import Engine, Stream
from ..errors import PartialLost, SaywireError
from ..types import RATE, Hypothesis, Options, Turns, Word
from .state import LIFE, Fate, Life, after
from .tape import Tape


@dataclass(slots=True, eq=False)
class Utterance:
    """One utterance on its way from being heard to being decoded. Positions in samples."""

    number: int
    start: int
    voice: int | None
    """Where its voice begins; None: nobody spoke, and the engine never hears of it."""
    options: Options
    life: Life = Life.OPEN
    end: int | None = None
    """Where its audio ends; None while that is not known."""
    voice_end: int = 0

    def go(self, fate: Fate) -> None:
        self.life = after(LIFE, self.life, fate)


@dataclass(slots=True)
class Feed:
    """The next samples [start, end) of an utterance. While it waits as the last step it may grow."""

    utterance: Utterance
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class End:
    """All audio of an utterance was fed, or it was cleared."""

    utterance: Utterance


@dataclass(frozen=True, slots=True)
class Say:
    """An event whose turn comes when everything before it was decoded."""

    event: m.Settled | m.Marked | m.Finished


Step = Feed | End | Say


class Decoding:
    """Appends what it says to ``events``, which it shares with the hearing half."""

    def __init__(self, engine: Engine, tape: Tape, events: list[m.Event], context: str) -> None:
        self._events = events
        self._engine = engine
        self._tape = tape
        self._context = context
        self._steps: deque[Step] = deque()
        self._stream: Stream | None = None
        self._options: Options | None = None
        self._door = Resampler(RATE, engine.info.sample_rate)
        self._utterance: Utterance | None = None  # the one in the stream
        self._error: SaywireError | None = None  # what became of it
        self._ending = False
        self._said = Hypothesis()

    def add(self, step: Step) -> None:
        last = self._steps[-1] if self._steps else None
        if isinstance(step, Feed) and isinstance(last, Feed) and last.end == step.start:
            last.end = step.end
        else:
            self._steps.append(step)

    def drop(self, utterance: Utterance) -> None:
        """Forget what is queued of a cleared utterance."""
        self._steps = deque(s for s in self._steps if isinstance(s, Say) or s.utterance is not utterance)
        self._steps.append(End(utterance))

    def prepare(self, options: Options) -> None:
        """Have a stream for these options. Only while idle. Raises what ``Engine.open`` raises."""
        wanted = replace(options, turns=Turns())  # an engine does not care for turns
        if self._stream is None or wanted != self._options:
            self._stream = None  # an engine may hold one stream only
            self._stream = self._engine.open(options, self._context)
            self._options = wanted

    @property
    def idle(self) -> bool:
        return not self._steps and self._utterance is None

    @property
    def stream(self) -> Stream:
        assert self._stream is not None
        return self._stream

    @property
    def busy(self) -> bool:
        """Whether the stream is to be decoded before anything else can go on."""
        if self._utterance is None or self._stream is None or self._utterance.life is Life.CLEARED:
            return False
        return self._stream.ready

    @property
    def _ends_next(self) -> bool:
        """Whether the utterance in the stream has all its audio: what is decoded for its partial alone, by an
        engine that knows that there is no more, need not be."""
        step = self._steps[0] if self._steps else None
        return isinstance(step, End) and step.utterance is self._utterance and not self._ending

    def fail(self, error: SaywireError) -> None:
        """The stream could not be decoded: its utterance fails, the next gets a new stream. But a partial
        that is lost is nothing worse."""
        if isinstance(error, PartialLost):
            return
        self._error = error
        self._stream = None

    def advance(self) -> None:
        """Say what the stream found, and feed it on until it is busy or nothing is left."""
        self._say_partial()
        while (self._steps or self._ending) and (not self.busy or self._ends_next):
            if self._ending:
                self._close()
            else:
                self._take(self._steps.popleft())

    def _take(self, step: Step) -> None:
        match step:
            case Feed(utterance, start, end):
                self._feed(utterance, start, end)
            case End(utterance):
                self._end(utterance)
            case Say(m.Settled() as event):
                self._tape.forget(event.position)
                self._events.append(replace(event, context=self._context))
            case Say(event):
                self._events.append(event)

    def _feed(self, utterance: Utterance, start: int, end: int) -> None:
        if utterance is not self._utterance:
            self._open(utterance)
        if self._stream and not self._error:
            self._stream.accept(self._door.feed(self._tape.read(start, end)))

    def _open(self, utterance: Utterance) -> None:
        self._utterance = utterance
        self._said, self._error = Hypothesis(), None
        try:
            self.prepare(utterance.options)
        except SaywireError as error:
            self.fail(error)

    def _end(self, utterance: Utterance) -> None:
        if utterance is not self._utterance:  # nothing of it was fed
            if utterance.life is Life.ENDED:
                self._say_final(utterance, Hypothesis())
        elif utterance.life is Life.CLEARED or self._error:
            self._close()
        else:
            self.stream.accept(self._door.flush())
            self.stream.finish()
            self._ending = True

    def _close(self) -> None:
        utterance, self._utterance, self._ending = self._utterance, None, False
        assert utterance is not None
        self._door.flush()  # of one that failed or was cleared it may hold audio, which is nobody's now
        if utterance.life is Life.CLEARED:
            pass
        elif self._error:
            utterance.go(Fate.ERROR)
            self._events.append(m.Failed(utterance.number, self._error))
        else:
            self._say_final(utterance, self.stream.hypothesis)
        if self._stream:
            self._stream.reset()
            self._context = self._stream.context

    def _say_partial(self) -> None:
        utterance = self._utterance
        if utterance is None or self._stream is None or utterance.life is Life.CLEARED:
            return
        if self._ending and not self.busy:  # that is the final
            return
        found = self._stream.hypothesis
        if found != self._said:
            self._said = found
            self._events.append(m.Partial(utterance.number, shifted(found, utterance)))

    def _say_final(self, utterance: Utterance, found: Hypothesis) -> None:
        utterance.go(Fate.DECODED)
        assert utterance.end is not None
        start, end = utterance.start, utterance.end
        if utterance.voice is not None:
            start, end = utterance.voice, utterance.voice_end
        language = found.language or utterance.options.language
        words = shifted(found, utterance).words
        self._events.append(m.Final(utterance.number, found.text, start / RATE, end / RATE, words, language))


def shifted(found: Hypothesis, utterance: Utterance) -> Hypothesis:
    """With word times in the session's clock, none after the utterance's audio. Pure."""
    if not found.words:
        return found
    origin = utterance.start / RATE
    words = [Word(word.text, word.start + origin, word.end + origin, word.confidence) for word in found.words]
    if utterance.end is not None:
        limit = utterance.end / RATE
        words = [replace(w, start=min(w.start, limit), end=limit) if w.end > limit else w for w in words]
    return Hypothesis(found.text, found.stable, tuple(words), found.language)
