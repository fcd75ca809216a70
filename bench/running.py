"""A server in a process of its own, for benches that measure one from outside.

Contract: ``serving`` runs a program that prints ``http://HOST:PORT/`` once it listens, as ``saywire
serve`` does, and ends it. Nobody's settings are read but the arguments.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parent.parent
ADDRESS = re.compile(r"http://(\S+?)/")
PATIENCE = 20.0
"""Seconds a server may take to end."""


@dataclass(frozen=True, slots=True)
class Running:
    pid: int
    address: str
    """Host and port."""
    ready: float
    """Seconds from the start of the process to the first 200 of /health."""

    @property
    def realtime(self) -> str:
        return f"ws://{self.address}/v1/realtime"


def serve(*flags: str) -> list[str]:
    """The arguments of the program itself, on a free port."""
    return ["-m", "saywire", "serve", "--port", "0", *flags]


@contextmanager
def serving(arguments: Sequence[str]) -> Iterator[Running]:
    """Run this Python with ``arguments``. Raises RuntimeError, with what was said, if it serves nothing."""
    with TemporaryDirectory() as home, open(Path(home) / "errors", "w+") as errors:
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=home,
            env=environment(home),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        try:
            address = read_address(process)
            if address is None:
                errors.seek(0)
                raise RuntimeError(f"no server came of {' '.join(arguments)}: {errors.read()}")
            with urllib.request.urlopen(f"http://{address}/health") as answer:
                assert answer.status == 200
            yield Running(process.pid, address, time.perf_counter() - started)
        finally:
            _end(process)


def environment(home: str) -> dict[str, str]:
    ours = {k: v for k, v in os.environ.items() if not k.startswith(("SAYWIRE_", "XDG_"))}
    return ours | {"HOME": home, "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT)))}


def read_address(process: subprocess.Popen[str]) -> str | None:
    """None when the program ends without having told it."""
    assert process.stdout
    for line in process.stdout:
        if found := ADDRESS.search(line):
            return found[1]
    return None


def _end(process: subprocess.Popen[str]) -> None:
    """Ask, and ask again, which ends the draining of open sessions."""
    for _ in range(2):
        process.terminate()
        try:
            process.communicate(timeout=PATIENCE)
            return
        except subprocess.TimeoutExpired:
            continue
    process.kill()
    process.communicate()
