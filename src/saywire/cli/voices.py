"""What ``saywire listen`` listens to: its arguments as voices, each with its blocks and its label."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..client import sources
from ..client.capture.base import Kind, Warn
from ..client.capture.choose import capture
from ..client.sources import Stoppable
from ..client.together import Together
from ..errors import BadRequest
from ..types import RATE, Samples

LABELS = {Kind.MICROPHONE: "me", Kind.SYSTEM: "them"}


@dataclass(frozen=True, slots=True)
class Voice:
    label: str
    """Empty: it is alone."""
    blocks: Iterator[Samples]
    stop: Callable[[], None]
    """From any thread; what was captured until then is still in the blocks."""


@dataclass(frozen=True, slots=True)
class Wishes:
    sources: Sequence[str]
    """mic, system, both, or a file, or -."""
    devices: Sequence[str] = ()
    """Ids or names, with mic= or system= before them where both are listened to."""
    labels: str = ""
    """For each source, with commas between them; empty: the usual ones."""
    rate: int = RATE
    """Of PCM on standard input, Hz."""
    seconds: float = 0.1
    """Taken from the source at a time."""


def open_voices(wishes: Wishes, note: Warn) -> list[Voice]:
    """All of them, already captured. ``note`` is told when each is first heard, and what goes wrong, from
    any thread. Raises BadRequest, and what ``capture`` raises."""
    names = list(wishes.sources)
    live = [name for name in names if name in set(Kind)]
    labels = name_voices(names, wishes.labels)
    devices = assign(wishes.devices, [Kind(name) for name in live])
    if not live:
        return [Voice(labels[0], *_open_stream(names[0], wishes))]
    together, voices = Together(), list[Voice]()
    try:
        for name, label in zip(names, labels, strict=True):
            blocks = capture(Kind(name), devices.get(Kind(name), ""), wishes.seconds, note)
            voices.append(Voice(label, _noted(together.align(blocks), blocks.name, note), blocks.stop))
    except BaseException:
        for voice in voices:
            voice.stop()
        raise
    return voices


def name_voices(names: Sequence[str], labels: str) -> list[str]:
    """Raises BadRequest for sources that do not go together, for labels that are not as many, or the same."""
    if len(names) > 1 and sorted(names) != sorted(Kind):
        raise BadRequest(f"cannot listen to {' and '.join(names)} together, only to mic and system")
    if not labels:
        return [LABELS[Kind(name)] for name in names] if len(names) > 1 else [""]
    found = [label.strip() for label in labels.replace("，", ",").split(",")]
    if len(found) != len(names) or len(set(found)) != len(found) or not all(found):
        raise BadRequest(f"'{labels}' is no label for each of: {' '.join(names)}; write as in me,them")
    return found


def assign(devices: Sequence[str], kinds: Sequence[Kind]) -> dict[Kind, str]:
    """Which device is meant for which. Raises BadRequest."""
    found: dict[Kind, str] = {}
    for device in devices:
        prefix, _, name = device.partition("=")
        if prefix in kinds and name:
            kind = Kind(prefix)
        elif len(kinds) == 1:
            kind, name = kinds[0], device
        else:
            raise BadRequest(f"--device {device} could be of any source; write mic=... or system=...")
        if kind in found:
            raise BadRequest(f"two devices are given for {kind}: {found[kind]} and {name}")
        found[kind] = name
    return found


def _open_stream(name: str, wishes: Wishes) -> tuple[Iterator[Samples], Callable[[], None]]:
    if name == "-":
        blocks = Stoppable(sources.read_pipe(sources.open_stdin(), wishes.rate, wishes.seconds))
    else:
        blocks = Stoppable(sources.read_file(Path(name)))
    return blocks, blocks.stop


def _noted(blocks: Iterator[Samples], name: str, note: Warn) -> Iterator[Samples]:
    """Says when the first has come: a device may take its time."""
    for block in blocks:
        note(f"listening to {name}")
        yield block
        break
    yield from blocks
