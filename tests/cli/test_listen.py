from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from cli.program import ROOT, SAMPLES, command, environment, saywire
from saywire.audio import container
from saywire.audio.pcm import to_pcm16

COMMANDS = SAMPLES / "commands.flac"
SCHEMA = json.loads((ROOT / "docs" / "voice-events.schema.json").read_text())


def check(line: dict[str, object]) -> None:
    """As much of JSON schema as the file uses."""
    [kind] = [one for one in SCHEMA["oneOf"] if one["properties"]["type"]["const"] == line["type"]]
    assert list(line) == kind["required"]
    types = {"integer": int, "string": str, "number": float, "null": type(None)}
    for name, rule in kind["properties"].items():
        allowed = rule.get("type", [])
        allowed = [allowed] if isinstance(allowed, str) else allowed
        assert not allowed or isinstance(line[name], tuple(types[one] for one in allowed)), name


def heard(run: subprocess.CompletedProcess[str]) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    for line in lines:
        check(line)
    return lines


def finals(lines: list[dict[str, object]]) -> str:
    return " ".join(str(line["text"]) for line in lines if line["type"] == "voice.asr_text.final")


def test_a_file_as_events(tmp_path: Path) -> None:
    run = saywire("listen", COMMANDS, "--events", "--model", "tiny", home=tmp_path)
    assert run.returncode == 0, run.stderr
    lines = heard(run)
    assert "hello computer play one two three" in finals(lines)
    assert any(line["type"] == "voice.asr_text.partial" for line in lines)
    assert {line["source"] for line in lines} == {"saywire.streaming.tiny"}


def test_pcm_on_standard_input_in_slices(tmp_path: Path) -> None:
    with COMMANDS.open("rb") as file:
        samples = [block for block in container.decode(file, max_seconds=60)]
    data = b"".join(map(to_pcm16, samples))
    flags = ("--events", "--mode", "sliced", "--model", "tiny", "--endpoint-silence-ms", "400")
    run = saywire("listen", "-", *flags, "--hotwords", "computer", home=tmp_path, stdin=data)
    assert run.returncode == 0, run.stderr
    assert "hello computer play one two three" in finals(heard(run))


def test_the_first_line_comes_before_the_end(tmp_path: Path) -> None:
    """A pipe that stays open: nothing waits in a buffer."""
    with COMMANDS.open("rb") as file:
        data = b"".join(to_pcm16(block) for block in container.decode(file, max_seconds=60))
    arguments = command("listen", "-", "--events", "--model", "tiny")
    with subprocess.Popen(
        arguments, cwd=tmp_path, env=environment(tmp_path), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin and process.stdout
        process.stdin.write(data)
        process.stdin.flush()
        check(json.loads(process.stdout.readline()))
        process.stdin.close()
        process.stdout.read()
    assert process.returncode == 0


def test_captions_for_people(tmp_path: Path) -> None:
    run = saywire("listen", COMMANDS, "--model", "tiny", home=tmp_path)
    assert run.returncode == 0 and "hello computer" in run.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("none.wav",), "cannot read none.wav"),
        ((str(ROOT / "README.md"),), "no audio file"),
    ],
)
def test_what_cannot_be_heard_is_told_in_each_shape(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    run = saywire("listen", *arguments, "--model", "tiny", home=tmp_path)
    assert run.returncode == 1 and message in run.stderr
    run = saywire("listen", *arguments, "--events", "--model", "tiny", home=tmp_path)
    [line] = heard(run)
    assert run.returncode == 1 and message in str(line["message"]) and line["error_code"] == "runtime_error"


def test_a_folder_that_is_no_model(tmp_path: Path) -> None:
    run = saywire("listen", COMMANDS, "--events", "--model-dir", tmp_path, home=tmp_path)
    assert run.returncode == 2 and f"'{tmp_path.name}' is not a model" in run.stderr


def test_the_model_in_a_folder(tmp_path: Path) -> None:
    folder = ROOT / "src" / "saywire" / "models" / "tiny"
    run = saywire("listen", COMMANDS, "--events", "--model-dir", folder, "--language", "en", home=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "hello computer" in finals(heard(run))
