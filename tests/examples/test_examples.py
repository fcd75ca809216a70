"""Every example, run as a person runs it, against a server of its own."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.program import ROOT, command, environment, served

EXAMPLES = ROOT / "examples"
DIGITS = ROOT / "tests" / "data" / "sphinx_digits.wav"
WINDOW = ROOT / "tests" / "data" / "sphinx_window.wav"
LONGEST = 60
"""Lines of an example."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("home"), "--model", "sphinx") as at:
        yield f"http://{at}"


def run(home: Path, address: str, name: str, *arguments: str | Path) -> str:
    """What the example prints; it must end well and without complaint."""
    program = "sh" if name.endswith(".sh") else sys.executable
    ended = subprocess.run(
        [program, EXAMPLES / name, *arguments],
        cwd=home,
        env=environment(home, SAYWIRE_URL=address),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


def test_openai_realtime(tmp_path: Path, address: str) -> None:
    lines = run(tmp_path, address, "openai_realtime.py", WINDOW).splitlines()
    assert lines[-1] == "completed open the window"
    deltas = [line.removeprefix("delta ") for line in lines[:-1]]
    assert " ".join(deltas) == "open the window"


@pytest.mark.parametrize(
    ("format", "expected"),
    [("text", "open the window"), ("srt", " --> 00:00:0"), ("verbose_json", '"text": "open the window"')],
)
def test_openai_transcribe(tmp_path: Path, address: str, format: str, expected: str) -> None:
    assert expected in run(tmp_path, address, "openai_transcribe.py", WINDOW, format)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl(tmp_path: Path, address: str) -> None:
    assert run(tmp_path, address, "curl_transcribe.sh", WINDOW).strip() == "open the window"
    assert run(tmp_path, address, "curl_transcribe.sh", WINDOW, "vtt").startswith("WEBVTT")


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_stream(tmp_path: Path, address: str) -> None:
    events = [json.loads(line) for line in run(tmp_path, address, "curl_stream.sh", WINDOW).splitlines()]
    assert [event["type"] for event in events] == ["transcript.text.delta", "transcript.text.done"]
    assert events[-1]["text"] == "open the window"


def test_plain_websocket(tmp_path: Path, address: str) -> None:
    assert run(tmp_path, address, "websocket_plain.py", WINDOW) == "open the window\n"


def test_pool(tmp_path: Path, address: str) -> None:
    lines = run(tmp_path, address, "python_pool.py", WINDOW, DIGITS).splitlines()
    assert {line.split()[0]: line.split(maxsplit=4)[4] for line in lines} == {
        str(WINDOW): "open the window",
        str(DIGITS): "seven three eight five six",
    }


def test_live(tmp_path: Path, address: str) -> None:
    lines = run(tmp_path, address, "python_live.py", WINDOW).splitlines()
    assert lines[-1].startswith("final 0.") and lines[-1].endswith(" open the window")


def test_threads(tmp_path: Path, address: str) -> None:
    assert (
        run(tmp_path, address, "python_threads.py", WINDOW) == "live open the window\nfile open the window\n"
    )


def test_relay_control(tmp_path: Path, address: str) -> None:
    relay = command("relay", WINDOW, "--wait", "--server", address, "--port", "0", "--spool", "spool")
    with subprocess.Popen(
        relay, cwd=tmp_path, env=environment(tmp_path), stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr
        page = None
        while not page:
            page = re.search(r"captions at (\S+)", process.stderr.readline())
            assert process.poll() is None
        lines = run(tmp_path, address, "relay_control.py", page[1].replace("http", "ws"), "1").splitlines()
        process.terminate()
        process.stderr.read()
    assert lines[0] == "已连接到系统音频识别服务" and "系统音频录制已开始" in lines
    assert lines[-1] == "open the window" and process.returncode == 0


def test_digits(tmp_path: Path, address: str) -> None:
    assert run(tmp_path, address, "grammar_digits.py", DIGITS) == "seven three eight five six\n"


def test_grammar(tmp_path: Path, address: str) -> None:
    grammar = tmp_path / "home.jsgf"
    grammar.write_text("#JSGF V1.0; grammar home; public <order> = (open | close) the (window | door);")
    assert run(tmp_path, address, "grammar_digits.py", WINDOW, grammar) == "open the window\n"


def test_every_example_is_short_and_tested() -> None:
    files = [path for path in EXAMPLES.iterdir() if path.is_file()]
    assert files
    clients, peers = ROOT / "tests" / "clients" / "test_clients.py", ROOT / "tests" / "peers" / "vllm.py"
    tests = (Path(__file__), clients, peers)
    tested = "".join(path.read_text("utf-8") for path in tests)
    assert not [path.name for path in files if f'"{path.name}"' not in tested]
    assert not [path.name for path in files if len(path.read_text("utf-8").splitlines()) > LONGEST]
