"""Qwen3-ASR on a real vLLM, over its own websocket /v1/realtime. Where no such server is, nothing is here."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from engines.contract import decode_all, hear
from engines.recordings import read
from engines.remote.realtime.script import wait_until
from saywire.config import RemoteConfig
from saywire.engines.base import Engine
from saywire.engines.remote import load
from saywire.errors import EngineFailed
from saywire.types import Options

pytestmark = pytest.mark.skipif("PEERS_ENVIRONMENT" not in os.environ, reason="no peers")

LONG = np.concatenate([read(name) for name in ("sphinx_time", "sphinx_digits", "sphinx_window")] * 2)
"""The server says nothing before it has heard five seconds, or the end."""


def make(qwen: Any, model: str = "qwen") -> Engine:
    return load(RemoteConfig("peer", f"{qwen.address}/v1", model, "vllm-realtime", timeout=120.0, retries=0))


@pytest.fixture
def engine(qwen: Any) -> Iterator[Engine]:
    engine = make(qwen)
    yield engine
    engine.close()


def test_utterances_one_after_the_other_on_one_connection(engine: Engine) -> None:
    stream = engine.open(Options())
    texts = []
    for name in ("computer-stop", "please-play-five", "computer-stop"):
        texts.append(hear(engine, stream, read(name)).text)
        stream.reset()
    assert all(texts) and texts[0] == texts[2]


@pytest.mark.parametrize("size", [160, 999, 100_000])
def test_short_utterances_are_the_same_however_they_are_cut(engine: Engine, size: int) -> None:
    whole = hear(engine, engine.open(Options()), read("computer-stop"), 1600).text
    assert hear(engine, engine.open(Options()), read("computer-stop"), size).text == whole


def test_sessions_do_not_mix(engine: Engine) -> None:
    names = ("computer-stop", "please-play-five", "three-one-eight")
    alone = [hear(engine, engine.open(Options()), read(name)).text for name in names]
    streams = [engine.open(Options()) for _ in names]
    for stream, name in zip(streams, names, strict=True):
        stream.accept(read(name))
        stream.finish()
    while waiting := [stream for stream in streams if stream.ready]:
        engine.decode(waiting)
    assert [stream.hypothesis.text for stream in streams] == alone


def test_what_is_said_meanwhile_stays(engine: Engine) -> None:
    stream = engine.open(Options())
    stream.accept(LONG)
    wait_until(lambda: stream.hypothesis.stable > 0)
    said = stream.hypothesis
    stream.finish()
    found = decode_all(engine, stream)
    assert found.text.startswith(said.text[: said.stable]) and found.stable == len(found.text)


def test_a_model_it_has_not(qwen: Any) -> None:
    engine = make(qwen, "large")
    with pytest.raises(EngineFailed, match="model_not_found: The model `large` does not exist") as caught:
        hear(engine, engine.open(Options()), read("computer-stop"))
    engine.close()
    assert caught.value.code == "remote_refused"


def test_a_path_it_has_not(qwen: Any) -> None:
    engine = load(RemoteConfig("peer", qwen.address, "qwen", "vllm-realtime"))
    with pytest.raises(EngineFailed) as caught:
        hear(engine, engine.open(Options()), read("computer-stop"))
    engine.close()
    assert caught.value.code in ("remote_refused", "remote_key_refused")


def test_killed_in_mid_utterance(engine: Engine, qwen: Any) -> None:
    """The last one here: the server is gone then."""
    stream = engine.open(Options())
    stream.accept(LONG)
    wait_until(lambda: stream.hypothesis.stable > 0)
    qwen.kill()
    stream.finish()
    with pytest.raises(EngineFailed) as caught:
        decode_all(engine, stream)
    assert caught.value.code == "remote_unreachable"
