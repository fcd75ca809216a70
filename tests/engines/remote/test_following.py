"""Prefix rollback over a server that goes on from what is stable: the whole engine, real sockets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from engines.contract import EngineContract, Speech, cut, cuts, decode_all, hear, tell
from engines.remote.following import TAG, Follower
from engines.remote.peer import Peer, answer, open_peer
from engines.scripted import say, spell
from engines.test_windowed import hear_haltingly, long_talk
from saywire.config import RemoteConfig
from saywire.engines.base import Engine
from saywire.engines.remote import load
from saywire.errors import EngineFailed
from saywire.types import Options

FIRST, SECOND = tuple(range(1, 13)), (7, 3, 9, 20, 4)


def settings(peer: Peer, **others: Any) -> RemoteConfig:
    usual = {"dialect": "vllm-follow", "partials": 1.0, "retries": 0}
    return RemoteConfig("cloud", peer.url, "qwen", **usual | others)


@contextmanager
def open_engine(follower: Follower, **others: Any) -> Iterator[Engine]:
    with open_peer() as peer:
        peer.choose = follower
        engine = load(settings(peer, **others))
        try:
            yield engine
        finally:
            engine.close()


class Contract(EngineContract):
    dialect, tagged = "vllm-follow", True

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def _open_peers(cls) -> Iterator[None]:
        with ExitStack() as cls._peers:
            yield

    def make(self) -> Engine:
        follower = Follower(self.tagged)
        return self._peers.enter_context(open_engine(follower, dialect=self.dialect, requests=3))

    def speech(self) -> Sequence[Speech]:
        return [Speech(say(*FIRST), spell(*FIRST)), Speech(say(*SECOND), spell(*SECOND))]


class TestTagged(Contract):
    pass


class TestPlain(Contract):
    dialect, tagged = "vllm-omni-follow", False


def test_each_answer_begins_with_all_but_the_last_five_words_of_the_one_before() -> None:
    follower = Follower()
    with open_engine(follower, partials=0.5) as engine:
        stream = engine.open(Options())
        for number in range(1, 21):
            stream.accept(say(number))
            decode_all(engine, stream)
        text = "language English" + TAG
        # anchors every second, two words each; two of them are free
        wanted = ["", *[text + spell(*range(1, second * 2 - 4)) for second in range(3, 10)]]
        assert list(dict.fromkeys(follower.begins)) == wanted
        now = stream.hypothesis
        assert (now.text, now.language) == (spell(*range(1, 21)), "en")
        assert now.text[: now.stable] == spell(*range(1, 16))


def test_the_language_asked_for_is_written_before_the_first_word() -> None:
    follower = Follower()
    with open_engine(follower) as engine:
        final = hear(engine, engine.open(Options(language="zh")), say(*FIRST))
    assert follower.begins[0] == "language Chinese" + TAG
    assert (final.text, final.language) == (spell(*FIRST), "zh")


@pytest.mark.parametrize("tagged", [True, False])
def test_a_long_talk_is_told_once_and_its_final_is_the_audios_alone(tagged: bool) -> None:
    """Law 1 on windows that are full, whatever refreshes were left out."""
    samples, text = long_talk(5)
    follower = Follower(tagged)
    with open_engine(follower, window=10.0) as engine:
        whole = hear(engine, engine.open(Options()), samples, len(samples))
        assert whole.text == text
        for seed in range(2):
            assert hear_haltingly(engine, samples, seed)[:2] == tell(whole)
    assert any(len(begin) > 20 for begin in follower.begins)
    assert max(len(begin) for begin in follower.begins) < 200  # never more than a window's words


def drop_and_glue(said: Sequence[str], words: Sequence[str]) -> Sequence[str]:
    """Goes on with another spelling, and with half a word, according to how much has been said."""
    return [word.upper() if (len(said) + at) % 3 else word + "x" for at, word in enumerate(words)]


def test_stable_text_holds_whatever_the_model_goes_on_with() -> None:
    samples, _ = long_talk(6, 40)
    with open_engine(Follower(twist=drop_and_glue)) as engine:
        stream, told = engine.open(Options()), [""]
        for chunk in cut(samples, cuts("stable")):
            stream.accept(chunk)
            now = decode_all(engine, stream)
            told.append(now.text[: now.stable])
        stream.finish()
        final = decode_all(engine, stream)
    assert all(later.startswith(earlier) for earlier, later in pairwise(told))
    assert final.text.startswith(told[-1]) and len(told[-1]) > 100


def test_a_loop_never_becomes_what_the_next_answer_begins_with() -> None:
    follower = Follower(twist=lambda said, words: [*words, *["again"] * 60] if len(words) > 3 else words)
    with open_engine(follower) as engine:
        final = hear(engine, engine.open(Options()), say(*range(1, 25)))
    assert final.text.count("again") <= 2
    assert final.text.startswith(spell(*range(1, 8)))
    assert not any("again again" in begin for begin in follower.begins)


def test_a_prompt_that_is_read_aloud_is_not_gone_on_from() -> None:
    prompt = "a talk about ships and the sea"
    follower = Follower(twist=lambda said, words: prompt.split())
    with open_engine(follower) as engine:
        final = hear(engine, engine.open(Options(prompt=prompt)), say(*range(1, 13)))
    assert final.text == "" and set(follower.begins) == {""}


def test_silence_has_no_text_and_no_language() -> None:
    with open_engine(Follower()) as engine:
        noise = np.random.default_rng(2).uniform(-0.02, 0.02, 48_000).astype(np.float32)
        final = hear(engine, engine.open(Options()), noise)
    assert (final.text, final.language) == ("", None)


def test_a_server_that_takes_no_such_message_is_told_with_its_own_words() -> None:
    refused = b'{"error":{"message":"continue_final_message is set but","type":"BadRequestError","code":400}}'
    with open_peer(answer(refused, status="400 Bad Request")) as peer:
        engine = load(settings(peer))
        with pytest.raises(EngineFailed, match="400: continue_final_message is set but"):
            hear(engine, engine.open(Options()), say(*FIRST))
        engine.close()
