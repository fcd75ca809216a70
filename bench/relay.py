"""A relay whose server is killed: ``python -m bench.relay [AWAY] [HOURS] [MODEL]``.

Three runs, each of the real program (``saywire relay -``) in front of the real server.

* A minute of speech in real time, once unbroken, once with the server killed (-9) in mid-sentence and AWAY
  seconds (20) later started again. The transcripts that ``--save`` wrote must be the same to the last byte,
  and nothing may be left in the spool. * HOURS (1) of audio, as fast as the disk takes it, while no server
  is there: what that costs of memory. Then the server comes, and all of it is written down. * The same with
  a spool of 10 MB: what is lost is said, in seconds, and marked.

Memory is PSS of the relay's process. Exit 1 where something is not as it must be. Linux only.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory

import numpy as np

from saywire.audio.pcm import to_pcm16
from saywire.client.samples import find_sample
from saywire.types import RATE

from .processes import read_memory
from .resume import Place
from .running import environment

BLOCK = RATE // 10 * 2
"""Bytes of a tenth of a second."""
MINUTE = 60 * RATE * 2


class Desk:
    """A relay's process, and what it says."""

    def __init__(self, folder: Path, place: Place, *flags: str) -> None:
        self.folder = folder
        self.warnings: list[str] = []
        self.saved = folder / "talk.jsonl"
        server = ("--server", place.address, "--port", "0", "--language", "en")
        kept = ("--spool", str(folder / "spool"), "--save", str(self.saved))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "saywire", "relay", "-", *server, *kept, *flags],
            cwd=folder,
            env=environment(str(folder)),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=False,
        )
        self._lines: SimpleQueue[str] = SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self._lines.put(line.decode())

    def until(self, words: str) -> None:
        while words not in (line := self._lines.get()):
            self.warnings.append(line)
        self.warnings.append(line)

    def hear(self, pcm: bytes, pace: float = 0.0) -> None:
        """``pace`` 1: as it was spoken; 0: as fast as it is taken."""
        assert self.process.stdin
        began = time.monotonic()
        for at in range(0, len(pcm), BLOCK):
            if pace:
                time.sleep(max(0.0, began + at / 2 / RATE / pace - time.monotonic()))
            self.process.stdin.write(pcm[at : at + BLOCK])
            self.process.stdin.flush()

    def end(self) -> int:
        """Its exit code."""
        assert self.process.stdin
        self.process.stdin.close()
        code = self.process.wait()
        while not self._lines.empty():
            self.warnings.append(self._lines.get())
        return code

    @property
    def memory(self) -> float:
        """MB."""
        return read_memory(self.process.pid).pss

    @property
    def spooled(self) -> float:
        """MB."""
        return sum(path.stat().st_size for path in (self.folder / "spool" / "audio").iterdir()) / 1e6

    @property
    def empty(self) -> bool:
        return not [path for path in (self.folder / "spool").rglob("*.*") if path.is_file()]


@contextmanager
def desk(place: Place, *flags: str) -> Iterator[Desk]:
    with TemporaryDirectory() as folder:
        made = Desk(Path(folder), place, *flags)
        try:
            made.until("captions at")
            yield made
        finally:
            made.process.kill()
            made.process.wait()


def speech(seconds: int) -> bytes:
    samples = np.concatenate([find_sample("commands").read(), np.zeros(RATE // 2, np.float32)])
    pcm = to_pcm16(samples)
    return (pcm * (seconds * RATE * 2 // len(pcm) + 1))[: seconds * RATE * 2]


def kill_in_mid_stream(place: Place, away: int) -> bool:
    """Whether it is as if nothing had been."""
    pcm, cut = speech(60), MINUTE * 15 // 60
    with desk(place) as whole:
        whole.hear(pcm, pace=1)
        code = whole.end()
        expected = whole.saved.read_bytes()
    with desk(place) as relay:
        relay.hear(pcm[:cut], pace=1)
        memory = [relay.memory]
        place.kill()
        relay.hear(pcm[cut : cut + away * RATE * 2], pace=1)
        memory.append(relay.memory)
        spooled = relay.spooled
        place.serve()
        relay.hear(pcm[cut + away * RATE * 2 :], pace=1)
        memory.append(relay.memory)
        codes = code, relay.end()
        same, empty = relay.saved.read_bytes() == expected, relay.empty
    finals = expected.count(b"\n")
    print(f"server killed (-9) for {away} s in mid-sentence, {finals} finals: ", end="")
    print(f"transcripts {'the same' if same else 'DIFFER'}, spool {'empty' if empty else 'NOT EMPTY'}")
    print(f"  spooled {spooled:.1f} MB; relay's memory before, at the end of it, at the end of all: ", end="")
    print(", ".join(f"{each:.1f}" for each in memory), "MB")
    return same and empty and codes == (0, 0)


def spool_for_hours(place: Place, hours: float) -> bool:
    minutes = round(hours * 60)
    pcm = speech(60)
    place.kill()
    with desk(place) as relay:
        relay.until("the server is away")
        relay.hear(pcm)
        memory = [relay.memory]
        for _ in range(minutes - 1):
            relay.hear(pcm)
        memory.append(relay.memory)
        spooled = relay.spooled
        place.serve()
        began = time.monotonic()
        code = relay.end()
        took = time.monotonic() - began
        finals, empty = relay.saved.read_bytes().count(b"\n"), relay.empty
    print(
        f"{minutes} minutes of audio while no server is there: spooled {spooled:.0f} MB; relay's memory ",
        end="",
    )
    print(f"after a minute {memory[0]:.1f}, after all {memory[1]:.1f} MB")
    print(f"  written down in {took:.0f} s, {finals} finals, spool {'empty' if empty else 'NOT EMPTY'}")
    return code == 0 and empty and finals > minutes * 10


def spool_too_little(place: Place) -> bool:
    pcm = speech(60)
    place.kill()
    with desk(place, "--spool-limit", "10MB") as relay:
        relay.until("the server is away")
        for _ in range(10):
            relay.hear(pcm)
        spooled = relay.spooled
        place.serve()
        code = relay.end()
        marks = [json.loads(line) for line in relay.saved.read_text("utf-8").splitlines()]
        empty = relay.empty
    lost = [mark["text"] for mark in marks if "lost" in mark["text"]]
    told = [line for line in relay.warnings if "is full" in line or "are lost" in line]
    print(f"10 minutes for a spool of 10 MB: held {spooled:.1f} MB; in the transcript: {lost}; said:")
    print("".join(f"  {line}" for line in told), end="")
    said = re.search(r"([\d.]+) s of audio are lost", "".join(told))
    kept = 600 - float(said[1]) if said else 0.0
    return code == 1 and empty and len(lost) == 1 and 0 < kept <= 10e6 / 2 / RATE


def main(away: int, hours: float, model: str) -> int:
    place = Place(model)
    try:
        place.serve()
        well = [kill_in_mid_stream(place, away), spool_for_hours(place, hours), spool_too_little(place)]
    finally:
        place.close()
    return not all(well)


if __name__ == "__main__":
    given = [*sys.argv[1:], *("20", "1", "tiny")[len(sys.argv) - 1 :]][:3]
    sys.exit(main(int(given[0]), float(given[1]), given[2]))
