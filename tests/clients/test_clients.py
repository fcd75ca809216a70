"""Real clients, unmodified, against the real server on the tiny engine: ``make test-clients``.

Each is a program of its own, in an environment of its own: an example of the product, or a probe that lies
beside this file. Each must see text while it is spoken, the exact words in the end, and leave without a
second try; a wrong key must be told as the client documents, and not be tried for ever.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from cli.program import ROOT, command, environment
from engines.recordings import read
from laws.speech import silence
from saywire.audio.resample import Resampler
from saywire.types import RATE
from server.audio import wav

CLIENTS = Path(os.environ.get("SAYWIRE_CLIENTS", "")).absolute()
PYTHON, NODE = CLIENTS / "python" / "bin" / "python", CLIENTS / "node"
BROWSER = Path(os.environ.get("SAYWIRE_BROWSER", "")).absolute() / "python"
"""What drives Chromium."""
EXAMPLES, PROBES = ROOT / "examples", Path(__file__).parent / "probes"
SPOKEN = ("please play five", "computer stop")
KEY = "sesame"
TLS = "--tls-self-signed"
PATIENCE = 120.0
"""Seconds that a client may take; they take under 15, most of it to import themselves."""

pytestmark = pytest.mark.skipif("SAYWIRE_CLIENTS" not in os.environ, reason="run by make test-clients")
needs_node = pytest.mark.skipif(
    not (NODE / "node_modules").exists() or shutil.which("node") is None, reason="there is no npm"
)


@dataclass
class Running:
    url: str
    log: Path
    authority: Path | None = None
    """Who signed its certificate."""
    _read: int = 0

    def tries(self) -> list[str]:
        """How each connection since the last call ended: why it was closed, or refused."""
        lines = self.log.read_text().splitlines()
        new, self._read = lines[self._read :], len(lines)
        return [line.rpartition("cause=")[2] for line in new if " end " in line or " refused " in line]


def serve(home: Path, *flags: str) -> Iterator[Running]:
    log = home / "log"
    with log.open("w") as errors:
        process = subprocess.Popen(
            command("serve", "--port", "0", "--model", "tiny", "--set", f"server.api_keys={KEY}", *flags),
            cwd=home,
            env=environment(home),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    assert process.stdout
    told = ""
    while "docs " not in told:
        told += process.stdout.readline()
        assert process.poll() is None, log.read_text()
    url = re.search(r"https?://[\d.]+:\d+", told)
    authority = home / ".local" / "share" / "saywire" / "tls" / "ca.pem"
    assert url
    yield Running(url[0], log, authority if TLS in flags else None)
    process.terminate()
    process.communicate(timeout=30)


@pytest.fixture(scope="module")
def plain_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    yield from serve(tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module")
def secure_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """What clients need that speak only wss."""
    yield from serve(tmp_path_factory.mktemp("secure"), TLS)


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Running]:
    """What pages of other origins need."""
    yield from serve(tmp_path, "--set", "server.allowed_origins=*")


@pytest.fixture
def plain(plain_server: Running) -> Running:
    plain_server.tries()  # of the test before
    return plain_server


@pytest.fixture
def secure(secure_server: Running) -> Running:
    secure_server.tries()
    return secure_server


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both sentences, at 24 kHz, as some clients want it."""
    door = Resampler(RATE, 24_000)
    parts = [part for text in SPOKEN for part in (read(text.replace(" ", "-")), silence(1.0))]
    file = tmp_path_factory.mktemp("talk") / "talk.wav"
    file.write_bytes(wav(np.concatenate([door.feed(np.concatenate(parts)), door.flush()]), 24_000))
    return file


@pytest.fixture(scope="module")
def sentence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first alone, at 24 kHz, with nothing behind it."""
    door = Resampler(RATE, 24_000)
    file = tmp_path_factory.mktemp("sentence") / "sentence.wav"
    file.write_bytes(wav(np.concatenate([door.feed(read("please-play-five")), door.flush()]), 24_000))
    return file


@dataclass(frozen=True)
class Ended:
    code: int
    lines: tuple[str, ...]
    errors: str

    def after(self, word: str) -> list[str]:
        """The lines that begin with a word, without it."""
        return [line.removeprefix(f"{word} ") for line in self.lines if line.startswith(f"{word} ")]


def run(program: Path, at: Running, *arguments: str | Path, key: str = KEY, python: Path = PYTHON) -> Ended:
    home = at.log.parent
    more = {"SAYWIRE_URL": at.url, "SAYWIRE_KEY": key, "OPENAI_API_KEY": "not for us"}
    more["PYTHONPATH"] = str(BROWSER)
    if at.authority:
        more |= {"NODE_EXTRA_CA_CERTS": str(at.authority), "SSL_CERT_FILE": str(at.authority)}
    interpreter = str(python)
    if program.suffix == ".mjs":  # node looks for modules beside the program
        interpreter, program = "node", Path(shutil.copy(program, NODE))
    ended = subprocess.run(
        [interpreter, program, *arguments],
        cwd=home,
        env=environment(home, **more),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    return Ended(ended.returncode, tuple(ended.stdout.splitlines()), ended.stderr)


@needs_node
def test_openai_node(secure: Running, talk: Path) -> None:
    ended = run(EXAMPLES / "openai_realtime.mjs", secure, talk)
    assert (ended.code, ended.errors) == (0, "")
    assert ended.after("completed") == list(SPOKEN)
    assert "".join(ended.after("delta")) == "".join(SPOKEN) and len(ended.after("delta")) > 2
    assert secure.tries() == ["finished"]


@needs_node
def test_openai_node_with_a_wrong_key(secure: Running, talk: Path) -> None:
    ended = run(EXAMPLES / "openai_realtime.mjs", secure, talk, key="wrong")
    assert ended.code == 1 and ended.lines == ()
    assert ended.errors.startswith("Incorrect API key provided. code=invalid_api_key")
    assert secure.tries() == ["invalid_api_key"]


@needs_node
def test_openai_node_names_our_errors(secure: Running) -> None:
    assert run(PROBES / "node_errors.mjs", secure, "nope").lines == (
        "error invalid_model null",
        "close 4000 invalid_request_error.invalid_model",
    )
    assert run(PROBES / "node_errors.mjs", secure, "tiny").lines[0] == "error invalid_value mine"
    assert len(secure.tries()) == 2


@needs_node
@pytest.mark.parametrize("server", ["plain", "secure"])
def test_openai_node_streams_a_file(server: str, talk: Path, request: pytest.FixtureRequest) -> None:
    ended = run(EXAMPLES / "openai_transcribe.mjs", request.getfixturevalue(server), talk)
    assert (ended.code, ended.errors) == (0, "")
    assert ended.after("done") == [" ".join(SPOKEN)]
    assert "".join(ended.after("delta")) == " ".join(SPOKEN) and len(ended.after("delta")) > 2


@needs_node
def test_openai_node_has_its_own_error_for_each_of_ours(plain: Running, talk: Path) -> None:
    refused = run(EXAMPLES / "openai_transcribe.mjs", plain, talk, key="wrong")
    assert refused.code == 1 and refused.errors.startswith("AuthenticationError invalid_api_key 401")
    bad = run(EXAMPLES / "openai_transcribe.mjs", plain, EXAMPLES / "openai_transcribe.mjs")
    assert bad.code == 1 and bad.errors.startswith("BadRequestError invalid_audio 400")


@needs_node
def test_azure_class_of_openai_node(secure: Running, sentence: Path) -> None:
    ended = run(PROBES / "azure_realtime.mjs", secure, sentence)
    assert (ended.code, ended.errors) == (0, "")
    assert ended.lines == (SPOKEN[0],)


def test_azure_class_of_openai_python(secure: Running, talk: Path) -> None:
    ended = run(EXAMPLES / "azure_realtime.py", secure, talk)
    assert (ended.code, ended.errors) == (0, "")
    assert ended.lines == SPOKEN
    refused = run(EXAMPLES / "azure_realtime.py", secure, talk, key="wrong")
    told = "Incorrect API key provided."  # if it reads before it writes; else the reason of the close
    assert refused.code == 1
    assert told in refused.errors or "invalid_request_error.invalid_api_key" in refused.errors
    assert secure.tries() == ["finished", "invalid_api_key"]


@needs_node
def test_agents_realtime_connects_and_hears_that_nobody_answers(plain: Running, talk: Path) -> None:
    ended = run(PROBES / "agents_realtime.mjs", plain, talk, "2")
    assert ended.code == 0
    assert set(ended.after("error")) == {"invalid_parameter"}  # it asks for a conversation
    assert ended.after("item") == list(SPOKEN)
    assert ended.after("connection") == ["connecting", "connected", "disconnected"]
    assert plain.tries() == ["client left"]


@pytest.mark.parametrize("model", ["auto", "gpt-live-transcribe"])
def test_livekit(plain: Running, talk: Path, model: str) -> None:
    """With the last of the models it is the client's own voice detector that ends turns."""
    ended = run(EXAMPLES / "livekit_listen.py", plain, talk, model)
    assert ended.code == 0, ended.errors
    assert ended.after("final_transcript") == list(SPOKEN)
    assert len(ended.after("interim_transcript")) >= 2
    assert ended.lines.count("start_of_speech") == ended.lines.count("end_of_speech") == 2
    assert sum(line.startswith("recognition_usage") for line in ended.lines) == 2
    assert "failed to process" not in ended.errors
    assert plain.tries() == ["client left"]


def test_livekit_with_a_wrong_key(plain: Running, talk: Path) -> None:
    ended = run(EXAMPLES / "livekit_listen.py", plain, talk, key="wrong")
    assert ended.code != 0 and "APIError" in ended.errors
    assert "OpenAI Realtime STT error: Incorrect API key provided." in ended.errors
    assert plain.tries() == ["invalid_api_key"]


def test_livekit_uploads(plain: Running, sentence: Path) -> None:
    ended = run(PROBES / "livekit_upload.py", plain, sentence)
    assert ended.code == 0, ended.errors
    assert ended.lines == (*[f"final_transcript en {SPOKEN[0]}"] * 3, "error 404 model_not_found")


def test_pipecat(plain: Running, talk: Path) -> None:
    ended = run(EXAMPLES / "pipecat_listen.py", plain, talk)
    assert ended.code == 0, ended.errors
    assert ended.after("final") == list(SPOKEN)
    assert "".join(ended.after("delta")) == "".join(SPOKEN)
    assert "ERROR" not in ended.errors
    assert plain.tries() == ["client left"]


@pytest.mark.parametrize(("kind", "tries"), [("realtime", 1), ("upload", 3)])
def test_pipecat_where_the_pipeline_ends_turns(plain: Running, sentence: Path, kind: str, tries: int) -> None:
    ended = run(PROBES / "pipecat_turns.py", plain, sentence, kind)
    assert ended.code == 0, ended.errors
    assert ended.lines == (f"final {SPOKEN[0]}",) * 2  # and nothing for the noise between them
    assert len(plain.tries()) == tries


@pytest.mark.parametrize("kind", ["realtime", "upload"])
def test_pipecat_with_a_wrong_key(plain: Running, sentence: Path, kind: str) -> None:
    """It tries a websocket again, a few times, and gives up."""
    ended = run(PROBES / "pipecat_turns.py", plain, sentence, kind, key="wrong")
    assert ended.code == 0 and not ended.after("final")
    assert any("Incorrect API key provided" in line for line in ended.after("error")), ended.errors
    assert len(plain.tries()) <= 5


def test_openai_agents_voice(plain: Running, talk: Path) -> None:
    ended = run(EXAMPLES / "agents_voice.py", plain, talk)
    assert (ended.code, ended.errors) == (0, "")
    assert ended.after("turn") == list(SPOKEN)
    assert plain.tries() == ["client left"]


def test_openai_agents_voice_ends_in_the_middle_of_a_word(plain: Running, sentence: Path) -> None:
    """Its own commit at the end of its audio takes what no silence has ended yet."""
    assert run(EXAMPLES / "agents_voice.py", plain, sentence).after("turn") == [SPOKEN[0]]
    assert plain.tries() == ["client left"]


def test_openai_agents_voice_with_a_wrong_key(plain: Running, sentence: Path) -> None:
    ended = run(EXAMPLES / "agents_voice.py", plain, sentence, key="wrong")
    assert ended.code != 0 and "STTWebsocketConnectionError" in ended.errors
    assert "invalid_api_key" in ended.errors
    assert plain.tries() == ["invalid_api_key"]


@pytest.mark.skipif(shutil.which("chromium") is None, reason="there is no chromium")
def test_chromium_over_webrtc(shared: Running, talk: Path, tmp_path: Path) -> None:
    """Its microphone plays from when it is asked for, which is before there is a call."""
    recording = tmp_path / "recording.wav"
    with wave.open(str(talk)) as said, wave.open(str(recording), "wb") as played:
        played.setparams(said.getparams())
        played.writeframes(bytes(2 * 3 * said.getframerate()) + said.readframes(said.getnframes()))
    ended = run(PROBES / "chromium_page.py", shared, EXAMPLES / "webrtc_page.html", recording)
    assert ended.code == 0, ended.errors
    assert ended.lines.count("created ") == 1 and ended.after("state")[0].startswith("connected in")
    assert ended.after("completed") == list(SPOKEN)
    assert "".join(ended.after("delta")) == "".join(SPOKEN)
    assert ended.after("shown") == [json.dumps(SPOKEN)]
    assert shared.tries() == ["finished"]
