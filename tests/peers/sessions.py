"""Sessions of a real pool on a remote engine, as a server of ours holds them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import numpy as np

from engines.recordings import read
from laws.speech import silence
from peers.relay import Relay
from runtime.talk import Talk
from saywire import messages as m
from saywire.config import Config, EngineConfig, RemoteConfig
from saywire.engines.agreement import split_words
from saywire.engines.guards import unloop
from saywire.runtime.pool import Pool
from saywire.types import Options

SPOKEN = "please-play-five", "computer-stop", "three-one-eight"
TALK = np.concatenate([part for name in SPOKEN for part in (read(name), silence(1.0))])
PATIENCE = 300.0
"""Seconds for a session; a first answer with probabilities takes vLLM up to 17."""


def settings(relay: Relay, model: str, dialect: str, **others: Any) -> RemoteConfig:
    usual = {"timeout": 120.0, "retries": 0, "requests": 2}
    return RemoteConfig("peer", f"{relay.address}/v1", model, dialect, **usual | others)  # type: ignore[arg-type]


def open_pool(remote: RemoteConfig) -> Pool:
    return Pool(Config(engine=EngineConfig(model="peer", workers=1), remote=(remote,)))


def hold(remote: RemoteConfig, options: Options | None = None) -> Sequence[m.Event]:
    """What a session about three recordings says."""

    async def run() -> Sequence[m.Event]:
        async with asyncio.timeout(PATIENCE), open_pool(remote) as pool:
            talk = Talk(pool, options or Options())
            talk.give(TALK)
            return await talk.finish()

    return asyncio.run(run())


def finals(events: Sequence[m.Event]) -> list[m.Final]:
    return [event for event in events if isinstance(event, m.Final)]


def failures(events: Sequence[m.Event]) -> list[m.Failed]:
    return [event for event in events if isinstance(event, m.Failed)]


def without_loops(text: str) -> str:
    """On one line with single spaces; and these models may say a word without end, as real ones do now and
    then: ``guards.py`` says it once."""
    return "".join(word.text for word in unloop(split_words(" ".join(text.split())))).strip()
