from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cli.program import SAMPLES
from client.real import realtime_server
from client.test_plain import served
from saywire.client.samples import find_sample
from saywire.client.transcription import transcribe
from saywire.errors import BadAudio, BadRequest
from saywire.types import Turns
from server.doubles import ScriptedHost, in_loop

COMMANDS = SAMPLES / "commands.flac"


@pytest.fixture(autouse=True)
def settle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's settings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("SAYWIRE_URL", "http://127.0.0.1:9")


def test_a_file_is_heard_on_this_machine() -> None:
    transcript = transcribe(COMMANDS, model="tiny")
    assert transcript.text.startswith("hello computer play one two three")
    assert round(transcript.seconds) == 14 and transcript.words
    with COMMANDS.open("rb") as file:
        assert transcribe(file, model="tiny") == transcript


def test_samples_are_heard_as_the_file_they_are_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAYWIRE_ENGINE_MODEL", "tiny")
    samples = find_sample("commands").read()
    whole = transcribe(samples)
    assert whole.text.startswith("hello computer play one two three")
    assert transcribe((samples * 32768).round().astype(np.int16).tobytes()).text == whole.text
    assert len(transcribe(samples, turns=Turns(silence=2.0)).segments) < len(whole.segments)


def test_a_file_that_was_opened_for_its_text_is_told() -> None:
    with COMMANDS.open(encoding="utf-8") as file, pytest.raises(BadAudio, match="open it with 'rb'"):
        transcribe(file)  # type: ignore[arg-type]


def test_hotwords_are_a_list_of_texts() -> None:
    with pytest.raises(BadRequest, match="hotwords must be a list"):
        transcribe(np.zeros(1600, np.float32), hotwords="computer")


def test_a_server_may_hear_it() -> None:
    with served() as address:
        transcript = transcribe(np.zeros(1600, np.float32), address)
    assert (transcript.text, transcript.seconds, transcript.language) == ("said 0", 0.1, "en")


@pytest.mark.parametrize("url", [None, "served"])
def test_what_cannot_be_decoded_is_raised(url: str | None) -> None:
    with served() as address, pytest.raises(BadAudio, match="cannot read none"):
        transcribe("none.wav", address if url else None, model="tiny" if url is None else None)


@pytest.mark.parametrize("recording", [5, None, [0.0, 0.5]])
def test_what_is_no_recording_is_refused(recording: Any) -> None:
    with pytest.raises(BadAudio, match=f"a {type(recording).__name__} is no recording"):
        transcribe(recording, "http://127.0.0.1:9")


@in_loop
async def test_who_is_in_a_loop_is_told_how() -> None:
    for url in (None, "http://127.0.0.1:9"):
        with pytest.raises(BadRequest, match=r"await asyncio\.to_thread"):
            transcribe(COMMANDS, url)


@in_loop
async def test_in_a_loop_it_runs_in_a_thread() -> None:
    async with realtime_server(ScriptedHost()) as address:
        transcript = await asyncio.to_thread(transcribe, np.zeros(1600, np.float32), address)
    assert transcript.segments == ()
