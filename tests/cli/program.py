"""The program as a person runs it: a process of its own, with settings of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
SAMPLES = ROOT / "src" / "saywire" / "samples"


def environment(home: Path, **more: str) -> dict[str, str]:
    """Nobody's settings."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("SAYWIRE_", "XDG_"))}
    return clean | {"HOME": str(home), "PYTHONPATH": str(ROOT / "src"), "COLUMNS": "200"} | more


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "saywire", *map(str, arguments)]


def saywire(
    *arguments: str | Path, home: Path, stdin: bytes = b"", **more: str
) -> subprocess.CompletedProcess[str]:
    """Run it in ``home`` to its end."""
    run = subprocess.run(
        command(*arguments),
        cwd=home,
        env=environment(home, **more),
        input=stdin,
        capture_output=True,
        timeout=120,
    )
    return subprocess.CompletedProcess(run.args, run.returncode, run.stdout.decode(), run.stderr.decode())


@contextmanager
def served(home: Path, *flags: str, **more: str) -> Iterator[str]:
    """The HOST:PORT of a server in ``home``, from when it answers."""
    with subprocess.Popen(
        command("serve", "--port", "0", *flags),
        cwd=home,
        env=environment(home, **more),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        try:
            found = None
            while not found:
                found = re.search(r"http://([\d.]+:\d+)/", process.stdout.readline())
                assert process.poll() is None
            yield found[1]
        finally:
            process.terminate()
            process.communicate(timeout=30)
