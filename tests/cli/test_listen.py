from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cli.program import ROOT, SAMPLES, command, environment, saywire
from client.capture.programs import at, make_pactl, make_parec
from saywire.audio import container
from saywire.audio.pcm import to_pcm16
from saywire.client.samples import find_sample

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
    assert run.returncode == 2 and message in run.stderr
    run = saywire("listen", *arguments, "--events", "--model", "tiny", home=tmp_path)
    [line] = heard(run)
    assert run.returncode == 2 and message in str(line["message"]) and line["error_code"] == "runtime_error"


@pytest.mark.skipif(sys.platform == "win32", reason="there it is never closed")
def test_standard_input_that_is_closed(tmp_path: Path) -> None:
    arguments = shlex.join(command("listen", "-", "--model", "tiny"))
    run = subprocess.run(
        f"{arguments} <&-", shell=True, cwd=tmp_path, env=environment(tmp_path), capture_output=True
    )
    assert run.returncode == 2 and b"saywire: standard input is closed" in run.stderr


def test_a_folder_that_is_no_model(tmp_path: Path) -> None:
    run = saywire("listen", COMMANDS, "--events", "--model-dir", tmp_path, home=tmp_path)
    assert run.returncode == 2 and f"'{tmp_path.name}' is not a model" in run.stderr


def test_the_model_in_a_folder(tmp_path: Path) -> None:
    folder = ROOT / "src" / "saywire" / "models" / "tiny"
    run = saywire("listen", COMMANDS, "--events", "--model-dir", folder, "--language", "en", home=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "hello computer" in finals(heard(run))


@pytest.fixture
def desk(tmp_path: Path) -> dict[str, str]:
    """Of a machine whose microphone hears two commands, the second not to its end, and which plays three."""
    samples = find_sample("commands").read()
    folder = tmp_path / "programs"
    folder.mkdir()
    make_pactl(folder)
    make_parec(folder, mic=at(48_000, samples[: 16_000 * 4]), system=at(44_100, samples[: 16_000 * 7]))
    return environment(tmp_path, PATH=str(folder))


def interrupted(
    home: Path, desk: dict[str, str], *arguments: str, after: str, signals: int = 1
) -> subprocess.CompletedProcess[str]:
    """What it wrote, when Ctrl-C was pressed after a line on standard output."""
    with subprocess.Popen(
        command("listen", *arguments),
        cwd=home,
        env=desk,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout and process.stderr
        output = ""
        while after not in output:
            line = process.stdout.readline()
            assert line, process.stderr.read()
            output += line
        errors = ""
        for _ in range(signals):
            process.send_signal(signal.SIGINT)
            while signals > 1 and "ending" not in errors:
                errors += process.stderr.readline()
        rest, more = process.communicate(timeout=60)
    return subprocess.CompletedProcess([], process.returncode, output + rest, errors + more)


def test_ctrl_c_ends_with_the_last_final(tmp_path: Path, desk: dict[str, str]) -> None:
    """In the middle of an utterance."""
    flags = ("mic", "--model", "tiny", "--events", "--save", "talk.txt")
    run = interrupted(tmp_path, desk, *flags, after='"play one')
    assert run.returncode == 0
    said = [line["text"] for line in heard(run) if line["type"] == "voice.asr_text.final"]
    assert len(said) == 2 and said[0] == "hello computer" and str(said[1]).startswith("play one")
    assert (tmp_path / "talk.txt").read_text().splitlines() == said
    assert "listening to USB Audio" in run.stderr and "ending" in run.stderr


def test_two_voices_are_labelled_and_never_mixed(tmp_path: Path, desk: dict[str, str]) -> None:
    flags = ("mic", "system", "--model", "tiny", "--save", "talk.json")
    run = interrupted(tmp_path, desk, *flags, after="打开灯")
    assert run.returncode == 0, run.stderr
    voices = re.findall(r" s  (me|them) +(.*)", run.stdout)
    assert [text for name, text in voices if name == "them"] == [
        "hello computer",
        "play one two three",
        "打开灯",
    ]
    assert next(text for name, text in voices if name == "me") == "hello computer"
    assert not [line for line in run.stdout.splitlines() if "..." in line], "without a terminal, finals alone"
    segments = json.loads((tmp_path / "talk.json").read_text("utf-8"))["segments"]
    assert {segment["label"] for segment in segments} == {"me", "them"} and len(segments) == len(voices)
    starts = [segment["start"] for segment in segments]
    assert starts == sorted(starts)


def test_a_device_that_goes_leaves_what_it_heard(tmp_path: Path, desk: dict[str, str]) -> None:
    parec = tmp_path / "programs" / "parec"
    parec.write_text(parec.read_text().replace("while True: time.sleep(1000)", "sys.exit('unplugged')"))
    run = subprocess.run(
        command("listen", "mic", "--model", "tiny"), env=desk, cwd=tmp_path, capture_output=True
    )
    assert run.returncode == 1 and b"hello computer" in run.stdout and b"unplugged" in run.stderr


def test_a_pipe_that_stays_open_can_be_ended(tmp_path: Path) -> None:
    with COMMANDS.open("rb") as file:
        data = b"".join(to_pcm16(block) for block in container.decode(file, max_seconds=60))
    with subprocess.Popen(
        command("listen", "-", "--model", "tiny"),
        cwd=tmp_path,
        env=environment(tmp_path),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin and process.stdout and process.stderr
        process.stdin.write(data[: 32_000 * 5])
        process.stdin.flush()
        assert b"hello computer" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait() == 0 and b"play one two three" in process.stdout.read()
        assert b"Fatal" not in process.stderr.read()


def test_devices_are_listed(tmp_path: Path, desk: dict[str, str]) -> None:
    run = subprocess.run(command("listen", "--devices"), env=desk, cwd=tmp_path, capture_output=True)
    assert run.returncode == 0
    rows = [line.split() for line in run.stdout.decode().splitlines()]
    assert ["*", "alsa_input.usb", "pulse", "USB", "Audio"] in rows
    assert ["*", "spk", "pulse", "扬声器:", "left"] in rows


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("mic", "talk.wav"), "cannot listen to mic and talk.wav together"),
        (
            ("mic", "--device", "Studio"),
            "no microphone is called 'Studio'; there are: USB Audio (alsa",
        ),
        (("mic", "--save", "there.srt"), "there.srt is there already; choose another name, or --force"),
        (("mic", "--save", "talk.doc"), "must end in .txt, .jsonl, .srt, .vtt, .json"),
        (("mic", "--server", "nowhere"), "'nowhere' is no server's address"),
        (("mic", "--server", "http://127.0.0.1:9", "--key-env", "NONE"), "no variable NONE"),
    ],
)
def test_what_cannot_be_done_is_told_at_once(tmp_path, desk, arguments, message):
    (tmp_path / "there.srt").write_text("precious")
    run = subprocess.run(
        command("listen", *arguments, "--model", "tiny"), env=desk, cwd=tmp_path, capture_output=True
    )
    assert run.returncode == 2 and message in run.stderr.decode()
    assert (tmp_path / "there.srt").read_text() == "precious"


def test_a_machine_without_any_sound(tmp_path: Path) -> None:
    empty = environment(tmp_path, PATH=str(tmp_path))
    run = subprocess.run(command("listen", "system"), env=empty, cwd=tmp_path, capture_output=True)
    assert run.returncode == 2
    assert "no loudspeaker can be captured" in run.stderr.decode() and b"pulseaudio-utils" in run.stderr
