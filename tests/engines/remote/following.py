"""A server that hears bursts (``engines.scripted``) and answers as vLLM does with a Qwen3-ASR behind it.

It goes on from what the assistant has said already, word by word, and tells the language it heard.
"""

from __future__ import annotations

import io
import json
import wave
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pybase64

from engines.remote.peer import Reply, answer
from engines.scripted import listen
from saywire.types import RATE, Samples

TAG = "<asr_text>"


@dataclass
class Follower:
    """``twist`` changes what it goes on with, given the words it has said already."""

    tagged: bool = True
    twist: Callable[[Sequence[str], Sequence[str]], Sequence[str]] = lambda said, words: words
    begins: list[str] = field(default_factory=list)
    """What each answer had to begin with."""

    def __call__(self, body: bytes) -> Reply:
        asked = json.loads(body)
        *_, user, assistant = asked["messages"]
        assert (user["role"], assistant["role"]) == ("user", "assistant")
        assert asked["continue_final_message"] and not asked["add_generation_prompt"]
        begin = assistant["content"]
        self.begins.append(begin)
        text = self._go_on(begin, hear(user["content"][0]))
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        return answer(json.dumps({"object": "chat.completion", "choices": [choice]}).encode())

    def _go_on(self, begin: str, heard: Sequence[str]) -> str:
        said = begin.rpartition(TAG)[2].split()
        rest = " ".join(self.twist(said, heard[len(said) :]))
        if self.tagged and not begin:
            return f"language {'English' if heard else 'None'}{TAG}{rest}"
        return " " + rest if said and rest else rest


def hear(part: dict[str, Any]) -> list[str]:
    """The words in a part of a message."""
    kind = part["type"]
    data = part[kind]["data"] if kind == "input_audio" else part[kind]["url"].partition(",")[2]
    samples = np.pad(read_wav(pybase64.b64decode(data)), (0, RATE // 2))
    return [word.text.strip() for word in listen(samples)]


def read_wav(data: bytes) -> Samples:
    with wave.open(io.BytesIO(data)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32768
