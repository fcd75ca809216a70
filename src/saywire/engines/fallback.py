"""Several engines in the order of preference: where one fails, the next takes over in the same step.

A stream keeps the audio since ``reset``, so the next engine hears the utterance from its beginning and no
word is lost. Stable text that was said already stays: the successor goes on where it ends. After the
utterance a session goes back to the first engine that is well; one that failed three times in a row is only
tried again at every sixteenth utterance. Results are a function of the audio as long as nothing fails.

What counts as failing is EngineFailed and what native libraries raise; wrong use is raised on.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..errors import EngineFailed, OutOfOrder
from ..texts import join
from ..types import Hypothesis, Options, Samples
from . import Entry
from .agreement import count_told, split_words
from .base import Engine, EngineInfo, Stream
from .demands import check_demands, find_common

log = logging.getLogger(__name__)

FAILURES = (EngineFailed, RuntimeError, OSError, ValueError)
PATIENCE = 3
"""Failures in a row after which an engine is passed over."""
RETRY = 16
"""Every so many choices it is tried again."""


@dataclass(slots=True)
class Health:
    failures: int = 0
    """In a row."""
    passed: int = 0
    """How often it was passed over since."""

    def is_chosen(self) -> bool:
        """Whether to try it now; a choice passed over is counted."""
        if self.failures < PATIENCE:
            return True
        self.passed += 1
        return self.passed % RETRY == 0


class FallbackStream:
    """Raises EngineFailed where no engine can open a stream."""

    def __init__(self, owner: Fallback, options: Options, context: str) -> None:
        self._owner = owner
        self._options = options
        self._context = context
        self._begin()

    def _begin(self) -> None:
        self.audio: list[Samples] = []
        self._finished = False
        self._held = Hypothesis()  # what a failed engine has said for good
        self.engine = self._owner.choose()
        self.stream = self._open()

    def _open(self) -> Stream:
        """A stream of the chosen engine or of the first after it that opens one."""
        first = self.engine == 0
        while True:
            try:
                return self._owner.engines[self.engine].open(self._options, self._context if first else "")
            except FAILURES as error:
                self._owner.note_failure(self.engine)
                self.engine = self._owner.find_next(self.engine, error)
                first = False

    @property
    def ready(self) -> bool:
        return self.stream.ready

    @property
    def hypothesis(self) -> Hypothesis:
        return go_on(self._held, self.stream.hypothesis)

    @property
    def context(self) -> str:
        """Of the first engine: who stands in for it begins without."""
        return self.stream.context if self.engine == 0 else self._context

    def accept(self, samples: Samples) -> None:
        self.stream.accept(samples)
        if len(samples):
            self.audio.append(samples)

    def finish(self) -> None:
        self.stream.finish()
        self._finished = True

    def reset(self) -> None:
        self.stream.reset()
        if self.engine == 0:
            self._context = self.stream.context
        self.audio, self._finished, self._held = [], False, Hypothesis()
        engine = self._owner.choose()
        if engine != self.engine:
            self.engine = engine
            self.stream = self._open()

    def take_over(self, error: Exception) -> None:
        """The engine failed: the next hears the utterance from its beginning. Raises when there is none."""
        self._held = keep_stable(self.hypothesis)
        self.engine = self._owner.find_next(self.engine, error)
        self.stream = self._open()
        for samples in self.audio:
            self.stream.accept(samples)
        if self._finished:
            self.stream.finish()


class Fallback:
    """Engines of one sample rate; closes them all."""

    def __init__(self, name: str, engines: Sequence[Engine]) -> None:
        infos = [engine.info for engine in engines]
        if len({info.sample_rate for info in infos}) != 1:
            rates = ", ".join(f"'{info.name}' {info.sample_rate} Hz" for info in infos) or "none"
            raise EngineFailed(
                f"engines that stand in for each other need one sample rate; there are: {rates}"
            )
        languages: tuple[str, ...] = ()
        for info in infos:
            languages = find_common(languages, info.languages)
        self.engines = tuple(engines)
        self._health = [Health() for _ in engines]
        self._info = replace(
            infos[0],
            name=name,
            languages=languages,
            stability=infos[0].stability if len({info.stability for info in infos}) == 1 else "agreement",
            grammar=all(info.grammar for info in infos),
            translates=all(info.translates for info in infos),
            words=all(info.words for info in infos),
            confidence=all(info.confidence for info in infos),
            max_batch=min(info.max_batch for info in infos),
            max_streams=min((info.max_streams for info in infos if info.max_streams), default=None),
            long_steps=True,  # a step in which the next takes over decodes the whole utterance again
        )

    @property
    def info(self) -> EngineInfo:
        return self._info

    def open(self, options: Options, context: str = "") -> Stream:
        check_demands(self._info, options)
        return FallbackStream(self, options, context)

    def decode(self, streams: Sequence[Stream]) -> None:
        batch = [stream for stream in streams if isinstance(stream, FallbackStream) and stream.ready]
        most = self._info.max_batch
        if len(batch) != len(streams) or not 1 <= len(batch) <= most:
            raise OutOfOrder(
                f"{len(streams)} streams, {len(batch)} ready; decode takes 1 to {most}, all ready"
            )
        for engine in sorted({stream.engine for stream in batch}):
            self._decode(engine, [stream for stream in batch if stream.engine == engine])

    def close(self) -> None:
        for engine in self.engines:
            engine.close()

    def choose(self) -> int:
        """The first engine that is well; the last where none is."""
        last = len(self.engines) - 1
        return next((n for n, health in enumerate(self._health) if n == last or health.is_chosen()), last)

    def find_next(self, engine: int, error: Exception) -> int:
        """Who stands in for an engine. Raises the error where nobody is left."""
        if engine + 1 < len(self.engines):
            return engine + 1
        if isinstance(error, EngineFailed):
            raise error
        raise EngineFailed(f"the last of {len(self.engines)} engines failed: {error}") from error

    def note_failure(self, engine: int) -> None:
        self._health[engine].failures += 1

    def _decode(self, engine: int, batch: Sequence[FallbackStream]) -> None:
        try:
            self.engines[engine].decode([stream.stream for stream in batch])
        except FAILURES as error:
            if len(batch) > 1:  # one by one, so that only who failed moves
                for stream in batch:
                    if stream.ready:
                        self._decode(engine, [stream])
                return
            self.note_failure(engine)
            batch[0].take_over(error)
        else:
            self._health[engine] = Health()


def load(name: str, parts: Sequence[Entry]) -> Fallback:
    """Of entries, the preferred first. One that cannot be loaded is left out, for that is what the others are
    there for; its own sessions, and `saywire doctor`, say why. Raises EngineFailed where none can be, or
    those that can do not match."""
    engines: list[Engine] = []
    failures: list[EngineFailed] = []
    for part in parts:
        try:
            engines.append(part.load())
        except EngineFailed as error:
            log.warning("model '%s' goes on without '%s': %s", name, part.name, error)
            failures.append(error)
    if not engines:
        raise failures[0]
    try:
        return Fallback(name, engines)
    except EngineFailed:
        for engine in engines:
            engine.close()
        raise


def go_on(held: Hypothesis, now: Hypothesis) -> Hypothesis:
    """What an engine says as a continuation of what another has said for good (all of it stable)."""
    if not held.text:
        return now
    pieces = split_words(now.text)
    rest = "".join(piece.text for piece in pieces[count_told(split_words(held.text), pieces) :])
    text = join((held.text, rest))
    stable = max(len(held.text), len(text) - (len(now.text) - now.stable))
    end = held.words[-1].end if held.words else 0.0
    later = (word for word in now.words if (word.start + word.end) / 2 > end)
    words = (*held.words, *(replace(word, start=max(word.start, end)) for word in later))
    return Hypothesis(text, stable, words, now.language or held.language)


def keep_stable(said: Hypothesis) -> Hypothesis:
    """Its stable text alone, and the words of that, which come first."""
    text = said.text[: said.stable].rstrip()
    count = at = 0
    for word in said.words:
        found = text.find(word.text, at)
        if found < 0:
            break
        count, at = count + 1, found + len(word.text)
    return Hypothesis(text, len(text), said.words[:count], said.language)
