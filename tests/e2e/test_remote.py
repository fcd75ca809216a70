"""A remote engine whose server is ours: the contract of engines, and a session, through two servers.

The peer runs a real engine in real workers behind real sockets and wants a key.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engines.contract import EngineContract, Speech, decode_all, hear
from engines.recordings import read
from engines.remote.realtime.script import open_scripted, read_talk, wait_until
from laws.speech import silence
from runtime.talk import MANUAL, Talk
from saywire import messages as m
from saywire.config import Config, DialectName, EngineConfig, RemoteConfig, ServerConfig
from saywire.engines.base import Engine
from saywire.engines.remote import load
from saywire.errors import EngineFailed
from saywire.runtime.pool import Pool
from saywire.server.run import LOOP, Server
from saywire.types import RATE, Options, Samples

KEY = "sk-of-the-peer"
ENGLISH = {
    "please-play-five": "please play five",
    "computer-stop": "computer stop",
    "three-one-eight": "three one eight",
}


class Peer:
    """A server of ours on a free port, in a thread of its own."""

    url = ""

    def start(self) -> None:
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self._started.wait(60)

    def stop(self) -> None:
        self._server.stop()
        self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=LOOP) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        config = Config(
            server=ServerConfig(port=0, api_keys=(KEY,)),
            engine=EngineConfig(model="tiny", language="en", workers=1),
        )
        async with Pool(config) as pool:
            self._server = Server(config, pool, self._tell)
            await self._server.serve()

    def _tell(self, host: str, port: int) -> None:
        self.url = f"http://{host}:{port}/v1"
        self._started.set()


PEER = Peer()


@pytest.fixture(scope="module", autouse=True)
def peer() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PEER_KEY", KEY)
        patch.setenv("WRONG_KEY", "sk-of-nobody")
        PEER.start()
        yield
        PEER.stop()


def settings(**others: Any) -> RemoteConfig:
    usual = {"api_key_env": "PEER_KEY", "dialect": "openai-verbose", "requests": 3, "languages": ("en", "zh")}
    return RemoteConfig("peer", PEER.url, "tiny", **usual | others)


def funasr(mode: str = "2pass") -> RemoteConfig:
    """That wire has no models, and a place of its own."""
    return replace(settings(dialect="funasr"), url=PEER.url.removesuffix("v1"), model=mode)


class Contract(EngineContract):
    def speech(self) -> Sequence[Speech]:
        return [Speech(read(name), text) for name, text in ENGLISH.items()]


class TestFinalsOnly(Contract):
    def make(self) -> Engine:
        return load(settings())


class TestPartials(Contract):
    def make(self) -> Engine:
        return load(settings(partials=0.5))


class TestStreamedWithoutWordTimes(Contract):
    def make(self) -> Engine:
        return load(settings(dialect="openai-stream"))


class Live(Contract):
    """Audio goes out while it is spoken; what comes back comes when it does."""

    def test_partials_come_before_the_end_where_it_says_so(self, engine: Engine, samples: Samples) -> None:
        stream = engine.open(Options())
        stream.accept(samples)
        wait_until(lambda: stream.hypothesis.text != "")
        assert not stream.ready and engine.info.partials
        seen = stream.hypothesis
        stream.finish()
        assert decode_all(engine, stream).text.startswith(seen.text[: seen.stable])


class TestOpenAiRealtime(Live):
    """At 24 kHz, as OpenAI's own service takes it."""

    def make(self) -> Engine:
        return load(settings(dialect="openai-realtime"))


class TestSaywire(Live):
    """With times of words."""

    def make(self) -> Engine:
        return load(settings(dialect="saywire"))


class TestQwenAsr(Live):
    """The text that is for good, and the rest."""

    def make(self) -> Engine:
        return load(settings(dialect="dashscope-realtime"))


class TestTask(Live):
    def make(self) -> Engine:
        return load(settings(dialect="dashscope-task"))


class TestFunAsr(Live):
    """Online text, and the offline text that replaces it."""

    def make(self) -> Engine:
        return load(funasr())


class TestFunAsrRealtime(Live):
    """Sentences that stay, and the open one."""

    def make(self) -> Engine:
        return load(replace(settings(dialect="funasr-realtime"), url=PEER.url.removesuffix("v1")))


TALK = np.concatenate([part for name in ENGLISH for part in (read(name), silence(1.0))])


def open_pool(remote: RemoteConfig) -> Pool:
    return Pool(Config(engine=EngineConfig(model="peer", workers=1), remote=(remote,)))


@pytest.mark.parametrize("kind", ["http", "saywire", "funasr"])
def test_a_session_through_two_servers(kind: str) -> None:
    """Voice is heard here, words there; what the peer says lies where it was said."""

    remotes = {
        "http": settings(partials=0.5),
        "saywire": settings(dialect="saywire"),
        "funasr": funasr(),
    }

    async def run() -> Talk:
        async with asyncio.timeout(60), open_pool(remotes[kind]) as pool:
            assert [(m.name, m.languages) for m in pool.models()][-1] == ("peer", ("en", "zh"))
            talk = Talk(pool, Options(language="en"))
            talk.give(TALK)
            await talk.finish()
            return talk

    talk = asyncio.run(run())
    assert tuple(talk.texts) == tuple(ENGLISH.values())
    check_stable_text(talk)
    finals = [event for event in talk.events if isinstance(event, m.Final)]
    begin = 0.0
    for final, name in zip(finals, ENGLISH, strict=True):
        end = begin + len(read(name)) / RATE
        assert " ".join(word.text for word in final.words) == final.text
        assert begin < final.words[0].start < final.words[-1].end < end + 1  # of silence
        begin = end + 1


@pytest.mark.parametrize("mode", ["online", "offline"])
def test_the_other_modes_of_funasr(mode: str) -> None:
    engine = load(funasr(mode))
    for name, text in ENGLISH.items():
        found = hear(engine, engine.open(Options(language="en", hotwords=("computer",))), read(name))
        assert (found.text, found.stable) == (text, len(text))
        assert bool(found.words) == (mode == "offline")
    engine.close()


def check_stable_text(talk: Talk) -> None:
    held = dict.fromkeys(range(len(ENGLISH)), "")
    for event in talk.events:
        if isinstance(event, m.Partial):
            said = event.hypothesis
            assert said.text.startswith(held[event.utterance])
            held[event.utterance] = said.text[: said.stable]
        elif isinstance(event, m.Final):
            assert event.text.startswith(held[event.utterance])


@pytest.mark.parametrize("dialect", ["openai-verbose", "openai-realtime"])
def test_every_utterance_that_the_peer_refuses_fails_and_the_session_goes_on(dialect: str) -> None:
    async def run() -> Talk:
        remote = settings(api_key_env="WRONG_KEY", dialect=dialect)
        async with asyncio.timeout(60), open_pool(remote) as pool:
            talk = Talk(pool, Options(language="en"))
            talk.give(TALK)
            await talk.finish()
            return talk

    failures = [event for event in asyncio.run(run()).events if isinstance(event, m.Failed)]
    assert [(f.utterance, f.error.code) for f in failures] == [(n, "remote_key_refused") for n in range(3)]


def test_a_session_whose_server_hangs_holds_no_other_up() -> None:
    """Both in one worker, which has one decoding thread."""
    greeting, turn = read_talk("vllm-realtime")

    async def run(url: str, is_waiting: Callable[[], bool]) -> tuple[Talk, Talk]:
        remote = RemoteConfig("peer", url, "large", "vllm-realtime", timeout=600.0)
        async with asyncio.timeout(60), open_pool(remote) as pool:
            waiting = Talk(pool, Options(turns=MANUAL))
            waiting.give(read("computer-stop"), m.Commit())
            await asyncio.to_thread(wait_until, is_waiting)
            served = Talk(pool, Options(turns=MANUAL))
            for _ in range(2):
                served.give(read("computer-stop"), m.Commit())
            await served.finish()
            return waiting, served

    with open_scripted(f"{greeting}S< hang", greeting + turn + turn) as peer:
        waiting, served = asyncio.run(run(peer.url, lambda: len(peer.paths) == 1))
    assert served.texts == ["Hello there."] * 2
    assert waiting.texts == []


@pytest.mark.parametrize("dialect", ["openai-verbose", "openai-realtime"])
@pytest.mark.parametrize(
    ("others", "message"),
    [
        ({"api_key_env": "WRONG_KEY"}, r"the key in \$WRONG_KEY was refused"),
        ({"api_key_env": ""}, r"wants a key; name its variable in remote\.peer\.api_key_env"),
    ],
)
def test_a_wrong_key(others: dict[str, str], message: str, dialect: str) -> None:
    engine = load(settings(dialect=dialect, **others))
    with pytest.raises(EngineFailed, match=message) as caught:
        hear(engine, engine.open(Options()), read("computer-stop"))
    engine.close()
    assert caught.value.code == "remote_key_refused" and "sk-" not in caught.value.message


@pytest.mark.parametrize(("dialect", "said"), [("openai", "404"), ("openai-realtime", "model_not_found")])
def test_a_model_the_peer_has_not(dialect: DialectName, said: str) -> None:
    engine = load(RemoteConfig("peer", PEER.url, "tinny", dialect, "PEER_KEY"))
    with pytest.raises(EngineFailed, match=rf"{said}: .*did you mean 'tiny'") as caught:
        hear(engine, engine.open(Options()), read("computer-stop"))
    engine.close()
    assert caught.value.code == "remote_refused"
