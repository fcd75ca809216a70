"""What a relay captures, as something that can be begun more than once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Protocol

from ..client.sources import Ear, Stoppable, pass_on, read_file, read_pipe
from ..errors import BadAudio, SaywireError
from ..types import Samples

BLOCK = 0.1
"""Seconds taken from a source at a time."""


class Blocks(Protocol):
    """Of audio at the house rate, read in one thread."""

    def __iter__(self) -> Iterator[Samples]: ...

    def __next__(self) -> Samples: ...

    def stop(self) -> None:
        """From any thread; what was captured until then still comes. Idempotent."""


@dataclass(frozen=True, slots=True)
class Source:
    name: str
    """The same only for what gives the same audio again."""
    open: Callable[[int], Blocks]
    """From that sample on, where it is not ``live``. Raises BadAudio or EngineFailed."""
    live: bool = True
    """Whether it cannot wait: what is not taken is lost."""


@dataclass(slots=True)
class Stretch:
    """Of capturing, from a start to a stop."""

    resting: bool = False
    """Whether it was told to stop."""
    blocks: Blocks | None = None
    """Once the source is open."""

    def begin(self, blocks: Blocks) -> None:
        self.blocks = blocks
        if self.resting:
            blocks.stop()

    def rest(self) -> None:
        self.resting = True
        if self.blocks:
            self.blocks.stop()

    def go_on(self) -> bool:
        """Whether it does, with a stop taken back that was not obeyed yet."""
        self.resting = self.resting and self.blocks is not None
        return not self.resting


def file_source(path: Path) -> Source:
    """A relay that is started again goes on in it. Raises BadAudio where there is none."""
    try:
        state = path.stat()
    except OSError as e:
        raise BadAudio(f"cannot read {path}: {e.strerror or e}") from e
    name = f"{path.resolve()} {state.st_size} {state.st_mtime_ns}"
    return Source(name, lambda known: Stoppable(skip(read_file(path), known)), live=False)


def pipe_source(pipe: FileIO, rate: int) -> Source:
    """16-bit PCM at ``rate``, or a WAV."""
    return Source(f"- {time.time()}", Passing(read_pipe(pipe, rate, BLOCK)).listen)


class Passing:
    """Blocks that pass whether somebody listens or not: what comes while nobody does is left out."""

    def __init__(self, blocks: Iterator[Samples]) -> None:
        self._ear = Ear()
        self._thread = threading.Thread(target=pass_on, args=(blocks, self), daemon=True)
        self._end: tuple[SaywireError | None] | None = None
        self._changing = threading.Lock()

    def listen(self, known: int = 0) -> Ear:
        """To what comes from now on. They are read from the first time on."""
        ear = Ear()
        with self._changing:
            self._ear = ear
            if self._end:
                ear.end(*self._end)
        if self._thread.ident is None:
            self._thread.start()
        return ear

    def put(self, block: Samples) -> None:
        self._ear.put(block)

    def end(self, error: SaywireError | None = None) -> None:
        with self._changing:
            self._end = (error,)
            self._ear.end(error)


def skip(blocks: Iterator[Samples], count: int) -> Iterator[Samples]:
    """Without the first samples. Pure."""
    for block in blocks:
        rest = block[count:]
        count -= min(count, len(block))
        if len(rest):
            yield rest
