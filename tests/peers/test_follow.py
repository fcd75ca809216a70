"""Prefix rollback on a real vLLM: answers go on from what is stable, and say what they would have said."""

from __future__ import annotations

import json
from itertools import pairwise

import httpx
import numpy as np
import pytest

from engines.contract import cut, cuts, decode_all, hear, tell
from engines.recordings import read
from engines.remote.recorded import read_answers
from peers.answers import read_requests, tell_message
from peers.relay import Relay
from peers.sessions import SPOKEN, TALK, finals, hold, settings
from saywire import messages as m
from saywire.config import RemoteConfig
from saywire.engines.recognizer import Window
from saywire.engines.remote import load
from saywire.engines.remote.dialects import DIALECTS
from saywire.engines.remote.request import Json, write
from saywire.types import RATE, Options, Samples

PEER = "qwen"
TAG = "language English<asr_text>"
# One utterance of eight seconds, without a pause.
SPEECH: Samples = np.concatenate([read(name)[2000:-2000] for name in [*SPOKEN, "sphinx_digits", *SPOKEN]])


def talk_both_ways(relay: Relay) -> list[tuple[str, str]]:
    """What each answer went on from, and the answer."""
    asked = [body for e in relay.exchanges for body in read_requests(bytes(e.asked))]
    said = [body for e in relay.exchanges for _, body in read_answers(bytes(e.answered))]
    begins = [json.loads(body)["messages"][-1]["content"] for body in asked]
    return list(zip(begins, [tell_message(json.loads(body)) for body in said], strict=True))


@pytest.mark.parametrize("dialect", ["vllm-follow", "vllm-omni-follow"])
def test_every_answer_goes_on_from_what_is_stable(relay: Relay, dialect: str) -> None:
    engine = load(settings(relay, "qwen", dialect, partials=0.5))
    stream, told = engine.open(Options()), [""]
    for chunk in cut(SPEECH, cuts(1600)):
        stream.accept(chunk)
        now = decode_all(engine, stream)
        told.append(now.text[: now.stable])
    stream.finish()
    final = decode_all(engine, stream)
    engine.close()
    assert all(later.startswith(earlier) for earlier, later in pairwise(told))
    assert final.text.startswith(told[-1]) and told[-1]
    both = talk_both_ways(relay)
    count = len(told[-1].split()) + 1
    assert final.text.split()[:count] == "".join(both[-1]).removeprefix(TAG).split()[:count]
    assert not any(TAG in answer for begin, answer in both if begin)
    begins = list(dict.fromkeys(begin for begin, _ in both))
    assert len(begins) > 1 and all(later.startswith(earlier) for earlier, later in pairwise(begins))
    assert begins[-1] == (TAG if dialect == "vllm-follow" else "") + told[-1]


def ask(relay: Relay, samples: Samples, options: Options, prefix: str = "") -> str:
    """The server's answer and what it went on from, asked without an engine."""
    remote: RemoteConfig = settings(relay, "qwen", "vllm-follow")
    request = write(DIALECTS["vllm-follow"], remote, Window(samples, options, prefix=prefix))
    assert isinstance(request, Json)
    body = json.loads(request.body) | {"max_tokens": 120}
    answer = httpx.post(f"{relay.address}/v1/chat/completions", json=body, timeout=120)
    return request.begin + tell_message(answer.raise_for_status().json())


def test_the_rest_is_what_the_model_would_have_said_in_one_go(relay: Relay) -> None:
    """Greedy decoding of the rest of an answer, given its beginning, is that rest."""
    english = Options(language="en")
    whole = ask(relay, SPEECH, english)
    words = whole.removeprefix(TAG).split()
    assert len(words) > 12
    for count in range(1, len(words) - 5, 3):
        answer = ask(relay, SPEECH, english, " ".join(words[:count]))
        assert answer.startswith(whole) or whole.startswith(answer)
        assert len(answer.split()) > count


def test_the_language_asked_for_is_told_to_the_model(relay: Relay) -> None:
    said = finals(hold(settings(relay, "qwen", "vllm-follow"), Options(language="zh")))
    assert {final.language for final in said} == {"zh"}
    for begin, answer in talk_both_ways(relay):
        assert begin == "language Chinese<asr_text>" and answer and "asr_text" not in answer


def test_finals_depend_on_the_audio_alone(relay: Relay) -> None:
    """Law 1, however the audio is cut and whatever refreshes were left out."""
    engine = load(settings(relay, "qwen", "vllm-follow", partials=0.5))
    samples = SPEECH[: 5 * RATE]
    told = {
        tell(hear(engine, engine.open(Options()), samples, size)) for size in (800, 1600, "odd", len(samples))
    }
    engine.close()
    assert len(told) == 1


def test_partials_of_a_session_say_what_is_stable(relay: Relay) -> None:
    events = hold(settings(relay, "qwen", "vllm-follow", partials=0.5))
    partials = [event for event in events if isinstance(event, m.Partial)]
    assert len(partials) >= len(SPOKEN) and len(finals(events)) == len(SPOKEN)
    for final in finals(events):
        mine = [p.hypothesis for p in partials if p.utterance == final.utterance]
        assert all(final.text.startswith(h.text[: h.stable]) for h in mine)
    assert len(TALK) > 6 * RATE


def test_the_templates_of_the_published_checkpoints_cannot_go_on(peers_template: str, relay: Relay) -> None:
    """Why examples/qwen3_asr_follow.jinja is there: their own leaves the assistant out."""
    remote = settings(relay, "qwen", "vllm-follow")
    request = write(DIALECTS["vllm-follow"], remote, Window(SPEECH[:RATE], Options(language="en")))
    assert isinstance(request, Json)
    body = json.loads(request.body) | {"chat_template": peers_template}
    answer = httpx.post(f"{relay.address}/v1/chat/completions", json=body, timeout=120)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith("continue_final_message is set but the final message")
