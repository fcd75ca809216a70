"""Qwen3-ASR on a real vLLM: transcriptions, and chats with audio in all forms, through sessions of ours."""

from __future__ import annotations

import json

import pytest

from engines.contract import hear
from engines.recordings import read
from engines.remote.recorded import read_answers
from peers.answers import read_requests, tell_message, tell_texts
from peers.relay import Relay
from peers.sessions import SPOKEN, finals, hold, settings, without_loops
from saywire.engines.remote import load
from saywire.errors import EngineFailed
from saywire.types import Options

PEER = "qwen"


@pytest.mark.parametrize(
    "dialect",
    ["vllm", "vllm-stream", "vllm-chat", "vllm-omni", "vllm-captioner", "vllm-follow", "vllm-omni-follow"],
)
def test_each_utterance_is_what_the_server_said_without_its_language(relay: Relay, dialect: str) -> None:
    said = finals(hold(settings(relay, "qwen", dialect)))
    assert [final.text for final in said] == [without_loops(text) for text in tell_texts(relay.exchanges)]
    assert len(said) == len(SPOKEN) and all(final.text for final in said)
    assert not any("asr_text" in final.text or "language" in final.text for final in said)
    # its own transcriptions do not say which language they are in
    languages = {final.language for final in said}
    assert languages == ({None} if dialect in ("vllm", "vllm-stream") else {"en"})


def test_it_says_its_language_in_chats(relay: Relay) -> None:
    hold(settings(relay, "qwen", "vllm-chat"))
    for _, body in read_answers(bytes(relay.exchanges[0].answered)):
        assert tell_message(json.loads(body)).startswith("language English<asr_text>")


def test_a_prompt_and_hotwords_reach_the_model(relay: Relay) -> None:
    engine = load(settings(relay, "qwen", "vllm-chat"))
    options = Options(prompt="ships and the sea", hotwords=("Ünïcödé",))
    texts = [hear(engine, engine.open(o), read("computer-stop")).text for o in (Options(), options)]
    engine.close()
    *_, body = read_requests(bytes(relay.exchanges[0].asked))
    assert json.loads(body)["messages"][0] == {"role": "system", "content": "ships and the sea Ünïcödé"}
    assert all(texts) and texts[0] != texts[1]


def test_an_answer_without_end_is_stopped(relay: Relay) -> None:
    """These models are talkative; the server says why each answer ended."""
    hold(settings(relay, "qwen", "vllm-chat"))
    said = [json.loads(body) for _, body in read_answers(bytes(relay.exchanges[0].answered))]
    asked = [json.loads(body)["max_tokens"] for body in read_requests(bytes(relay.exchanges[0].asked))]
    used = [answer["usage"]["completion_tokens"] for answer in said]
    assert all(tokens <= most for tokens, most in zip(used, asked, strict=True))
    assert {answer["choices"][0]["finish_reason"] for answer in said} <= {"stop", "length"}


@pytest.mark.parametrize(
    ("dialect", "words"),
    [
        ("vllm-verbose", "400: Currently do not support verbose_json for qwen"),
        ("dashscope-asr", "400: "),  # a data URL where vLLM wants bare base64
    ],
)
def test_what_it_refuses_is_told_in_its_own_words(relay: Relay, dialect: str, words: str) -> None:
    engine = load(settings(relay, "qwen", dialect))
    with pytest.raises(EngineFailed) as caught:
        hear(engine, engine.open(Options()), read("computer-stop"))
    engine.close()
    assert caught.value.code == "remote_refused" and words in caught.value.message
