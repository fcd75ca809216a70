"""``saywire demo``: the whole product over its own wire, in real time."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

from cli.program import command, environment, saywire
from saywire.client.samples import find_sample


def test_the_demo_hears_every_command_and_says_how_fast(tmp_path: Path) -> None:
    run = saywire("demo", "commands", home=tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    lines = [line.strip() for line in run.stdout.splitlines()]
    finals = [line for line in lines if " s  " in line and "..." not in line]
    assert [line.partition(" s  ")[2] for line in finals] == [s.text for s in find_sample("commands").said]
    for figure in ("first partial, after speech began", "final after stop, median"):
        (line,) = (line for line in lines if line.startswith(figure))
        assert line.split()[-1] == "ms" and int(line.split()[-2]) >= 0
    assert "word errors" in run.stdout and "0 of 18" in run.stdout
    assert any("... hello com" in line for line in lines), "partials are shown as they grow"


def test_an_unknown_sample_is_refused(tmp_path: Path) -> None:
    run = saywire("demo", "song", home=tmp_path)
    assert (run.returncode, run.stderr) == (2, "saywire: no sample 'song'; there are: dictation, commands\n")


def heed_ctrl_c() -> None:
    """A shell's background jobs, and all that they start, ignore it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_ends_it_quietly(tmp_path: Path) -> None:
    process = subprocess.Popen(
        command("demo", "commands"),
        cwd=tmp_path,
        env=environment(tmp_path, PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_ctrl_c,
    )
    assert process.stdout
    while "hello" not in process.stdout.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (130, "")
