"""One session of a windowed engine: which step is due, and what becomes of its answer. Pure arithmetic.

``windowed.py`` says what the steps are and recognises. Everything but the partial is a function of the audio
alone: ``take`` is given refreshes or not, the anchors, brims and the final come out the same.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..errors import OutOfOrder
from ..types import Hypothesis, Options, Samples, Word
from .agreement import Agreement, LocalAgreement, Rollback, news
from .cutting import find_parting, find_quiet
from .guards import is_silent
from .recognizer import Recognition, Recognizer, Window

BEFORE = 200
"""Characters of what was said before the window that go to the recogniser: a sentence or three."""
ROOM = 0.2
"""The last part of a full window in which nothing becomes stable any more: a cut has to find its quiet moment
behind what is stable already, or the words between would be told twice."""


@dataclass(frozen=True, slots=True)
class Pace:
    """When a window is decoded."""

    step: float = 1.0
    """Seconds from refresh to refresh; 0: no partials."""
    agree: int = 2
    """Every such step is an anchor; 0: no text is stable before the final, and a final costs one decode."""
    trim: float = 15.0
    """Seconds from which on a window is trimmed (whisper_streaming's default)."""

    @property
    def agrees(self) -> bool:
        return self.step > 0 and self.agree > 0


class Kind(enum.Enum):
    REFRESH = enum.auto()
    ANCHOR = enum.auto()
    BRIM = enum.auto()
    FINAL = enum.auto()


@dataclass(frozen=True, slots=True)
class Due:
    """A step to do: decode the window up to a position, in samples from ``reset``."""

    kind: Kind
    end: int

    @property
    def shows(self) -> bool:
        """Whether it is for what is shown before the end, and no word is lost without it."""
        return self.kind in (Kind.REFRESH, Kind.ANCHOR)


class WindowedStream:
    """One session's window. Positions in samples from ``reset``; words in seconds from it."""

    def __init__(self, recognizer: Recognizer, pace: Pace, options: Options) -> None:
        self.options = options
        self._follows = recognizer.follows
        self._info = recognizer.info
        self._pace = pace
        self._step = round(pace.step * self._info.sample_rate)
        self._stride = self._step * pace.agree
        self._brim = round(recognizer.window * self._info.sample_rate)
        self._last_anchor = self._brim - round(ROOM * self._brim)  # from the window's start
        self._begin()

    def _begin(self) -> None:
        self._audio: list[Samples] = []
        self._start = self._heard = 0  # of the window; of the audio
        self._anchored = self._refreshed = 0
        self._finished = self._done = False
        self._closed: list[Word] = []  # what was said before the window
        self._closed_text = ""
        self._agreement = self._make_agreement()
        self._open: tuple[Word, ...] = ()  # what the last step said after the stable words
        self._language = self.options.language  # that anchors heard, never refreshes
        self._timed = self._info.words  # whether all words so far have times; refreshes do not count
        self._hypothesis = Hypothesis()

    def _make_agreement(self) -> Agreement:
        return Rollback() if self._follows else LocalAgreement()

    # As base.Stream.

    @property
    def ready(self) -> bool:
        return self.due is not None

    @property
    def hypothesis(self) -> Hypothesis:
        return self._hypothesis

    @property
    def context(self) -> str:
        return ""

    def accept(self, samples: Samples) -> None:
        if self._finished:
            raise OutOfOrder("audio after finish; reset the stream first")
        if len(samples):
            self._audio.append(samples)
            self._heard += len(samples)

    def finish(self) -> None:
        if self._finished:
            raise OutOfOrder("a stream is finished once; reset it first")
        self._finished = True
        self._done = self._heard == 0

    def reset(self) -> None:
        self._begin()

    # As the engine's.

    @property
    def due(self) -> Due | None:
        """The next step; those that must be done come in the order of their positions, before a refresh."""
        anchor = self._anchored + self._stride
        if self._pace.agrees and anchor <= min(self._heard, self._start + self._last_anchor):
            return Due(Kind.ANCHOR, anchor)
        if self._heard > self._start + self._brim:
            return Due(Kind.BRIM, self._find_cut())
        if self._finished:
            return None if self._done else Due(Kind.FINAL, self._heard)
        newest = self._heard // self._step * self._step if self._step else 0
        return Due(Kind.REFRESH, newest) if newest > max(self._decoded, self._start) else None

    @property
    def _decoded(self) -> int:
        return max(self._anchored, self._refreshed)

    def needs(self, due: Due) -> bool:
        """Whether there is anything to recognise: a refresh wants something new."""
        start = max(self._start, self._decoded) if due.kind is Kind.REFRESH else self._start
        return not is_silent(self._read(start, due.end), self._info.sample_rate)

    def frame(self, due: Due) -> Window:
        """The window of a step, with the recogniser's own tail of silence."""
        said = bool(self._closed or self._agreement.stable)
        tail = np.zeros(round(self._info.tail * self._info.sample_rate), np.float32)
        return Window(
            np.concatenate([self._read(self._start, due.end), tail]),
            replace(self.options, language=self._language if said else self.options.language),
            self._closed_text[-BEFORE:],
            join(self._agreement.stable),
            said and self.options.language is None,
        )

    def take(self, due: Due, recognition: Recognition) -> None:
        """The answer to a step."""
        words = self._place(recognition.words, due.end)
        language = recognition.language or self._language
        if due.kind is not Kind.REFRESH:
            self._language = language
            self._timed &= recognition.timed
        match due.kind:
            case Kind.REFRESH:
                self._refreshed = due.end
                self._open = news(self._agreement.stable, words)
            case Kind.ANCHOR:
                self._anchored = due.end
                self._agreement.hear(words)
                self._open = self._agreement.open
                self._trim(due.end)
            case Kind.BRIM | Kind.FINAL:
                self._close(self._agreement.finish(words))
                self._move(due.end)
                self._pass_anchors()
                self._agreement = self._make_agreement()
                self._open = ()
                self._done = due.kind is Kind.FINAL
        self._tell(language, self._timed and recognition.timed)

    def skip(self, due: Due) -> None:
        """There was nothing to recognise in a step."""
        if due.kind is Kind.REFRESH:
            self.miss(due)
        else:
            self.take(due, Recognition())

    def miss(self, due: Due) -> None:
        """A step that ``shows`` failed: as if it had not been."""
        if due.kind is Kind.REFRESH:
            self._refreshed = due.end
        else:
            self._anchored = due.end

    def _find_cut(self) -> int:
        """Behind all that is stable, and in the second half of the window."""
        window = self._read(self._start, self._start + self._brim)
        told = self._anchored - self._agreement.lag * self._stride - self._start
        rate = self._info.sample_rate
        return self._start + find_quiet(window, rate, max(self._brim / 2, told) / rate)

    def _pass_anchors(self) -> None:
        """The next anchor is a whole stride after the window's start, or later."""
        if self._stride:
            self._anchored = max(self._anchored, -(-self._start // self._stride) * self._stride)

    def _place(self, words: Iterable[Word], end: int) -> tuple[Word, ...]:
        """Window times to times from ``reset``, inside the audio."""
        origin, limit = self._start / self._info.sample_rate, end / self._info.sample_rate

        def fit(time: float) -> float:
            return min(max(0.0, round(time + origin, 3)), limit)

        return tuple(replace(word, start=fit(word.start), end=fit(word.end)) for word in words)

    def _trim(self, end: int) -> None:
        rate = self._info.sample_rate
        if not self._timed or end - self._start < self._pace.trim * rate:
            return
        stable = self._agreement.stable
        if parting := find_parting(stable, self._open, (self._start / rate) + self._pace.trim / 3):
            count, at = parting
            self._close(stable[:count])
            self._agreement.forget(count)
            self._move(min(round(at * rate), end))

    def _close(self, words: Sequence[Word]) -> None:
        """These words are said for good, and their audio is not needed any more."""
        self._closed += put_in_order(words, self._closed_end)
        self._closed_text += join(words)

    @property
    def _closed_end(self) -> float:
        return self._closed[-1].end if self._closed else 0.0

    def _move(self, start: int) -> None:
        """The window begins here now."""
        rest = self._read(start, self._heard)
        self._audio = [rest.copy()] if len(rest) else []  # a view would keep what lies before it
        self._start = start

    def _read(self, start: int, end: int) -> Samples:
        if len(self._audio) > 1:
            self._audio = [np.concatenate(self._audio)]
        return (
            self._audio[0][start - self._start : end - self._start]
            if self._audio
            else np.zeros(0, np.float32)
        )

    def _tell(self, language: str | None, timed: bool) -> None:
        held = self._closed_text + join(self._agreement.stable)
        text = held + join(self._open)
        stable = len(held.strip()) if self._pace.agrees or self._done else 0
        words: tuple[Word, ...] = ()
        if timed:
            newest = put_in_order((*self._agreement.stable, *self._open), self._closed_end)
            words = (*self._closed, *newest)
        self._hypothesis = Hypothesis(text.strip(), stable, words, language)


def join(words: Iterable[Word]) -> str:
    return "".join(word.text for word in words)


def put_in_order(words: Iterable[Word], now: float) -> Iterable[Word]:
    """Words of several decodes, without the spaces of the line, none beginning before the last has ended,
    the first before ``now``."""
    for word in words:
        start = max(word.start, now)
        now = max(word.end, start)
        yield replace(word, text=word.text.strip(), start=start, end=now)
