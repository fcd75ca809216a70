"""The engine over scripted servers: every dialect, batches, and that nobody waits for another's server."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from engines.contract import decode_all, hear
from engines.recordings import read
from engines.remote.realtime.script import Scripted, hurry, name_model, open_scripted, read_talk, wait_until
from saywire.config import RemoteConfig
from saywire.engines.base import Engine, Stream
from saywire.engines.fallback import Fallback
from saywire.engines.remote import load
from saywire.engines.remote import server as server_file
from saywire.engines.remote.realtime.dialects import DIALECTS
from saywire.engines.sherpa import load_tiny
from saywire.errors import EngineFailed, OutOfOrder, Unsupported
from saywire.types import RATE, Hypothesis, Options, Samples, Word

GREETING, TURN = read_talk("vllm-realtime")
HANGING = f"{GREETING}S< hang"
REFUSING = f"""{GREETING}C> {{"type":"input_audio_buffer.commit"}}\nC> audio 0.1
    S< {{"type":"error","error":"no","code":"invalid_audio"}}"""
ENGINES: list[Engine] = []


def noise(seconds: float = 1.0) -> Samples:
    return np.random.default_rng(0).uniform(-0.1, 0.1, round(seconds * RATE)).astype(np.float32)


def make(peer: Scripted | None = None, dialect: str = "vllm-realtime", **others: Any) -> Engine:
    url = peer.url if peer else "http://127.0.0.1:9/v1"
    usual = {"timeout": 30.0, "requests": 4, "retries": 0}
    engine = load(RemoteConfig("cloud", url, name_model(dialect), dialect, **usual | others))  # type: ignore[arg-type]
    ENGINES.append(engine)
    return engine


@pytest.fixture(autouse=True)
def close_all(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(server_file, "FIRST_PAUSE", 0.001)
    yield
    while ENGINES:
        ENGINES.pop().close()


def speak(engine: Engine, seconds: float = 1.0) -> Stream:
    """A stream that has heard all of its utterance."""
    stream = engine.open(Options())
    stream.accept(noise(seconds))
    stream.finish()
    return stream


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_it_says_of_itself(dialect: str) -> None:
    engine = make(dialect=dialect, languages=("en", "zh"))
    info = engine.info
    assert (info.name, info.languages, info.stability) == ("cloud", ("en", "zh"), "native")
    assert (info.max_batch, info.long_steps, info.partials, info.sample_rate) == (4, True, True, RATE)
    assert (info.words, info.hotwords) == (DIALECTS[dialect].words, DIALECTS[dialect].hotwords)
    with pytest.raises(Unsupported, match="language 'xx' is not in model 'cloud'; it has: en, zh"):
        engine.open(Options(language="xx"))


def test_a_model_that_the_dialect_has_not() -> None:
    with pytest.raises(
        EngineFailed, match="model is 'large'; a server of funasr has: 2pass, online, offline"
    ):
        load(RemoteConfig("desk", "ws://127.0.0.1:9", "large", "funasr"))


@pytest.mark.parametrize(
    "dialect",
    [
        "openai-realtime",
        "dashscope-realtime",
        "vllm-realtime",
        "dashscope-task",
        "funasr",
        "funasr-realtime",
    ],
)
def test_utterances_one_after_the_other(dialect: str) -> None:
    greeting, turn = read_talk(dialect)
    with open_scripted(greeting + turn + turn.replace("$task", "$next"), rate=DIALECTS[dialect].rate) as peer:
        engine = make(peer, dialect)
        stream = engine.open(Options())
        for _ in range(2):
            found = hear(engine, stream, noise(), 160)
            words = (Word("Hello", 0.1, 0.4), Word("there.", 0.45, 0.9)) if DIALECTS[dialect].words else ()
            language = "en" if dialect == "dashscope-realtime" else None
            assert found == Hypothesis("Hello there.", 12, words, language)
            stream.reset()
        engine.close()
    assert len(peer.paths) == 1
    assert peer.audio[0] + peer.audio[1] == peer.audio[2] + peer.audio[3]


@pytest.mark.parametrize(
    ("dialect", "text", "stable"),
    [
        ("openai-realtime", "Hello", 5),
        ("dashscope-realtime", "Hello they", 5),
        ("vllm-realtime", "Hello", 5),
        ("dashscope-task", "Hello", 0),
        ("funasr", "Hello", 0),
        ("funasr-realtime", "Hello", 0),
    ],
)
def test_partials_are_there_while_somebody_speaks(dialect: str, text: str, stable: int) -> None:
    greeting, turn = read_talk(dialect)
    with open_scripted(greeting + turn, rate=DIALECTS[dialect].rate) as peer:
        engine = make(peer, dialect)
        stream = engine.open(Options())
        stream.accept(noise())
        wait_until(lambda: stream.hypothesis.text != "")
        assert (stream.hypothesis.text, stream.hypothesis.stable) == (text, stable)
        assert not stream.ready
        stream.accept(noise(0.1))
        stream.finish()
        assert decode_all(engine, stream).text == "Hello there."
        engine.close()


def test_a_server_gets_the_same_messages_however_audio_came() -> None:
    with open_scripted(GREETING + TURN) as peer:
        for size in (1600, 7, 999, "a seed"):
            engine = make(peer)
            assert hear(engine, engine.open(Options()), noise(1.234), size).text == "Hello there."
            engine.close()
    assert len({b"".join(peer.audio[n : n + 2]) for n in range(0, 8, 2)}) == 1
    assert {length for sizes in peer.sizes for length in sizes} == {3200}


def test_only_ready_streams_of_its_own_are_decoded() -> None:
    engine = make()
    stream = engine.open(Options())
    for streams in ([], [stream], [object()]):
        with pytest.raises(OutOfOrder, match="decode takes 1 to 4, all ready"):
            engine.decode(streams)  # type: ignore[arg-type]


def test_who_is_answered_does_not_wait_for_who_is_not() -> None:
    with open_scripted(HANGING, HANGING, GREETING + TURN) as peer:
        engine = make(peer)
        waiting = []
        for count in (1, 2):
            waiting.append(speak(engine))
            wait_until(lambda count=count: len(peer.paths) == count)  # type: ignore[misc]
        served = speak(engine)
        while served.ready:
            engine.decode([*waiting, served])
        assert served.hypothesis.text == "Hello there."
        assert all(stream.ready for stream in waiting)
        engine.close()


def test_of_a_batch_only_the_guilty_fails() -> None:
    with open_scripted(GREETING + TURN, REFUSING) as peer:
        engine = make(peer)
        good = speak(engine)
        wait_until(lambda: len(peer.paths) == 1)
        bad = speak(engine)
        with pytest.raises(EngineFailed, match="invalid_audio: no"):
            while good.ready or bad.ready:
                engine.decode([stream for stream in (bad, good) if stream.ready])
        with pytest.raises(EngineFailed):
            engine.decode([bad])
        assert decode_all(engine, good).text == "Hello there."
        engine.close()


def test_a_refusal_in_mid_utterance_is_told_with_the_next_audio() -> None:
    with open_scripted(REFUSING) as peer:
        engine = make(peer)
        stream = engine.open(Options())
        stream.accept(noise())
        wait_until(lambda: stream.ready)
        stream.accept(noise(0.1))
        with pytest.raises(EngineFailed) as caught:
            engine.decode([stream])
        assert caught.value.code == "remote_refused"
        engine.close()


def test_after_a_drop_the_utterance_is_heard_whole() -> None:
    begun = f'{GREETING}C> {{"type":"input_audio_buffer.commit"}}\nC> audio 0.5\nS< close 1012'
    with open_scripted(begun, GREETING + TURN) as peer:
        engine = make(peer, retries=1)
        stream = engine.open(Options())
        stream.accept(noise(0.6))
        wait_until(lambda: len(peer.paths) == 2)
        stream.accept(noise(0.6))
        stream.finish()
        assert decode_all(engine, stream).text == "Hello there."
        engine.close()
    assert len(b"".join(peer.audio[1:])) == 13 * 3200


def test_a_server_that_hangs_is_an_error_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)
    begun = f'{GREETING}C> {{"type":"input_audio_buffer.commit"}}\nC> audio 0.1\nS< hang'
    with open_scripted(begun) as peer:
        engine = make(peer, timeout=30.0)
        stream = engine.open(Options())
        stream.accept(noise())
        wait_until(lambda: bool(peer.audio))
        stream.finish()
        with pytest.raises(EngineFailed, match="within 30 s") as caught:
            decode_all(engine, stream)
        assert caught.value.code == "remote_timeout"
        engine.close()


def test_a_session_that_is_gone_hangs_up() -> None:
    with open_scripted(f'{GREETING}C> {{"type":"input_audio_buffer.commit"}}\nC> audio 0.1') as peer:
        engine = make(peer)
        stream = engine.open(Options())
        stream.accept(noise())
        wait_until(lambda: len(peer.audio) == 1)
        assert peer.ended == 0
        del stream
        gc.collect()
        wait_until(lambda: peer.ended == 1)


def test_an_engine_that_is_closed_hangs_up_everywhere() -> None:
    with open_scripted(f'{GREETING}C> {{"type":"input_audio_buffer.commit"}}\nC> audio 0.1') as peer:
        engine = make(peer)
        streams = [speak(engine) for _ in range(3)]
        wait_until(lambda: len(peer.audio) == 3)
        engine.close()
        wait_until(lambda: peer.ended == 3)
        streams[0].reset()
        streams[0].accept(noise())


def test_another_engine_takes_over_where_the_server_will_not() -> None:
    with open_scripted(REFUSING) as peer:
        engine = Fallback("both", [make(peer), load_tiny()])
        found = hear(engine, engine.open(Options(language="en")), read("please-play-five"))
        assert found.text == "please play five"
        engine.close()


def test_more_sessions_than_connections_take_turns() -> None:
    with open_scripted(GREETING + TURN) as peer:
        engine = make(peer, requests=2)
        streams = [speak(engine) for _ in range(6)]
        while waiting := [stream for stream in streams if stream.ready]:
            engine.decode(waiting[:2])
        assert [stream.hypothesis.text for stream in streams] == ["Hello there."] * 6
        engine.close()
