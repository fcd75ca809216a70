"""``saywire listen --server``: the program and a server, each as a person runs it, on every wire there is."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.sync.server import ServerConnection, serve

from cli.program import SAMPLES, command, environment, saywire, served
from saywire.client.samples import find_sample

KEY = "sk-of-the-desk"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """HOST:PORT."""
    home = tmp_path_factory.mktemp("home")
    with served(home, "--model", "tiny", SAYWIRE_SERVER_API_KEYS=KEY) as at:
        yield at


@pytest.mark.parametrize(
    ("url", "flags"),
    [
        ("http://{}", ()),
        ("ws://{}/v1/realtime", ("--model", "tiny")),
        ("ws://{}/api-ws/v1/realtime", ("--model", "tiny")),
        ("ws://{}/api-ws/v1/inference", ("--model", "tiny")),
        ("ws://{}", ("--wire", "funasr")),
        ("http://{}/v1", ("--wire", "openai-verbose", "--model", "tiny")),
    ],
    ids=["saywire", "realtime", "dashscope-realtime", "dashscope-task", "funasr", "http"],
)
def test_a_server_writes_it_down(tmp_path: Path, server: str, url: str, flags: tuple[str, ...]) -> None:
    run = saywire(
        "listen",
        SAMPLES / "commands.flac",
        "--server",
        url.format(server),
        *flags,
        *("--key-env", "DESK_KEY", "--save", "talk.json"),
        home=tmp_path,
        DESK_KEY=KEY,
    )
    assert run.returncode == 0, run.stderr
    said = [one.text for one in find_sample("commands").said]
    assert [line.split(" s  ")[1] for line in run.stdout.splitlines()] == said
    talk = json.loads((tmp_path / "talk.json").read_text("utf-8"))
    assert [segment["text"] for segment in talk["segments"]] == said
    assert talk["seconds"] == pytest.approx(13.503, abs=0.01)


def test_the_key_is_found_in_the_environment_and_never_shown(tmp_path: Path, server: str) -> None:
    flags = (SAMPLES / "commands.flac", "--server", f"http://{server}")
    assert saywire("listen", *flags, home=tmp_path, SAYWIRE_API_KEY=KEY).returncode == 0
    run = saywire("listen", *flags, home=tmp_path, SAYWIRE_API_KEY="sk-of-nobody")
    assert run.returncode == 2 and "Incorrect API key" in run.stderr
    assert "sk-" not in run.stdout + run.stderr


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    run = saywire("listen", SAMPLES / "commands.flac", "--server", "http://127.0.0.1:9", home=tmp_path)
    assert run.returncode == 2 and "cannot connect to ws://127.0.0.1:9" in run.stderr


def test_ctrl_c_twice_does_not_wait_for_a_server_that_says_nothing_more(tmp_path: Path) -> None:
    called = threading.Event()

    def hang(connection: ServerConnection) -> None:
        connection.send('{"type": "session.created"}')
        for message in connection:
            if '"session.update"' in str(message):
                connection.send('{"type": "session.updated"}')
                called.set()

    with serve(hang, "127.0.0.1", 0) as stuck:
        threading.Thread(target=stuck.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{stuck.socket.getsockname()[1]}"
        with subprocess.Popen(
            command("listen", "-", "--server", url, "--save", "talk.srt"),
            cwd=tmp_path,
            env=environment(tmp_path),
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stderr and called.wait(60)
            process.send_signal(signal.SIGINT)
            assert "ending" in process.stderr.readline()
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 130, process.stderr.read()
        stuck.shutdown()
    assert (tmp_path / "talk.srt").read_text() == ""
