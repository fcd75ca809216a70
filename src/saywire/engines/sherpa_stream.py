"""One session in a streaming recogniser of sherpa-onnx, and a step of many of them.

Contract: audio goes to the library up to positions that follow from the audio alone, so text does not depend
on how it was cut. Greedy decoders never take back a token: their text is stable. With hot words a beam is
searched, and with rule files the end is rewritten: then nothing is stable before the end.

sherpa-onnx ends the process on misuse: no step is asked for that is not ready, and no text of a client goes
in. The recogniser is made when the first step is decoded, so that a session which is the first to want it
keeps nobody waiting but other decoding. Sources: its Python API and C++ sources (online-recognizer-*.h,
features.cc), 2.0.1, November 2026.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..errors import EngineFailed, OutOfOrder
from ..types import RATE, Hypothesis, Samples
from .base import Stream
from .reading import read, read_text
from .retelling import retell
from .spelling import Spelling
from .token_table import Script

BLOCK = RATE // 10
"""Samples given to the library at a time where nobody knows what a step wants."""
COAXED = 10
"""Of such blocks, those of silence that may be needed for one more step."""
FRAME_END = 280
"""Frame i of Kaldi's features, 10 ms apart and edges not snipped, ends at sample 160 i + 280."""


@dataclass(frozen=True, slots=True, eq=False)
class Recognizer:
    """One network in memory and how it decodes. ``native``: whether its text only grows."""

    handle: Any
    native: bool


@dataclass(frozen=True, slots=True)
class Steps:
    """How much audio decoding wants, in samples."""

    first: int = BLOCK
    """Until the first step."""
    each: int = BLOCK
    """From step to step."""
    known: bool = False
    """Whether that is what decoding wants, and not only how often it is asked."""

    @classmethod
    def of_frames(cls, chunk: float, lookahead: float) -> Steps:
        """Of a model that takes frames of 10 ms; the library asks for one more than a step takes."""
        return cls(round((chunk + lookahead) * RATE) + FRAME_END, round(chunk * RATE), known=True)

    def count(self, length: int) -> int:
        """Steps that decode all of so much audio; 0 where that is not known."""
        return 1 + max(0, math.ceil((length - self.first) / self.each)) if self.known else 0


@dataclass(frozen=True, slots=True)
class Conduct:
    """What a stream is opened with."""

    load: Callable[[], Recognizer]
    steps: Steps
    script: Script
    spelling: Spelling
    tail: float
    """Seconds of silence behind the last word."""
    hotwords: str = ""
    """In the library's notation, as ``hotwords.py`` writes it."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Of the library's stream, from its beginning."""
    last: Mapping[str, str] = field(default_factory=dict)
    """The same, from the end of the audio."""
    rules: bool = False
    """Whether the recogniser applies rule files."""


class SherpaStream:
    def __init__(self, conduct: Conduct) -> None:
        self._conduct = conduct
        self._begin()

    def _begin(self) -> None:
        self.recognizer: Recognizer | None = None
        self.native: Any = None
        self._pending: list[Samples] = []
        self._heard = self._fed = 0
        self._next = self._conduct.steps.first
        """The position up to which the library is fed before it is asked again."""
        self._steps = self._last = 0  # that were decoded, and that are to be
        self._finished = self._ended = False
        self._hypothesis = Hypothesis(language=self._conduct.spelling.language)
        self._told = True  # whether the hypothesis is of the newest step
        self._tokens = 0
        self._closed = True  # whether the last word's end is known, not the audio's end

    # As base.Stream.

    @property
    def ready(self) -> bool:
        if not self._heard or self._ended:
            return self.can_step
        return self._finished or self._heard >= self._next or self.can_step

    @property
    def context(self) -> str:
        return ""

    @property
    def hypothesis(self) -> Hypothesis:
        if not self._told:
            self._told = True
            self._tell()
        return self._hypothesis

    def accept(self, samples: Samples) -> None:
        if self._finished:
            raise OutOfOrder("audio after finish; reset the stream first")
        if len(samples):
            self._pending.append(samples)
            self._heard += len(samples)

    def finish(self) -> None:
        if self._finished:
            raise OutOfOrder("a stream is finished once; reset it first")
        self._finished = True
        steps, length = self._conduct.steps, self._heard + round(self._conduct.tail * RATE)
        self._last = steps.count(length)
        whole = max(length, steps.first + (self._last - 1) * steps.each)
        self._pending.append(np.zeros(whole - self._heard, np.float32))

    def reset(self) -> None:
        self._begin()

    # As the engine's.

    @property
    def can_step(self) -> bool:
        """Whether the library can decode what it has."""
        return self.recognizer is not None and bool(self.recognizer.handle.is_ready(self.native))

    def feed(self) -> None:
        """Give audio until a step is ready or there is none for it."""
        if self.recognizer is None:
            self._start()
        while not self.can_step and self._heard >= self._next:
            self._give(self._next - self._fed)
            if not self.can_step:
                self._next += BLOCK
        if self._finished and not self.can_step and not self._ended:
            self._give(sum(map(len, self._pending)))
            if not (self._conduct.steps.known and (self.can_step or self._coax())):
                self._end()

    def _coax(self) -> bool:
        """Whether silence brings it to a step that it owes: some want more than was reckoned."""
        for _ in range(COAXED):
            if self._steps >= self._last:
                return False
            self._pending.append(np.zeros(BLOCK, np.float32))
            self._give(BLOCK)
            if self.can_step:
                return True
        return False

    def _end(self) -> None:
        for name, value in self._conduct.last.items():
            self.native.set_option(name, value)
        self.native.input_finished()
        self._ended = True
        self._told = False  # what may still change is known now

    def advance(self) -> None:
        """Note that a step was decoded."""
        self._next += self._conduct.steps.each
        self._steps += 1
        self._told = False

    def _start(self) -> None:
        self.recognizer = self._conduct.load()
        words = [self._conduct.hotwords] if self._conduct.hotwords else []
        self.native = self.recognizer.handle.create_stream(*words)
        for name, value in self._conduct.settings.items():
            self.native.set_option(name, value)

    def _give(self, count: int) -> None:
        """The next samples, as a list: the binding converts arrays slower."""
        if count:
            audio = np.concatenate(self._pending)
            self.native.accept_waveform(RATE, audio[:count].tolist())
            self._pending = [audio[count:]]
            self._fed += count

    def _tell(self) -> None:
        assert self.recognizer is not None
        conduct, over = self._conduct, self._ended and not self.ready
        result = self.recognizer.handle.get_result_all(self.native)
        native = self.recognizer.native and not conduct.rules
        if native and len(result.tokens) == self._tokens and self._closed and not over:
            return  # most steps add no token
        seconds = self._heard / RATE
        told = read(result, result.ys_probs, seconds, over, conduct.script, conduct.spelling)
        if over and conduct.rules:
            text = read_text(result, conduct.script)
            told = replace(told, text=text, words=retell(told.words, text))
        self._tokens = len(result.tokens)
        self._closed = not told.words or result.timestamps[-1] + conduct.spelling.trail <= seconds
        stable = len(told.text) if native or over else 0
        self._hypothesis = Hypothesis(told.text, stable, told.words, told.language)


def decode(streams: Sequence[Stream], most: int) -> None:
    """``Engine.decode`` of streams that may be of several recognisers. Raises EngineFailed."""
    batch = [stream for stream in streams if isinstance(stream, SherpaStream) and stream.ready]
    if len(batch) != len(streams) or not 1 <= len(batch) <= most:
        raise OutOfOrder(f"{len(streams)} streams, {len(batch)} ready; decode takes 1 to {most}, all ready")
    groups: dict[Recognizer, list[SherpaStream]] = {}
    for stream in batch:
        stream.feed()
        if stream.can_step:
            assert stream.recognizer is not None
            groups.setdefault(stream.recognizer, []).append(stream)
    for recognizer, group in groups.items():
        try:
            recognizer.handle.decode_streams([stream.native for stream in group])
        except RuntimeError as e:
            raise EngineFailed(f"sherpa-onnx failed a step of {len(group)} streams: {e}") from e
        for stream in group:
            stream.advance()
