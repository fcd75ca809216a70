"""The first generation of DashScope's SDK, unmodified, in an environment of its own.

The second generation is run by the tests of every day (``tests/e2e``).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from clients.test_clients import CLIENTS, PROBES, Ended, Running, run, serve
from engines.recordings import read
from laws.speech import silence
from server.audio import wav

PYTHON = CLIENTS / "dashscope1" / "bin" / "python"
SPEECH = {
    "en": {"please-play-five": "please play five", "computer-stop": "computer stop"},
    "zh": {"da-kai-deng": "打开灯", "san-qi-ling": "三七零"},
}

pytestmark = [
    pytest.mark.skipif("SAYWIRE_CLIENTS" not in os.environ, reason="run by make test-clients"),
    pytest.mark.parametrize("language", SPEECH),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    yield from serve(tmp_path_factory.mktemp("dashscope"))


def ask(kind: str, at: Running, language: str) -> Ended:
    """What the SDK tells of two sentences with a second of silence after each."""
    samples = np.concatenate([part for name in SPEECH[language] for part in (read(name), silence(1.0))])
    file = Path(at.log.parent) / "talk.wav"
    file.write_bytes(wav(samples))
    at.tries()
    ended = run(PROBES / "dashscope_one.py", at, kind, file, language, python=PYTHON)
    assert ended.code == 0, ended.errors
    assert not ended.after("revised")
    return ended


def test_the_server_detects_turns(server: Running, language: str) -> None:
    ended = ask("vad", server, language)
    assert ended.after("completed") == list(SPEECH[language].values())
    assert ended.lines.count("speech_started ") == ended.lines.count("speech_stopped ") == 2
    assert ended.lines[0] == "created " and "finished " in ended.lines
    assert not ended.after("error")
    assert server.tries() == ["finished"]


def test_the_client_commits_and_ends_the_session(server: Running, language: str) -> None:
    ended = ask("manual", server, language)
    assert ended.after("completed") == [spell(language)]
    assert ended.lines.count("committed ") == 1 and not ended.after("speech_started")
    assert server.tries() == ["finished"]


def test_an_error_is_told_and_the_session_lives(server: Running, language: str) -> None:
    """The refused update changed nothing: turns are still the server's to detect, in its own language."""
    ended = ask("errors", server, language)
    [error] = ended.after("error")
    assert error.startswith("invalid_value") and "klingon" in error
    assert len(ended.after("completed")) == 2
    assert server.tries() == ["finished"]


def test_recognition_with_callbacks(server: Running, language: str) -> None:
    ended = ask("callback", server, language)
    assert ended.after("final") == list(SPEECH[language].values())
    assert ended.after("partial") and ended.lines[-1] == "complete"


def test_recognition_of_a_file_in_one_call(server: Running, language: str) -> None:
    assert ask("call", server, language).after("final") == list(SPEECH[language].values())


def test_a_task_that_fails(server: Running, language: str) -> None:
    [line] = ask("task-failed", server, language).lines
    assert line.startswith("error ModelNotFound") and "no-such-model" in line


def spell(language: str) -> str:
    """Both sentences as one item has them: Mandarin has no spaces."""
    return ("" if language == "zh" else " ").join(SPEECH[language].values())
