"""Whisper on a real vLLM: /v1/audio/transcriptions in all its forms, through sessions of ours."""

from __future__ import annotations

import pytest

from engines.contract import hear
from engines.recordings import read
from engines.remote.recorded import read_answers
from peers.answers import read_requests, tell_texts
from peers.relay import Relay
from peers.sessions import SPOKEN, failures, finals, hold, settings, without_loops
from saywire.engines.remote import load
from saywire.errors import EngineFailed
from saywire.types import Options

PEER = "whisper"


@pytest.mark.parametrize("dialect", ["vllm", "vllm-stream", "vllm-verbose"])
def test_each_utterance_is_what_the_server_said(relay: Relay, dialect: str) -> None:
    said = finals(hold(settings(relay, "whisper", dialect), Options(language="en")))
    assert [final.text for final in said] == [without_loops(text) for text in tell_texts(relay.exchanges)]
    assert len(said) == len(SPOKEN) and all(final.text for final in said)


def test_segments_have_the_models_doubts(relay: Relay) -> None:
    """vLLM gives no probability of silence, and log-probabilities of nought or less."""
    engine = load(settings(relay, "whisper", "vllm-verbose"))
    text = hear(engine, engine.open(Options(language="en")), read("computer-stop")).text
    engine.close()
    ((_, body),) = read_answers(bytes(relay.exchanges[0].answered))
    assert text and b'"avg_logprob":-' in body and b'"no_speech_prob":null' in body


def test_partials_are_stable_by_agreement(relay: Relay) -> None:
    events = hold(settings(relay, "whisper", "vllm", partials=0.5))
    assert len(finals(events)) == len(SPOKEN) and len(relay.exchanges) == 1
    assert len(list(read_requests(bytes(relay.exchanges[0].asked)))) > len(SPOKEN)


@pytest.mark.parametrize(
    ("model", "dialect", "code", "words"),
    [
        ("large", "vllm", "remote_refused", "404: The model `large` does not exist"),
        ("whisper", "openai-verbose", "remote_malformed", "gives no word times"),
        ("whisper", "vllm-chat", "remote_refused", "40"),
    ],
)
def test_what_it_refuses_is_told_in_its_own_words(
    relay: Relay, model: str, dialect: str, code: str, words: str
) -> None:
    failed = failures(hold(settings(relay, model, dialect)))
    assert [failure.error.code for failure in failed] == [code] * len(SPOKEN)
    assert all(words in failure.error.message for failure in failed)


def test_a_language_it_lacks(relay: Relay) -> None:
    engine = load(settings(relay, "whisper", "vllm"))
    with pytest.raises(EngineFailed, match=r"400: .*tlh"):
        hear(engine, engine.open(Options(language="tlh")), read("computer-stop"))
    engine.close()
