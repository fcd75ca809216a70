"""parec as a source of blocks, of one device, or of whichever is the usual one.

It captures at the device's own rate, with a latency of 20 ms. A capture of the usual device goes on with
another one when somebody chooses that, or when it is unplugged; ``pactl subscribe`` tells. A capture of a
device that was named ends when that is unplugged: PulseAudio would go on with the usual one, which may be the
microphone of somebody who wanted what plays.
"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Collection, Iterator
from typing import IO

import numpy as np

from ...errors import BadAudio, EngineFailed
from .base import Warn
from .blocks import Blocks
from .pactl import WITHIN, Source, read_text

LATENCY = 20
"""Milliseconds that the server may gather."""
SAMPLE = 4
"""Bytes."""
MUTED = "the microphone gives nothing but zeros; is it muted, or its plug out?"


class Recording:
    def __init__(
        self,
        source: Source,
        seconds: float,
        warn: Warn,
        usual: Callable[[], Source | None] | None,
        there: Callable[[], Collection[str]],
    ) -> None:
        """``usual``: tells which is the usual one now, to go on with that; None: no other is wanted.
        ``there``: tells the ids of all that there are now. Raises BadAudio."""
        self.blocks = Blocks(source.rate, zeros="" if source.sink else MUTED, warn=warn)
        self._source = source
        self._rate = source.rate
        self._size = max(int(seconds * source.rate), 1) * SAMPLE
        self._warn = warn
        self._usual, self._there = usual, there
        self._lock = threading.Lock()
        self._left = False
        self._until = 0.0  # when the last piece had come
        self._process = _start_parec(source, self._rate)
        self._watcher = _start(["pactl", "subscribe"])
        self._thread = threading.Thread(target=self._run, name=source.id, daemon=True)
        self._thread.start()
        threading.Thread(target=self._watch, args=(self._watcher,), name="pactl", daemon=True).start()
        self.blocks.when_stopped(self._leave)

    def _leave(self) -> None:
        with self._lock:
            self._left = True
            self._process.terminate()
        self._thread.join(WITHIN)

    def _run(self) -> None:
        why = "of itself"
        try:
            why = self._read(self._process)
            while self._go_on():
                why = self._read(self._process)
        finally:
            self._watcher.terminate()
            name = self._source.name
            self.blocks.end(BadAudio(f"{name} cannot be heard any more, parec ended: {why}"))

    def _go_on(self) -> bool:
        """Whether another one is captured now."""
        usual = self._find_other()
        with self._lock:
            if self._left or usual is None:
                return False
            self._source = usual
            self._process = _start_parec(usual, self._rate)
            self.blocks.name = usual.name
        self._warn(f"listening to {usual.name} now")
        return True

    def _find_other(self) -> Source | None:
        """The usual one, where that is not what is captured."""
        try:
            usual = self._usual() if self._usual and not self._left else None
        except EngineFailed:  # the server ends, too
            return None
        return usual if usual and usual.id != self._source.id else None

    def _is_gone(self) -> bool:
        try:
            return self._source.id not in self._there()
        except EngineFailed:  # the server ends, too
            return False

    def _watch(self, watcher: subprocess.Popen[bytes]) -> None:
        with watcher:
            assert watcher.stdout
            for line in watcher.stdout:
                other = b" on server" in line and self._find_other()
                if other or (b"'remove' on source #" in line and self._is_gone()):
                    self._process.terminate()  # what follows is in _run

    def _read(self, process: subprocess.Popen[bytes]) -> str:
        """To its end; tells why that was."""
        with process:
            assert process.stdout and process.stderr
            for number, piece in enumerate(_pieces(process.stdout, self._size)):
                samples = np.frombuffer(piece, "<f4")
                if number == 0 and self._until:
                    self._bridge(len(samples))
                self.blocks.put(samples)
                self._until = time.monotonic()
            gone = not self._left and self._is_gone()
            return "it is gone" if gone else read_text(process.stderr.read())

    def _bridge(self, samples: int) -> None:
        """Silence for the time between two devices; so many have just come."""
        missing = round((time.monotonic() - self._until) * self._rate) - samples
        self.blocks.put(np.zeros(max(missing, 0), np.float32))


def _pieces(pipe: IO[bytes], size: int) -> Iterator[bytes]:
    """As long as asked for; the last one as long as whole samples go."""
    while piece := pipe.read(size):
        yield piece[: len(piece) // SAMPLE * SAMPLE]


def _start_parec(source: Source, rate: int) -> subprocess.Popen[bytes]:
    """Raises BadAudio."""
    command = ["parec", "--raw", f"--device={source.id}", "--format=float32le", f"--rate={rate}"]
    return _start([*command, "--channels=1", f"--latency-msec={LATENCY}", "--client-name=saywire"])


def _start(command: list[str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command,
            env=os.environ | {"LC_ALL": "C"},  # their words are translated
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # the terminal's Ctrl-C is for us: we say when it ends
        )
    except OSError as e:
        raise BadAudio(f"cannot start {command[0]}: {e}") from e
