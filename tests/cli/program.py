"""The program as a person runs it: a process of its own, with settings of its own."""

from __future__ import annotations

import os
import subprocess
import sys
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
