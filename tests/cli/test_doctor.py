"""``saywire doctor``."""

from __future__ import annotations

import importlib.util
import socket
from pathlib import Path

import pytest

from cli.program import saywire
from engines.turn_nets import FILE, make_turn_model
from saywire import __version__


def test_it_tells_all_that_matters_and_no_key(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        run = saywire(
            "doctor",
            home=tmp_path,
            SAYWIRE_SERVER_API_KEYS="sk-secret",
            SAYWIRE_SERVER_PORT=str(port),
            SAYWIRE_TWO_PASS_MEETING_PARTIALS="tiny",
            SAYWIRE_TWO_PASS_MEETING_FINALS="sphinx",
        )
    assert (run.returncode, run.stderr) == (0, "")
    lines = [" ".join(line.split()) for line in run.stdout.splitlines()]
    assert f"saywire {__version__}" in lines
    assert any(line.startswith("sphinx en runs, ready in ") for line in lines)
    assert any(line.startswith("tiny zh, en runs, ready in ") for line in lines)
    assert any(line.startswith("meeting en runs, ready in ") for line in lines)
    assert "server.api_keys (hidden) environment SAYWIRE_SERVER_API_KEYS" in lines
    assert "turns.silence 0.5 default" in lines
    assert "sherpa has what it needs" in lines
    if importlib.util.find_spec("funasr") is None:
        missing = "torch, funasr, kaldi_native_fbank"
        assert f"funasr needs {missing}; install it with: pip install 'saywire[funasr]'" in lines
    assert all(any(line.startswith(f"{kind} ") for line in lines) for kind in ("microphone", "loudspeaker"))
    assert any(line.startswith(("WebRTC has what it needs", "WebRTC needs aiortc; ")) for line in lines)
    assert any(line.startswith("model auto: sphinx") for line in lines)
    assert any(line.startswith("semantic turns end by silence; ") for line in lines)
    assert any(line.startswith(f"port cannot listen on 127.0.0.1 port {port}") for line in lines)
    assert "sk-secret" not in run.stdout


def test_a_turn_model_is_tried(tmp_path: Path) -> None:
    if importlib.util.find_spec("onnxruntime") is None:
        pytest.skip("onnxruntime is not installed")
    folder = make_turn_model(tmp_path / "mine")
    assert saywire("models", "import", folder, home=tmp_path).returncode == 0
    run = saywire("doctor", "--set", "server.port=0", home=tmp_path)
    assert run.returncode == 0 and "end as mine finds" in run.stdout
    path = tmp_path / ".local/share/saywire/models/mine" / FILE
    path.write_bytes(path.read_bytes().replace(b"ReduceSum", b"ReduceSam"))
    assert f"turn model '{FILE}' cannot be loaded" in saywire("doctor", home=tmp_path).stdout
    run = saywire("doctor", "--set", "models.turns=none", home=tmp_path)
    assert "end by silence, for models.turns is none" in run.stdout


def test_a_configured_model_that_is_not_here_is_told(tmp_path: Path) -> None:
    run = saywire("doctor", "--set", "model.paraformer.mode=sliced", "--set", "server.port=0", home=tmp_path)
    lines = [" ".join(line.split()) for line in run.stdout.splitlines()]
    assert "model.paraformer is configured, but no such model is installed" in lines
    assert "model.paraformer.mode 'sliced' flag" in lines


def test_it_tells_what_would_keep_a_server_from_starting(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        (tmp_path / "saywire.toml").write_text(
            '[server]\nport = 0\ntls_cert = "no.pem"\n[engine]\naliases = ["whisper-1"]\n'
            f'[listener.desk]\nwire = "fun"\nport = {port}\n'
        )
        run = saywire("doctor", home=tmp_path)
    assert (run.returncode, run.stderr) == (1, "")
    lines = [" ".join(line.split()) for line in run.stdout.splitlines()]
    assert "listeners listener.desk.wire is 'fun'; did you mean 'funasr'?" in lines
    assert any(line.startswith("certificate server.tls_cert: cannot read no.pem") for line in lines)
    assert any(line.startswith("aliases engine.aliases has 'whisper-1'; expected") for line in lines)
    assert any(line.startswith(f"port of fun cannot listen on 127.0.0.1 port {port}") for line in lines)


def test_an_alias_of_a_model_that_is_not_here_is_told(tmp_path: Path) -> None:
    aliases = "engine.aliases=a=tinny,b=whisper-1,c=tiny"
    run = saywire("doctor", "--set", "server.port=0", "--set", aliases, home=tmp_path)
    assert run.returncode == 0  # it may yet be installed
    lines = [" ".join(line.split()) for line in run.stdout.splitlines()]
    told = [line for line in lines if line.startswith("alias ")]
    assert told == ["alias a no model 'tinny'; did you mean 'tiny'?"]


def test_it_fails_where_nothing_can_serve(tmp_path: Path) -> None:
    run = saywire("doctor", "--set", "engine.model=sphynx", "--set", "server.port=0", home=tmp_path)
    assert run.returncode == 1
    assert "sphynx" in run.stdout
    assert run.stderr == ""


def test_it_fails_where_a_model_is_made_of_one_that_is_not_here(tmp_path: Path) -> None:
    run = saywire(
        "doctor", "--set", "fallback.safe.models=tiny,tinny", "--set", "server.port=0", home=tmp_path
    )
    assert run.returncode == 1
    assert "fallback.safe cannot be used: no model 'tinny'; did you mean 'tiny'?" in run.stdout
