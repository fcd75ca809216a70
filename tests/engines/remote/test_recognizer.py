"""The engine of a remote server, over a server of real sockets."""

from __future__ import annotations

import io
import json
import threading
import wave
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import pytest

from engines.contract import EngineContract, Speech
from engines.remote.peer import Peer, Reply, answer, events, open_peer
from engines.scripted import listen, say, spell
from saywire.config import RemoteConfig
from saywire.engines.base import Engine
from saywire.engines.recognizer import Window
from saywire.engines.remote import load
from saywire.engines.remote.client import Client
from saywire.engines.remote.dialects import DIALECTS
from saywire.engines.remote.recognizer import Remote, identify
from saywire.engines.remote.server import Server
from saywire.errors import EngineFailed
from saywire.types import RATE, Options

ONE, TWO = (answer(json.dumps({"text": text}).encode()) for text in ("one", "two"))
REFUSED = answer(b"no", "text/plain", "400 Bad Request")


def window(level: float, seconds: float = 1.0) -> Window:
    return Window(np.full(round(seconds * RATE), level, np.float32), Options())


def settings(url: str = "http://127.0.0.1:9/v1", **others: Any) -> RemoteConfig:
    return RemoteConfig("cloud", url, "large", **{"retries": 0, "timeout": 20.0} | others)


@pytest.fixture
def peer() -> Iterator[Peer]:
    with open_peer() as peer:
        yield peer


@pytest.fixture
def remote(peer: Peer) -> Iterator[Remote]:
    row, about = DIALECTS["openai"], settings(peer.url, requests=2)
    remote = Remote(about, row, Client(about, row, Server(about, "", row.path)))
    yield remote
    remote.close()


def listen_in(body: bytes) -> Reply:
    """What a scripted recogniser hears in the WAV file of a form, in the words of whisper-1."""
    with wave.open(io.BytesIO(body[body.index(b"RIFF") :])) as file:
        pcm = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    heard = listen((pcm / 32768).astype(np.float32))
    words = [{"word": w.text.strip().removesuffix("maybe"), "start": w.start, "end": w.end} for w in heard]
    text = " ".join(str(word["word"]) for word in words)
    return answer(json.dumps({"text": text, "language": "english", "words": words, "segments": []}).encode())


class TestFinalsOnly(EngineContract):
    settings: ClassVar[dict[str, Any]] = {}
    url: ClassVar[str]

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def serve(cls) -> Iterator[None]:
        with open_peer() as peer:
            peer.choose, cls.url = listen_in, peer.url
            yield

    def make(self) -> Engine:
        return load(settings(self.url, **self.settings))

    def speech(self) -> list[Speech]:
        return [Speech(say(*numbers), spell(*numbers)) for numbers in ((1, 2, 3, 4, 5, 6), (7, 3, 9))]


class TestWordsAndPartials(TestFinalsOnly):
    settings: ClassVar[dict[str, Any]] = {"dialect": "openai-verbose", "partials": 0.5, "languages": ("en",)}


def test_by_default_an_utterance_is_one_request(peer: Peer) -> None:
    peer.replies = [ONE]
    engine = load(settings(peer.url))
    assert (engine.info.partials, engine.info.words, engine.info.stability) == (False, False, "none")
    stream = engine.open(Options())
    for _ in range(20):
        stream.accept(window(0.5).samples)
        assert not stream.ready
    stream.finish()
    engine.decode([stream])
    assert (stream.hypothesis.text, stream.hypothesis.words) == ("one", ())
    assert len(peer.asked) == 1
    engine.close()


def test_the_windows_of_a_batch_are_asked_for_at_the_same_time(peer: Peer, remote: Remote) -> None:
    """The server answers neither before it has both."""
    peer.replies, peer.together = [ONE], threading.Barrier(2, timeout=20)
    found = remote.recognize([window(0.1), window(0.2)])
    assert [recognition.text for recognition in found] == ["one", "one"]
    assert peer.connections == 2


def test_only_the_guilty_of_a_batch_suffers_and_nobody_is_asked_twice(peer: Peer, remote: Remote) -> None:
    good, bad = window(0.1), window(0.2)
    peer.choose = lambda body: REFUSED if sample(body) > 5000 else ONE
    with pytest.raises(EngineFailed, match="400"):
        remote.recognize([good, bad])
    assert [r.text for r in remote.recognize([good])] == ["one"]
    with pytest.raises(EngineFailed, match="400"):
        remote.recognize([bad])
    assert len(peer.asked) == 2
    assert [r.text for r in remote.recognize([good])] == ["one"]
    assert len(peer.asked) == 3


def sample(body: bytes) -> int:
    """One in the middle of the WAV file of a form."""
    at = body.index(b"data", body.index(b"WAVEfmt")) + 8 + RATE
    return int.from_bytes(body[at : at + 2], "little", signed=True)


def test_windows_with_the_same_answer_are_the_same() -> None:
    assert identify(window(0.1)) == identify(window(0.1))
    others = [window(0.2), window(0.1, 0.9), Window(window(0.1).samples, Options(language="de"))]
    others += [
        Window(window(0.1).samples, Options(), "before"),
        Window(window(0.1).samples, Options(), "", "p"),
    ]
    assert len({identify(w) for w in [window(0.1), *others]}) == 6


def test_omni_streams(peer: Peer) -> None:
    chunks = [
        '{"choices":[{"delta":{"content":"hel"}}]}',
        '{"choices":[{"delta":{"content":"lo"}}]}',
        "[DONE]",
    ]
    peer.replies = [events(*chunks)]
    engine = load(settings(peer.url, dialect="dashscope-omni"))
    stream = engine.open(Options())
    stream.accept(window(0.5).samples)
    stream.finish()
    engine.decode([stream])
    assert stream.hypothesis.text == "hello"
    engine.close()


def test_a_hypothesis_fails_with_its_own_utterance_alone(peer: Peer) -> None:
    peer.replies = [Reply(b"", "close"), TWO]
    engine = load(settings(peer.url))
    for text in (None, "two"):
        stream = engine.open(Options())
        stream.accept(window(0.5).samples)
        stream.finish()
        if text is None:
            with pytest.raises(EngineFailed):
                engine.decode([stream])
        else:
            engine.decode([stream])
            assert stream.hypothesis.text == text
    engine.close()
