"""One session's stream: audio goes out as it comes, and what has come back is looked at.

``ready`` is what has ended and is not answered: there is nothing to decode while somebody speaks. Partials
are those that have come when the next audio does. Silence is not sent: a piece is asked for from its first
sound on, with what lies before it.
"""

from __future__ import annotations

import weakref
from collections import deque
from dataclasses import replace

import numpy as np

from ....audio.pcm import to_pcm16
from ....audio.resample import Resampler
from ....errors import OutOfOrder
from ....types import RATE, Hypothesis, Options, Samples
from ...agreement import split_words
from ...guards import sift
from ...recognizer import Recognition, Window
from ...windowed_stream import put_in_order
from .background import Background
from .frames import FRAME, Frame, Frames
from .line import Line
from .turn import Turn, append


class LiveStream:
    def __init__(
        self,
        background: Background,
        line: Line,
        options: Options,
        *,
        rate: int,
        longest: float,
        timeout: float,
        words: bool,
    ) -> None:
        """``rate``: of the audio on the wire, Hz; ``longest``: of a piece, in seconds."""
        self._background = background
        self._line = line
        self._options = options
        self._rate = rate
        self._longest = longest
        self._timeout = timeout
        self._words = words
        weakref.finalize(self, background.call, line.leave).atexit = False
        self._begin()

    def _begin(self) -> None:
        self._frames = Frames(self._longest)
        self._door = Resampler(RATE, self._rate)
        self._waiting: deque[Frame] = deque()
        self._quiet: list[Frame] = []  # of a piece that has no sound yet
        self._turn: Turn | None = None
        self._shown = Hypothesis()  # of the turn, when it was committed
        self._closed = Hypothesis()  # the pieces before it
        self._origin = self._given = 0  # samples before the piece, and up to now
        self._heard = 0
        self._finished = False

    # As base.Stream.

    @property
    def ready(self) -> bool:
        return self._turn is not None and (self._turn.committed or self._turn.settled)

    @property
    def hypothesis(self) -> Hypothesis:
        if self._turn is None:
            return self._closed
        said = self._shown if self._turn.committed else self._turn.said
        return self._fit(append(self._closed, said, self._origin / RATE))

    @property
    def context(self) -> str:
        return ""

    def accept(self, samples: Samples) -> None:
        if self._finished:
            raise OutOfOrder("audio after finish; reset the stream first")
        self._heard += len(samples)
        self._waiting.extend(self._frames.feed(samples))
        self._send()

    def finish(self) -> None:
        if self._finished:
            raise OutOfOrder("a stream is finished once; reset it first")
        self._finished = True
        self._waiting.extend(self._frames.finish())
        self._send()

    def reset(self) -> None:
        if self._turn:
            self._background.call(self._line.leave)
        self._begin()

    # As the engine's.

    @property
    def settled(self) -> bool:
        """Whether ``collect`` has something."""
        return self._turn is not None and self._turn.settled

    def collect(self) -> None:
        """Take the end of the turn, and go on with what waits behind it. Raises EngineFailed, until reset."""
        turn = self._turn
        assert turn is not None
        if turn.error:
            raise turn.error
        said = turn.said if self._words else self._sift(turn.said)
        self._closed = self._fit(append(self._closed, said, self._origin / RATE))
        self._turn, self._origin = None, self._given
        self._send()

    def _send(self) -> None:
        while self._waiting and not self.ready:
            self._give(self._waiting.popleft())
        if self._turn:
            self._background.call(self._line.wake)

    def _give(self, frame: Frame) -> None:
        self._given += FRAME
        if self._turn or not frame.silent:
            self._say(frame)
        elif frame.last:
            self._quiet, self._origin = [], self._given
        else:
            self._quiet.append(frame)

    def _say(self, frame: Frame) -> None:
        if not self._turn:
            self._turn = Turn()
            for quiet in self._quiet:
                self._put(self._door.feed(quiet.samples))
            self._quiet = []
            self._background.call(self._line.take, self._turn)
        self._put(self._door.feed(frame.samples))
        if frame.last:
            self._put(self._door.flush())
            self._shown = self._turn.said
            self._turn.commit(self._timeout)

    def _put(self, samples: Samples) -> None:
        assert self._turn is not None
        if len(samples):
            self._turn.frames.append(to_pcm16(samples))

    def _sift(self, said: Hypothesis) -> Hypothesis:
        """Without loops and echoes of the prompt, unless that would take back what was stable."""
        window = Window(np.zeros(0, np.float32), self._options)
        text = sift(Recognition(split_words(said.text)), window).text
        stays = text.startswith(self._shown.text[: self._shown.stable])
        return replace(said, text=text, stable=len(text)) if stays else said

    def _fit(self, said: Hypothesis) -> Hypothesis:
        """With words in order and inside the audio, where the engine has words."""
        if not self._words:
            return replace(said, words=())
        end = self._heard / RATE
        inside = (replace(w, start=min(max(w.start, 0.0), end), end=min(w.end, end)) for w in said.words)
        return replace(said, words=tuple(put_in_order(inside, 0.0)))
