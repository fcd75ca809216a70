"""Locks between processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.program import ROOT
from saywire.errors import ModelError
from saywire.runtime.locks import locked

HOLD = """
import sys
from pathlib import Path
from saywire.runtime.locks import locked
with locked(Path(sys.argv[1]), lambda: print("waiting", flush=True)):
    print("held", flush=True)
    sys.stdin.read(1)
"""


def start(path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
    )


def test_the_second_waits_and_says_so(tmp_path: Path) -> None:
    lock = tmp_path / "new" / "a.lock"
    with start(lock) as first:
        assert first.stdout and first.stdin
        assert first.stdout.readline() == "held\n"
        with start(lock) as second:
            assert second.stdout and second.stdin
            assert second.stdout.readline() == "waiting\n"
            first.stdin.write("x")
            first.stdin.close()
            assert second.stdout.readline() == "held\n"
            second.stdin.write("x")
            second.stdin.close()


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    with start(tmp_path / "a.lock") as first:
        assert first.stdout
        assert first.stdout.readline() == "held\n"
        first.kill()
    told: list[str] = []
    with locked(tmp_path / "a.lock", lambda: told.append("waiting")):
        assert told == []


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(ModelError, match=r"cannot write to .*file: .*; set models\.folder"),
        locked(tmp_path / "file" / "a.lock", lambda: None),
    ):
        pass
