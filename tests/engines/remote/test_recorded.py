"""What a real vLLM said, byte for byte, and that it is asked today what it was asked then."""

from __future__ import annotations

import json

import pytest

from engines.contract import hear
from engines.recordings import read
from engines.remote.peer import Reply, open_peer
from engines.remote.realtime.script import open_scripted
from engines.remote.recorded import ASKED, CASES, DATA, answered, tell
from saywire.config import RemoteConfig
from saywire.engines.remote import load
from saywire.errors import EngineFailed
from saywire.types import Options

WAS_ASKED = json.loads(ASKED.read_text("utf-8"))
HEARD = {
    "whisper": ("ke ladadada kada le", None),
    "whisper-stream": ("ke ladadada kada le", None),
    "whisper-verbose": ("vo so", "en"),
    "qwen": ("vo ku fa ro ku fa", None),
    "qwen-stream": ("vo ku fa ro ku fa", None),
    "qwen-chat": ("vo ku fa ro ku fa", "en"),
    "qwen-chat-told": ("fumi zu ro no ku ro ti timimi", "en"),
    "qwen-chat-stream": ("vo ku fa ro ku fa", "en"),
    "qwen-omni": ("to zu ro lu to zo mo zu ro zu ro nuru ro no nu ro nu roda zu", "en"),
    "qwen-captioner": ("vo ku fa ro ku fa", "en"),
    "qwen-follow": ("vo ku fa ro ku fa", "en"),
    "qwen-follow-language": ("bo ko ko ku gimo ku ku ku ga ku doda", "zh"),
    "qwen-follow-prefix": ("ku fa ro ku da za za za zu ru gi lo", "en"),
    "qwen-omni-follow": ("ku fa ro zu ro ka ma po ka mu ro ka", None),
}
"""How its texts begin, and their languages."""
REFUSED = {
    "whisper-language-unknown": ("remote_refused", "400: Unsupported language: 'tlh'"),
    "whisper-model-unknown": ("remote_refused", "404: The model `large` does not exist"),
    "whisper-cannot-chat": ("remote_refused", "404: Not Found"),
    "qwen-no-verbose": ("remote_refused", "400: Currently do not support verbose_json for qwen"),
    "qwen-chat-data-url": ("remote_refused", "400: Non-base64 digit found"),
    "qwen-follow-own-template": (
        "remote_refused",
        "400: continue_final_message is set but",
    ),
    "qwen-stream-server-killed": ("remote_unreachable", "the connection broke"),
    "qwen-stream-engine-killed": (
        "remote_failed",
        "failed while answering: EngineCore encountered",
    ),
}


def test_every_case_was_recorded_and_is_held() -> None:
    assert {*HEARD, *REFUSED} == {*CASES} == {*WAS_ASKED} == {path.stem for path in DATA.glob("*.http")}
    assert not {*HEARD} & {*REFUSED}


@pytest.mark.parametrize("name", CASES)
def test_it_is_asked_what_the_real_one_was_asked(name: str) -> None:
    with open_peer(Reply(answered("whisper-model-unknown"))) as peer:
        with pytest.raises(EngineFailed):
            CASES[name].ask(peer.url)
        (asked,) = peer.asked
    assert tell(asked) == WAS_ASKED[name]


@pytest.mark.parametrize("name", HEARD)
def test_its_answers_are_understood(name: str) -> None:
    with open_peer(Reply(answered(name))) as peer:
        found = CASES[name].ask(peer.url)
    begins, language = HEARD[name]
    assert found.text.startswith(begins) and found.language == language
    assert found.text.startswith(CASES[name].prefix.strip())


@pytest.mark.parametrize("name", REFUSED)
def test_its_refusals_are_told(name: str) -> None:
    fate = "close" if name.endswith("server-killed") else "keep"
    with open_peer(Reply(answered(name), fate)) as peer, pytest.raises(EngineFailed) as caught:
        CASES[name].ask(peer.url)
    code, words = REFUSED[name]
    assert caught.value.code == code and words in caught.value.message


def test_the_doubts_of_segments_are_averaged() -> None:
    """vLLM 0.32 has no probability of silence."""
    with open_peer(Reply(answered("whisper-verbose"))) as peer:
        found = CASES["whisper-verbose"].ask(peer.url)
    assert found.no_speech is None and found.log_probability == pytest.approx(-0.812, abs=0.001)


def test_turns_of_its_websocket() -> None:
    script = (DATA / "realtime.txt").read_text("utf-8")
    said = [json.loads(line[3:]) for line in script.splitlines() if '"transcription.done"' in line]
    with open_scripted(script) as peer:
        engine = load(RemoteConfig("peer", peer.url, "qwen", "vllm-realtime"))
        stream = engine.open(Options())
        for name, done in zip(("san-qi-ling", "four-down"), said, strict=True):
            found = hear(engine, stream, read(name))
            assert "language English<asr_text>" + found.text == done["text"]
            assert (found.language, found.stable) == ("en", len(found.text))
            stream.reset()
        engine.close()


def test_a_model_its_websocket_has_not() -> None:
    with open_scripted((DATA / "realtime-model-unknown.txt").read_text("utf-8")) as peer:
        engine = load(RemoteConfig("peer", peer.url, "large", "vllm-realtime", retries=0))
        with pytest.raises(EngineFailed, match="The model `large` does not exist") as caught:
            hear(engine, engine.open(Options()), read("four-down"))
        engine.close()
    assert caught.value.code == "remote_refused"
