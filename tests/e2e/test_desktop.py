"""A desk with a loudspeaker and a microphone: a real PulseAudio, and the program as a person runs it."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.program import ROOT, SAMPLES, command, environment
from client.capture.sound_server import needed, play, sound_server
from saywire.client.samples import find_sample

pytestmark = needed

DATA = ROOT / "tests" / "data"


@pytest.fixture
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with sound_server(tmp_path_factory.mktemp("sound")) as found:
        yield found


def begin(home: Path, desk: dict[str, str], *arguments: str | Path) -> subprocess.Popen[str]:
    runtime = {"XDG_RUNTIME_DIR": desk["XDG_RUNTIME_DIR"]}
    return subprocess.Popen(
        command("listen", *arguments, "--model", "tiny"),
        cwd=home,
        env=environment(home, **runtime),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_until_it_listens(process: subprocess.Popen[str], *names: str) -> None:
    assert process.stderr
    waited = {f"saywire: listening to {name}\n" for name in names}
    while waited:
        line = process.stderr.readline()
        assert line in waited, line or process.wait()
        waited.remove(line)


def end(process: subprocess.Popen[str]) -> str:
    """As Ctrl-C does; what it has written."""
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    return output


def test_what_plays_is_written_down(tmp_path: Path, desk: dict[str, str]) -> None:
    with begin(tmp_path, desk, "system") as process:
        wait_until_it_listens(process, "扬声器")
        play(SAMPLES / "commands.flac", "spk", desk).wait()
        lines = [line.split(" s  ")[1] for line in end(process).splitlines()]
    assert lines == [one.text for one in find_sample("commands").said]


def test_the_microphone_and_what_plays_are_two_voices(tmp_path: Path, desk: dict[str, str]) -> None:
    saves = [tmp_path / f"talk.{suffix}" for suffix in ("jsonl", "srt")]
    flags = [argument for save in saves for argument in ("--save", save)]
    with begin(tmp_path, desk, "mic", "system", "--labels", "我,对方", *flags) as process:
        wait_until_it_listens(process, "LabMic", "扬声器")
        with play(SAMPLES / "commands.flac", "spk", desk), play(DATA / "three-one-eight.wav", "mic_in", desk):
            pass
        output = end(process)
    said = [json.loads(line) for line in saves[0].read_text("utf-8").splitlines()]
    assert [one["text"] for one in said if one["label"] == "我"] == ["three one eight"]
    theirs = [one for one in said if one["label"] == "对方"]
    assert [one["text"] for one in theirs] == [one.text for one in find_sample("commands").said]
    mine = next(one for one in said if one["label"] == "我")
    assert theirs[0]["start"] - 2 < mine["start"] < theirs[-1]["end"], "at the same time, on one clock"
    assert "我    three one eight" in output and "对方  hello computer" in output
    assert "我: three one eight\n" in saves[1].read_text("utf-8")
