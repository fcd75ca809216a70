"""What a relay captures, as something that can be begun more than once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..client.sources import Stoppable, read_file
from ..errors import BadAudio
from ..types import Samples


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


def file_source(path: Path) -> Source:
    """A relay that is started again goes on in it. Raises BadAudio where there is none."""
    try:
        state = path.stat()
    except OSError as e:
        raise BadAudio(f"cannot read {path}: {e.strerror or e}") from e
    name = f"{path.resolve()} {state.st_size} {state.st_mtime_ns}"
    return Source(name, lambda known: Stoppable(skip(read_file(path), known)), live=False)


def skip(blocks: Iterator[Samples], count: int) -> Iterator[Samples]:
    """Without the first samples. Pure."""
    for block in blocks:
        rest = block[count:]
        count -= min(count, len(block))
        if len(rest):
            yield rest
