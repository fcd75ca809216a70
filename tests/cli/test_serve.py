"""``saywire serve`` as a process."""

from __future__ import annotations

import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from cli.program import command, environment, saywire
from saywire.cli.serve import reachable, ready
from saywire.config import Config, ListenerConfig, ServerConfig


@contextmanager
def serving(
    home: Path, *arguments: str, lines: int = 10
) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """A server that is ready, and the ``lines`` it has said."""
    process = subprocess.Popen(
        command("serve", "--port", "0", "--model", "fake", *arguments),
        cwd=home,
        env=environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    said = [process.stdout.readline() for _ in range(lines)]
    try:
        yield process, said
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_is_and_stops_when_told(tmp_path: Path, number: signal.Signals) -> None:
    with serving(tmp_path) as (process, lines):
        assert lines[0] == "model fake\n"
        address = lines[1].rpartition(" ")[2].strip()
        assert lines[1].startswith("saywire ") and address.startswith("http://127.0.0.1:")
        assert httpx.get(f"{address}health").json()["status"] == "ok"
        told = dict(line.strip().split("  ", 1) for line in lines[2:])
        assert told["openai"].strip() == address.replace("http", "ws") + "v1/realtime"
        assert told["base URL"].strip() == address + "v1"
        assert httpx.get(told["docs"].strip()).status_code == 200
        process.send_signal(number)
        rest, errors = process.communicate(timeout=20)
        assert (process.returncode, rest) == (0, "")
        assert "Traceback" not in errors


def test_an_alias_of_a_model_that_is_not_here_is_told(tmp_path: Path) -> None:
    aliases = ("--set", "engine.aliases=large=tinny,small=fake")
    with serving(tmp_path, *aliases) as (process, _):
        process.send_signal(signal.SIGINT)
        errors = process.communicate(timeout=30)[1]
    assert errors.startswith("engine.aliases has large, but no model 'tinny'; did you mean 'tiny'?\n")


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        run = saywire("serve", "--model", "fake", "--port", str(port), home=tmp_path)
    assert run.returncode == 2
    assert f"cannot listen on 127.0.0.1 port {port}" in run.stderr
    assert "Traceback" not in run.stderr


def test_tls_with_a_certificate_of_its_own(tmp_path: Path) -> None:
    with serving(tmp_path, "--tls-self-signed", lines=11) as (_, lines):
        authority = Path(lines[10].removeprefix("  trust").strip().partition(",")[0])
        assert authority.is_relative_to(tmp_path)
        address = lines[1].rpartition(" ")[2].strip()
        assert address.startswith("https://127.0.0.1:") and "wss://127.0.0.1:" in lines[3]
        assert httpx.get(f"{address}health", verify=ssl.create_default_context(cafile=authority)).is_success


def test_a_certificate_that_will_not_do_is_told(tmp_path: Path) -> None:
    run = saywire("serve", "--model", "fake", "--tls-cert", "no.pem", "--tls-key", "no.key", home=tmp_path)
    assert run.returncode == 2
    assert "saywire: server.tls_cert: cannot read no.pem: No such file or directory" in run.stderr
    assert "Traceback" not in run.stderr


def test_settings_come_from_a_file_too(tmp_path: Path) -> None:
    (tmp_path / "saywire.toml").write_text('[server]\napi_keys = ["sk-1"]\n')
    with serving(tmp_path) as (_, lines):
        address = lines[1].rpartition(" ")[2].strip()
        assert httpx.get(f"{address}v1/models").status_code == 401
        answer = httpx.get(f"{address}v1/models", headers={"Authorization": "Bearer sk-1"})
        assert answer.status_code == 200


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1:80"),
        ("0.0.0.0", "localhost:80"),
        ("::", "localhost:80"),
        ("::1", "[::1]:80"),
        ("192.0.2.7", "192.0.2.7:80"),
    ],
)
def test_the_address_is_one_that_a_browser_here_takes(host: str, address: str) -> None:
    assert reachable(host, 80) == address


def test_an_open_door_is_pointed_out() -> None:
    warning = "anybody who reaches this port may use it"
    assert warning in ready(Config(), "0.0.0.0", 80)
    assert warning not in ready(Config(), "127.0.0.1", 80)
    assert warning not in ready(Config(ServerConfig(api_keys=("sk-1",))), "0.0.0.0", 80)


def test_listeners_are_told() -> None:
    config = Config(listener=(ListenerConfig("runtime", "funasr", 10095),))
    assert "  funasr           at port 10095, any path" in ready(config, "127.0.0.1", 8000).splitlines()
