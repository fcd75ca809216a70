"""FunASR's runtime wire, as the servers of each of its generations answer it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from engines.contract import decode_all, hear
from engines.remote.peer import Reply, answer, open_peer
from engines.remote.realtime.script import hurry, open_scripted, read_talk, wait_until
from saywire.config import RemoteConfig
from saywire.engines.base import Engine
from saywire.engines.remote import load
from saywire.engines.remote import server as server_file
from saywire.engines.remote.answer import Refusal, Unreadable
from saywire.engines.remote.realtime.funasr import FunAsrWire, make_funasr
from saywire.errors import EngineFailed
from saywire.types import Hypothesis, Options, Samples, Word

_, TURN = read_talk("funasr")
SETTINGS = next(line for line in TURN.splitlines() if line.startswith("C> {"))
END = {"is_speaking": False, "is_end": True}


def make(mode: str = "2pass", options: Options | None = None) -> FunAsrWire:
    return make_funasr(RemoteConfig("desk", "ws://localhost:10095", mode), options or Options())


def sent(wire: FunAsrWire) -> list[dict[str, Any]]:
    return [json.loads(frame) for frame in wire.frames_to_send()]


def begin(wire: FunAsrWire) -> dict[str, Any]:
    wire.begin()
    (settings,) = sent(wire)
    return settings


def commit(wire: FunAsrWire) -> str:
    """The name that comes with the end."""
    wire.commit()
    (end,) = sent(wire)
    name: str = end.pop("wav_name")
    assert end == END
    return name


def tell(
    wire: FunAsrWire, mode: str | None, text: str, name: str = "saywire", **others: object
) -> tuple[str, int]:
    about = {"mode": mode} if mode else {}
    wire.receive(json.dumps(about | {"text": text, "wav_name": name, "is_final": False} | others))
    return wire.said.text, wire.said.stable


def test_what_is_asked_for() -> None:
    wire = make("2pass", Options(language="zh", prompt="x", hotwords=("阿里巴巴", "通义实验室")))
    settings = begin(wire)
    assert json.loads(settings.pop("hotwords")) == {"阿里巴巴": 20, "通义实验室": 20}
    assert settings == {
        "mode": "2pass",
        "chunk_size": [5, 10, 5],
        "chunk_interval": 6,
        "encoder_chunk_look_back": 4,
        "decoder_chunk_look_back": 0,
        "audio_fs": 16000,
        "wav_name": "saywire",
        "wav_format": "pcm",
        "is_speaking": True,
        "itn": True,
        "svs_lang": "zh",
    }
    assert wire.greeted and wire.open and wire.append(b"\x01\x02") == b"\x01\x02"
    assert begin(make())["hotwords"] == "" and "svs_lang" not in begin(make())


def test_the_server_in_cpp() -> None:
    wire = make()
    for turn in range(2):
        begin(wire)
        assert tell(wire, "2pass-online", "正是", timestamp=1795233922000, slice_type=0) == ("正是", 0)
        assert tell(wire, "2pass-online", "因位", slice_type=1) == ("正是因位", 0)
        stamps = {
            "timestamp": "[[430,670],[670,810],[810,1030],[1030,1130]]",
            "stamp_sents": [
                {
                    "text_seg": "正 是 因 为",
                    "punc": "，",
                    "ts_list": [[430, 670], [670, 810], [810, 1030], [1030, 1130]],
                }
            ],
        }
        assert tell(wire, "2pass-offline", "正是因为，", **stamps) == ("正是因为，", 5)
        assert wire.said.words[-1] == Word("为，", 1.03, 1.13) and not wire.over
        assert tell(wire, "2pass-online", "好") == ("正是因为，好", 5)
        name = commit(wire)
        assert name == f"saywire-{turn + 1}" and not wire.over
        assert tell(wire, "2pass-online", "的") == ("正是因为，好的", 5)
        assert tell(wire, "2pass-offline", "好的。", name, is_final=True) == ("正是因为，好的。", 8)
        assert wire.over


@pytest.mark.parametrize("guess", ["", "嗯"])
def test_the_server_in_cpp_hears_nothing(guess: str) -> None:
    """What it guessed and did not take back stays; its answer may lack the mode, or be a guess itself."""
    wire = make()
    begin(wire)
    tell(wire, "2pass-online" if guess else None, guess, commit(wire), is_final=True, timestamp=1)
    assert wire.over and wire.said.text == guess


def test_the_server_in_python_marks_every_sentence_and_confirms_the_end() -> None:
    wire = make()
    begin(wire)
    tell(wire, "2pass-online", "欢迎大")
    name = commit(wire)
    said = tell(wire, "2pass-offline", "欢迎大家，", is_final=True, timestamp=[[0, 200]], spk_name="unknown")
    assert said == ("欢迎大家，", 5) and not wire.over and wire.said.words == ()
    tell(wire, "2pass-offline", "来体验。", name, is_final=True)
    assert wire.over and wire.said.text == "欢迎大家，来体验。"
    begin(wire)
    wire.receive(json.dumps({"mode": "2pass", "wav_name": name, "is_final": True, "is_end": True}))
    other = commit(wire)
    wire.receive(json.dumps({"mode": "2pass", "wav_name": name, "is_final": True, "is_end": True}))
    assert not wire.over and wire.said == Hypothesis()
    wire.receive(json.dumps({"mode": "2pass", "wav_name": other, "is_final": True, "is_end": True}))
    assert wire.over and wire.said == Hypothesis()


def test_a_server_that_keeps_the_name_confirms_the_end() -> None:
    """As saywire's own does."""
    wire = make()
    begin(wire)
    commit(wire)
    tell(wire, "2pass-offline", "one", is_final=True)
    assert not wire.over
    tell(wire, "2pass", "", is_final=True, is_end=True)
    assert wire.over and wire.said.text == "one"


def test_an_old_server_in_python_is_told_the_end_twice_once_it_is_known() -> None:
    """Where it recognised nothing it says nothing, but it always answers a second end."""
    wire = make()
    begin(wire)
    tell(wire, "2pass-online", "嗯", is_final=True)
    wire.commit()
    one, other = sent(wire)
    assert one == other == END | {"wav_name": "saywire-1"}
    tell(wire, "2pass-offline", "", "saywire-1")
    assert wire.over and wire.said.text == ""
    begin(wire)
    wire.commit()
    assert len(sent(wire)) == 2
    tell(wire, "2pass-offline", "好。", "saywire-2")
    assert wire.over and wire.said.text == "好。"
    begin(wire)
    tell(wire, "2pass-offline", "", "saywire-2")
    assert not wire.over


@pytest.mark.parametrize("mode", ["online", "2pass-online"])
def test_what_is_only_appended_stays(mode: str) -> None:
    """The C++ server calls it 2pass-online in every mode."""
    wire = make("online")
    begin(wire)
    assert tell(wire, mode, "play") == ("play", 4)
    assert tell(wire, mode, " five") == ("play five", 9)
    tell(wire, mode, "", commit(wire), is_final=True)
    assert wire.over and wire.said == Hypothesis("play five", 9)


def test_sentences_alone() -> None:
    wire = make("offline")
    begin(wire)
    assert tell(wire, "offline", "Play five.", is_final=True) == ("Play five.", 10)
    assert tell(wire, "offline", "Stop.", commit(wire)) == ("Play five. Stop.", 16)
    assert wire.over


def test_an_error() -> None:
    wire = make()
    begin(wire)
    with pytest.raises(Refusal, match="offline inference failed: out of memory"):
        tell(wire, "2pass", "", commit(wire), is_end=True, error="offline inference failed: out of memory")


def test_an_answer_before_the_end_ends_nothing() -> None:
    wire = make()
    begin(wire)
    tell(wire, "2pass", "", is_final=True, is_end=True)
    assert not wire.over


@pytest.mark.parametrize(
    "frame",
    ["", "{}", "[]", '{"wav_name":5}', '{"event":"error","error":"unknown command"}', b"\x00\x01"],
)
def test_what_is_no_message_is_unreadable(frame: str | bytes) -> None:
    with pytest.raises(Unreadable):
        make().receive(frame)


# Over a socket.


@contextmanager
def open_engine(url: str, **others: Any) -> Iterator[Engine]:
    url = url.replace("http", "ws", 1).removesuffix("v1")
    engine = load(RemoteConfig("desk", url, "2pass", "funasr", **{"timeout": 30.0, "retries": 0} | others))
    try:
        yield engine
    finally:
        engine.close()


def noise(seconds: float = 1.0) -> Samples:
    return np.random.default_rng(0).uniform(-0.1, 0.1, round(seconds * 16_000)).astype(np.float32)


def test_a_server_that_goes_in_mid_utterance_hears_it_whole_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_file, "FIRST_PAUSE", 0.001)
    guess = 'S< {"mode":"2pass-online","text":"Hello","wav_name":"saywire","is_final":false}'
    broken = f"{SETTINGS}\nC> audio 0.5\n{guess}\nS< drop"
    with open_scripted(broken, TURN) as peer, open_engine(peer.url, retries=1) as engine:
        stream = engine.open(Options())
        stream.accept(noise(0.6))
        wait_until(lambda: len(peer.paths) == 2)
        stream.accept(noise(0.6))
        stream.finish()
        while stream.ready:
            engine.decode([stream])
        assert stream.hypothesis.text == "Hello there."
        assert [word.text for word in stream.hypothesis.words] == ["Hello", "there."]
    assert peer.paths == ["/", "/"] and len(b"".join(peer.audio[1:])) == 13 * 3200


@pytest.mark.parametrize(
    ("script", "code", "words"),
    [
        (
            'S< {"mode":"2pass","wav_name":"saywire","is_final":false,"is_end":true,"error":"vad failed"}',
            "remote_failed",
            "vad failed",
        ),
        ('S< {"event":"error","error":"unknown command"}', "remote_malformed", "check url and dialect"),
        ("S< close 1013 full", "remote_overloaded", "full"),
        ("S< drop", "remote_unreachable", "the connection broke"),
    ],
)
def test_what_a_server_does_instead_of_answering(script: str, code: str, words: str) -> None:
    with (
        open_scripted(f"{SETTINGS}\nC> audio 0.1\n{script}") as peer,
        open_engine(peer.url, timeout=30.0) as engine,
        pytest.raises(EngineFailed, match=words) as caught,
    ):
        hear(engine, engine.open(Options()), noise())
    assert caught.value.code == code


def test_a_server_that_hangs_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)
    with (
        open_scripted(f"{SETTINGS}\nC> audio 0.1\nS< hang") as peer,
        open_engine(peer.url, timeout=30.0) as engine,
        pytest.raises(EngineFailed, match="no answer within 30 s") as caught,
    ):
        stream = engine.open(Options())
        stream.accept(noise())
        wait_until(lambda: bool(peer.audio))
        stream.finish()
        decode_all(engine, stream)
    assert caught.value.code == "remote_timeout"


@pytest.mark.parametrize(
    ("reply", "code", "words"),
    [
        (
            answer(b"<html>runtime</html>", "text/html"),
            "remote_malformed",
            "text/html instead of a websocket",
        ),
        (answer(b"", status="401 Unauthorized"), "remote_key_refused", "wants a key"),
        (Reply(b"", "close"), "remote_unreachable", "the connection broke"),
    ],
)
def test_what_is_no_such_server(reply: Reply, code: str, words: str) -> None:
    with (
        open_peer(reply) as peer,
        open_engine(peer.url) as engine,
        pytest.raises(EngineFailed, match=words) as caught,
    ):
        hear(engine, engine.open(Options()), noise())
    assert caught.value.code == code
