"""The relay as a person runs it, with a server that is killed."""

from __future__ import annotations

import io
import json
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from rich.console import Console
from websockets.sync.client import connect

from cli.program import ROOT, SAMPLES, command, environment, saywire
from saywire.audio.pcm import to_pcm16
from saywire.cli.captions import Captions
from saywire.cli.relay import Desk, find_source, to_bytes
from saywire.client.dial import Dial
from saywire.client.frames import Point
from saywire.client.samples import find_sample
from saywire.client.wire import Place
from saywire.errors import BadRequest
from saywire.messages import Final as FinalEvent
from saywire.relay.audience import recall
from saywire.relay.journal import Begun, Journal, LeftOut, Line
from saywire.relay.relay import Relay
from saywire.types import Options

COMMANDS = SAMPLES / "commands.flac"
FINAL = re.compile(r"^ +([\d.]+) - +([\d.]+) s  (.+)$", re.MULTILINE)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


@contextmanager
def server(home: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """From when it answers; killed at the end, if it is there then."""
    process = subprocess.Popen(
        command("serve", "--port", str(port), "--model", "tiny"),
        cwd=home,
        env=environment(home),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        while "http://" not in process.stdout.readline():
            assert process.poll() is None
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def relaying(home: Path, port: int, *flags: str) -> Iterator[subprocess.Popen[str]]:
    address = f"http://127.0.0.1:{port}"
    with subprocess.Popen(
        command("relay", *flags, "--server", address, "--port", "0", "--spool", home / "spool"),
        cwd=home,
        env=environment(home),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(pipe: object, words: str) -> str:
    """Its lines up to the one with these words."""
    lines: list[str] = []
    for line in iter(pipe.readline, b""):  # type: ignore[attr-defined]
        lines.append(line.decode())
        if words in lines[-1]:
            return "".join(lines)
    raise AssertionError("".join(lines))


def wait_until_spooled(relay: subprocess.Popen[bytes], seconds: float) -> None:
    """By what its page is told."""
    told = wait_for(relay.stderr, "captions at")
    address = told.split("captions at ")[1].split()[0].replace("http:", "ws:") + "captions"
    with connect(address) as page:
        while json.loads(page.recv()).get("waiting", 0) < seconds:
            pass


def left(home: Path) -> list[str]:
    return [path.name for path in (home / "spool").rglob("*") if path.is_file() and path.name != "lock"]


def test_a_file(tmp_path: Path) -> None:
    port = free_port()
    with server(tmp_path, port):
        flags = ("--server", f"http://127.0.0.1:{port}", "--port", "0", "--language", "en")
        run = saywire("relay", COMMANDS, *flags, "--save", "talk.txt", home=tmp_path)
        assert run.returncode == 0, run.stderr
        assert [text for _, _, text in FINAL.findall(run.stdout)][:1] == ["hello computer"]
        assert "captions at http://127.0.0.1:" in run.stderr
        assert (tmp_path / "talk.txt").read_text("utf-8").startswith("hello computer\n")
        run = saywire("relay", COMMANDS, *flags, "--save", "talk.txt", home=tmp_path)
        assert run.returncode == 2 and "talk.txt is there already" in run.stderr
        run = saywire("relay", COMMANDS, *flags, "--model", "nonsense", home=tmp_path)
        assert run.returncode == 2 and "no model 'nonsense'" in run.stderr
        assert (tmp_path / ".local" / "share" / "saywire" / "relay" / "lock").exists()


def test_a_server_that_is_killed_in_mid_stream(tmp_path: Path) -> None:
    """The same text and times as without; the audio comes by a pipe, which nobody can ask to wait."""
    port = free_port()
    pcm = to_pcm16(find_sample("commands").read())
    with server(tmp_path, port) as serving:
        flags = ("--server", f"http://127.0.0.1:{port}", "--port", "0")
        saves = ("--save", "whole.srt", "--save", "whole.jsonl")
        run = saywire("relay", "-", *flags, *saves, home=tmp_path, stdin=pcm)
        assert run.returncode == 0, run.stderr
        with relaying(tmp_path, port, "-", "--save", "broken.srt", "--save", "broken.jsonl") as relay:
            assert relay.stdin and relay.stdout and relay.stderr
            relay.stdin.write(pcm[: len(pcm) // 2])
            relay.stdin.flush()
            wait_for(relay.stdout, "s  hello computer")
            serving.kill()
            wait_for(relay.stderr, "the server is away")
            assert "hello computer" in (tmp_path / "broken.srt").read_text("utf-8")
            relay.stdin.write(pcm[len(pcm) // 2 :])
            relay.stdin.close()
            with server(tmp_path, port):
                wait_for(relay.stderr, "the server is there again")
                relay.stdout.read()
                assert relay.wait() == 0
    assert (tmp_path / "whole.srt").read_text("utf-8").count("-->") > 4
    for kind in ("srt", "jsonl"):
        assert (tmp_path / f"broken.{kind}").read_bytes() == (tmp_path / f"whole.{kind}").read_bytes()
    assert left(tmp_path) == []


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="kill -9 is a word of Unix")
def test_a_relay_that_is_killed_and_started_again(tmp_path: Path) -> None:
    port = free_port()
    pcm = to_pcm16(find_sample("commands").read())
    with relaying(tmp_path, port, "-", "--save", "talk.txt") as relay:
        assert relay.stdin and relay.stdout and relay.stderr
        relay.stdin.write(pcm[: 2 * 16_000 * 5])
        relay.stdin.flush()
        wait_until_spooled(relay, 5)
        relay.kill()
    assert "journal.jsonl" in left(tmp_path)
    with relaying(tmp_path, port, "-", "--save", "talk.txt") as relay:
        assert relay.stdin and relay.stdout and relay.stderr
        wait_for(relay.stderr, "goes on with what it left")
        run = saywire("relay", "-", "--port", "0", "--spool", tmp_path / "spool", home=tmp_path)
        assert run.returncode == 2 and "another relay uses" in run.stderr
        relay.stdin.write(pcm[2 * 16_000 * 7 :])
        relay.stdin.close()
        with server(tmp_path, port):
            relay.stdout.read()
            assert relay.wait() == 0
    texts = (tmp_path / "talk.txt").read_text("utf-8").splitlines()
    assert texts[:2] == ["hello computer", "play one two three"] and texts[-1] == "cancel"
    assert left(tmp_path) == []


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="signals are of Unix")
def test_a_relay_that_is_told_to_stop_leaves_what_was_not_heard(tmp_path: Path) -> None:
    with relaying(tmp_path, free_port(), str(COMMANDS)) as relay:
        wait_until_spooled(relay, 5)
        relay.send_signal(signal.SIGTERM)
        assert relay.stderr
        wait_for(relay.stderr, "wait to be written down; start again for that")
        assert relay.wait() == 1
    assert "journal.jsonl" in left(tmp_path)


@pytest.mark.parametrize(
    ("size", "number"), [("500MB", 5e8), ("1.5gb", 1.5e9), ("2 TB", 2e12), ("10KB", 1e4)]
)
def test_sizes(size: str, number: float) -> None:
    assert to_bytes(size) == number


@pytest.mark.parametrize("size", ["", "500", "MB", "-1GB", "1PB", "1.2.3GB", "oneGB", "²GB"])
def test_what_is_no_size(size: str) -> None:
    with pytest.raises(BadRequest, match="write it as in 500MB"):
        to_bytes(size)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("none.wav",), "cannot read none.wav"),
        ((str(ROOT / "README.md"),), "this is no audio file"),
        (("-", "--server", "http://127.0.0.1:99999"), "no server's address"),
        (("-", "--server", "localhost"), "no server's address"),
        (("-", "--spool-limit", "much"), "no size"),
        ((str(COMMANDS), "--spool", str(COMMANDS)), "give the relay another --spool"),
        (("-", "--spool-limit", "3MB"), "a spool of 3MB is too small, for it must hold two minutes: 3.84 MB"),
    ],
)
def test_what_cannot_be(tmp_path: Path, flags: tuple[str, ...], message: str) -> None:
    run = saywire("relay", *flags, "--port", "0", home=tmp_path)
    assert run.returncode == 2 and message in run.stderr


def test_files_keep_what_the_journal_has_no_more(tmp_path: Path) -> None:
    """A relay that was killed after days, and is started again."""
    folder, path = tmp_path / "spool", tmp_path / "talk.txt"
    journal = Journal(folder / "journal.jsonl")
    journal.write(Line(Begun("sess_1", 1.0, "mic"), place=Place(Point("sess_1"))))
    journal.write(Line(final=FinalEvent(7, "the last", 7.0, 8.0), left_out=LeftOut(7)))
    journal.close()
    path.write_text("the first\nthe last\n")
    with sitting() as desk:
        source = find_source(str(COMMANDS), 16_000, "", desk)
        made = Relay(Dial(("ws://127.0.0.1:9/",)), Options(), folder, 10**9, source, desk)
        desk.open([path], True, made)
        recall(made.journal, desk)
        desk.go_on(8.0)
        made.journal.close()
    assert path.read_text() == "the last\n"
    assert (tmp_path / "talk.1.txt").read_text() == "the first\nthe last\n"


@contextmanager
def sitting() -> Iterator[Desk]:
    with Captions(Console(file=io.StringIO())) as captions:
        yield Desk(captions)
