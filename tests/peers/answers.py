"""What a server said, read from the bytes on its connection by others than saywire."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from engines.remote.recorded import read_answers
from peers.relay import Exchange


def read_requests(data: bytes) -> Iterator[bytes]:
    """The body of each request on a connection."""
    while data:
        head, _, rest = data.partition(b"\r\n\r\n")
        fields = (line.partition(b":") for line in head.lower().split(b"\r\n"))
        length = next(int(value) for name, _, value in fields if name == b"content-length")
        yield rest[:length]
        data = rest[length:]


def tell_text(body: bytes) -> str:
    """The text of an answer of any form, as it stands there."""
    if not body.startswith(b"data: "):
        return tell_message(json.loads(body))
    events = [line.removeprefix("data: ") for line in body.decode().splitlines() if line]
    assert events.pop() == "[DONE]"
    return "".join(tell_message(json.loads(event)) for event in events)


def tell_message(message: dict[str, Any]) -> str:
    if "text" in message:
        return str(message["text"])
    choices: Sequence[dict[str, Any]] = message["choices"]
    return "".join((choice.get("message") or choice["delta"]).get("content") or "" for choice in choices)


def tell_texts(exchanges: Sequence[Exchange]) -> list[str]:
    """What was said in all answers, without the language that Qwen3-ASR puts first, in any order."""
    bodies = [body for exchange in exchanges for _, body in read_answers(bytes(exchange.answered))]
    return [tell_text(body).rpartition("<asr_text>")[2].strip() for body in bodies]
