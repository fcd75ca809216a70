"""Real speech (synthesised) with known words, and each real engine that hears it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from engines.recordings import read
from saywire.audio.vad import VoiceDetector
from saywire.engines import find, offline, sherpa, sphinx
from saywire.engines.base import Engine
from saywire.types import RATE, Options, Samples


@dataclass(frozen=True, slots=True)
class Case:
    """One engine with the words it hears of a recording."""

    name: str
    load: Callable[[], Engine]
    options: Options
    samples: tuple[str, ...]
    texts: tuple[str, ...]

    @property
    def audio(self) -> Samples:
        """The recordings one after the other, each followed by a second of silence."""
        return np.concatenate([part for sample in self.samples for part in (read(sample), silence(1.0))])


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), np.float32)


@cache
def load_sphinx() -> Engine:
    return sphinx.load()


@cache
def load_tiny() -> Engine:
    return sherpa.load_tiny()


@cache
def load_offline() -> Engine:
    return offline.load_tiny()


@cache
def load_two_pass() -> Engine:
    return find("tiny-2pass").load()


@cache
def load_detector() -> VoiceDetector:
    return VoiceDetector()


TIME = "what time is it"
DIGITS = "seven three eight five six"
CASES = (
    Case(
        "tiny-en",
        load_tiny,
        Options(language="en"),
        ("please-play-five", "computer-stop", "three-one-eight"),
        ("please play five", "computer stop", "three one eight"),
    ),
    Case("tiny-zh", load_tiny, Options(language="zh"), ("da-kai-deng", "san-qi-ling"), ("打开灯", "三七零")),
    Case(
        "tiny-hotwords",
        load_tiny,
        Options(language="en", hotwords=("stop",)),
        ("computer-stop",),
        ("computer stop",),
    ),
    Case(
        "tiny-offline",
        load_offline,
        Options(language="en"),
        ("please-play-five", "computer-stop", "three-one-eight"),
        ("please play five", "computer stop", "three one eight"),
    ),
    Case(
        "tiny-2pass",
        load_two_pass,
        Options(),
        ("san-qi-ling", "three-one-eight"),
        ("三七零", "three one eight"),
    ),
    Case("sphinx", load_sphinx, Options(language="en"), ("sphinx_time", "sphinx_digits"), (TIME, DIGITS)),
    Case(
        "sphinx-digits",
        load_sphinx,
        Options(
            vocabulary=tuple(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])
        ),
        ("sphinx_digits",),
        (DIGITS,),
    ),
)


def trimmed(samples: Samples) -> Samples:
    """Without what is silent behind the last sound: it stops exactly where the last word ends."""
    loud = np.flatnonzero(np.abs(samples) > 0.01 * np.abs(samples).max())
    return samples[: int(loud[-1]) + 1]
