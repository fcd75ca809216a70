"""An engine that hears loudness, exactly: for tests of everything above it.

Audio is cut into blocks of 100 ms, counted from ``reset``. A block whose peak is above 0.1 is one
word: the next of the script, with the block's times. One block is one decode step. It is strict where
real engines forgive: a step that is not ready, audio after ``finish`` and a batch that is too large
raise OutOfOrder.

Worker processes load an engine by the name of a function, so each kind that a test needs there has a
loader below: ``Entry("slow", "fake:load_slow", ...)``.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..errors import BadRequest, EngineFailed, OutOfOrder
from ..types import RATE, Hypothesis, Options, Samples, Word
from .base import EngineInfo, Stability, Stream
from .demands import check_demands

BLOCK = RATE // 10
LOUD = 0.1
SCRIPT = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
SLOW = 2.0


@dataclass(frozen=True, slots=True)
class Conduct:
    """How a fake engine behaves."""

    script: tuple[str, ...] = SCRIPT
    """Repeats when it ends."""
    step_seconds: float = 0.0
    """A decode step really takes so long, for all streams of its batch together."""
    fail_on: str = ""
    """The step that would say this word raises EngineFailed instead, before any stream of the batch
    has moved; the first time only."""
    die_on: str = ""
    """The step that would say this word ends the process, every time."""
    stability: Stability = "native"
    """Unless native, the newest word is spelled with a question mark until another block was decoded."""
    tail: float = 0.0
    """Seconds of silence decoded after ``finish``."""
    adapts: bool = False
    """The script goes on over ``reset`` instead of beginning anew."""
    languages: tuple[str, ...] = ()
    max_batch: int = 4
    max_streams: int | None = None


class FakeStream:
    def __init__(self, conduct: Conduct, language: str | None, told: int) -> None:
        self._conduct = conduct
        self._language = language
        self._told = told
        self._pending: Samples = np.zeros(0, np.float32)
        self._words: list[Word] = []
        self._heard = 0
        self._decoded = 0
        self._newest = False
        self._finished = False

    @property
    def ready(self) -> bool:
        return len(self._pending) >= BLOCK or (self._finished and len(self._pending) > 0)

    @property
    def hypothesis(self) -> Hypothesis:
        texts = [word.text for word in self._words]
        certain = len(texts)
        if self._doubts:
            certain -= 1
            texts[-1] += "?"
        text = " ".join(texts)
        stable = len(" ".join(texts[:certain]))
        if self._conduct.stability == "none" and not self._decoded_all:
            stable = 0
        words = tuple(replace(word, text=told) for word, told in zip(self._words, texts, strict=True))
        return Hypothesis(text, stable, words, self._language)

    @property
    def context(self) -> str:
        return str(self._told_after_reset) if self._conduct.adapts else ""

    def accept(self, samples: Samples) -> None:
        if self._finished:
            raise OutOfOrder("audio after finish; reset the stream first")
        self._heard += len(samples)
        self._pending = np.concatenate([self._pending, samples])

    def finish(self) -> None:
        if self._finished:
            raise OutOfOrder("a stream is finished once; reset it first")
        self._finished = True
        if self._heard:
            tail = np.zeros(round(self._conduct.tail * RATE), np.float32)
            self._pending = np.concatenate([self._pending, tail])

    def reset(self) -> None:
        self._told = self._told_after_reset
        self._pending = self._pending[:0]
        self._words = []
        self._heard = self._decoded = 0
        self._newest = self._finished = False

    def next_word(self) -> str | None:
        """What the next step will say; None where its block is quiet."""
        if np.abs(self._pending[:BLOCK]).max(initial=0.0) <= LOUD:
            return None
        script = self._conduct.script
        return script[(self._told + len(self._words)) % len(script)]

    def step(self) -> None:
        text = self.next_word()
        end = min(self._decoded + BLOCK, self._heard)
        if text is not None:
            self._words.append(Word(text, self._decoded / RATE, end / RATE, 1.0))
        self._newest = text is not None
        self._pending = self._pending[BLOCK:]
        self._decoded += BLOCK

    @property
    def _told_after_reset(self) -> int:
        """An utterance that was not decoded to its end leaves no trace."""
        return self._told + (len(self._words) if self._conduct.adapts and self._decoded_all else 0)

    @property
    def _decoded_all(self) -> bool:
        return self._finished and not self.ready

    @property
    def _doubts(self) -> bool:
        return self._newest and self._conduct.stability != "native" and not self._decoded_all


class FakeEngine:
    """``batches`` keeps the number of streams of each decode call."""

    def __init__(self, conduct: Conduct | None = None) -> None:
        self._conduct = conduct or Conduct()
        self._failed = False
        self.batches: list[int] = []
        self.closed = False

    @property
    def info(self) -> EngineInfo:
        conduct = self._conduct
        return EngineInfo(
            "fake",
            languages=conduct.languages,
            stability=conduct.stability,
            words=True,
            confidence=True,
            max_batch=conduct.max_batch,
            max_streams=conduct.max_streams,
            adapts=conduct.adapts,
            long_steps=conduct.step_seconds > 0,
            tail=conduct.tail,
        )

    def open(self, options: Options, context: str = "") -> Stream:
        check_demands(self.info, options)
        return FakeStream(self._conduct, options.language, self._read(context))

    def decode(self, streams: Sequence[Stream]) -> None:
        batch = [stream for stream in streams if isinstance(stream, FakeStream) and stream.ready]
        if len(batch) != len(streams) or not 1 <= len(batch) <= self._conduct.max_batch:
            raise OutOfOrder(
                f"{len(streams)} streams, {len(batch)} of them ready; decode takes 1 to "
                f"{self._conduct.max_batch}, all ready"
            )
        self._misbehave({stream.next_word() for stream in batch})
        self.batches.append(len(batch))
        if self._conduct.step_seconds:
            time.sleep(self._conduct.step_seconds)
        for stream in batch:
            stream.step()

    def close(self) -> None:
        self.closed = True

    def _read(self, context: str) -> int:
        """Words told before."""
        if not context or not self._conduct.adapts:
            return 0
        if not (context.isascii() and context.isdecimal() and len(context) < 10):
            raise BadRequest("this is no context of the fake engine, which is a number", param="resume")
        return int(context)

    def _misbehave(self, words: set[str | None]) -> None:
        if self._conduct.die_on in words:
            os._exit(70)
        if self._conduct.fail_on in words and not self._failed:
            self._failed = True
            raise EngineFailed(f"the fake engine fails on '{self._conduct.fail_on}' once, as it was told to")


def load() -> FakeEngine:
    return FakeEngine()


def load_slow() -> FakeEngine:
    """Each decode step takes 2 s."""
    return FakeEngine(Conduct(step_seconds=SLOW))


def load_failing() -> FakeEngine:
    """The first "three" fails its utterance."""
    return FakeEngine(Conduct(fail_on="three"))


def load_deadly() -> FakeEngine:
    """Every "three" ends the process."""
    return FakeEngine(Conduct(die_on="three"))


def load_single() -> FakeEngine:
    """Holds one stream a process and carries its script over the session, as an adapting engine does."""
    return FakeEngine(Conduct(max_batch=1, max_streams=1, adapts=True))


def load_doubting() -> FakeEngine:
    """Revises its newest word and knows no stable text before the final."""
    return FakeEngine(Conduct(stability="none"))
