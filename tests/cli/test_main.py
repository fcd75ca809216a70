"""The program as a whole: help, lazy commands, exit codes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.program import SAMPLES, environment, saywire
from saywire import __version__
from saywire.cli import COMMANDS, app, load


def test_help_names_every_command() -> None:
    result = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    for name, summary in COMMANDS.items():
        assert name in result.output and summary in result.output


@pytest.mark.parametrize("name", COMMANDS)
def test_a_commands_own_help_begins_with_its_summary(name: str) -> None:
    assert (load(name).help or "").startswith(COMMANDS[name].rstrip("."))
    result = CliRunner().invoke(app, [name, "--help"])
    assert result.exit_code == 0 and name in result.output


def test_help_loads_no_command(tmp_path: Path) -> None:
    code = (
        "import sys; from typer.testing import CliRunner; from saywire.cli import app;"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0;"
        "print(sorted({'numpy', 'fastapi', 'av', 'msgspec', 'websockets'} & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment(tmp_path), capture_output=True, text=True, check=True
    )
    assert run.stdout == "[]\n"


def test_errors_are_one_line_and_exit_code_2(tmp_path: Path) -> None:
    run = saywire("serve", "--set", "server.prot=1", home=tmp_path)
    assert run.returncode == 2
    assert run.stderr == "saywire: unknown setting 'server.prot' (flag); did you mean 'server.port'?\n"
    assert run.stdout == ""


def test_an_unknown_command_names_the_nearest(tmp_path: Path) -> None:
    run = saywire("transcrib", home=tmp_path)
    assert run.returncode == 2
    assert "Did you mean 'transcribe'?" in run.stderr


@pytest.mark.parametrize("flag", ["--version", "version"])
def test_the_version_is_told(flag: str) -> None:
    result = CliRunner().invoke(app, [flag])
    assert (result.exit_code, result.output) == (0, f"{__version__}\n")


@pytest.mark.skipif(sys.platform == "win32", reason="shells there close nothing")
def test_closed_streams_are_no_end_of_it(tmp_path: Path) -> None:
    """uvloop aborted."""
    clip = SAMPLES / "commands.flac"
    for command, code in (("transcribe - --model tiny <&-", 1), (f"transcribe {clip} --model tiny >&-", 0)):
        line = f"{sys.executable} -m saywire {command}"
        run = subprocess.run(line, shell=True, env=environment(tmp_path), capture_output=True, text=True)
        assert run.returncode == code, run.stderr
    assert run.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has it")
@pytest.mark.parametrize("command", ["listen", "transcribe"])
def test_an_output_that_cannot_be_written_is_told(tmp_path: Path, command: str) -> None:
    line = [sys.executable, "-m", "saywire", command, SAMPLES / "commands.flac", "--model", "tiny"]
    with open("/dev/full", "wb") as full:
        run = subprocess.run(line, env=environment(tmp_path), stdout=full, stderr=subprocess.PIPE, text=True)
    assert run.returncode and "cannot be written: No space left on device" in run.stderr
    assert "Traceback" not in run.stderr
