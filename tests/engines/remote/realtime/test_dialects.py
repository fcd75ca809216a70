"""The rows, and where they lead."""

from __future__ import annotations

import pytest

from saywire.config import RemoteConfig
from saywire.engines.remote.realtime.dialects import DIALECTS
from saywire.engines.remote.realtime.engine import make_server

ADDRESSES = {
    "openai-realtime": ("https://api.openai.com/v1", "wss://api.openai.com/v1/realtime?intent=transcription"),
    "azure-realtime": (
        "https://me.openai.azure.com/openai/v1",
        "wss://me.openai.azure.com/openai/v1/realtime?intent=transcription",
    ),
    "saywire": ("http://gpu:8000/v1", "ws://gpu:8000/v1/realtime?intent=transcription"),
    "vllm-realtime": ("http://gpu:8000/v1", "ws://gpu:8000/v1/realtime"),
    "dashscope-realtime": (
        "https://dashscope.aliyuncs.com/compatible-mode/v1",
        "wss://dashscope.aliyuncs.com/api-ws/v1/realtime?model=the+model",
    ),
    "dashscope-task": (
        "wss://dashscope-intl.aliyuncs.com/api-ws/v1/inference/",
        "wss://dashscope-intl.aliyuncs.com/api-ws/v1/inference",
    ),
    "funasr": ("ws://localhost:10095/", "ws://localhost:10095"),
    "funasr-realtime": ("wss://asr.example:10095", "wss://asr.example:10095"),
}


@pytest.mark.parametrize("name", DIALECTS)
def test_addresses(name: str) -> None:
    url, address = ADDRESSES[name]
    server = make_server(RemoteConfig("cloud", url, "the model"), DIALECTS[name], "sk-1")
    assert str(server.url).replace("%20", "+") == address
    azure = name == "azure-realtime"
    assert server.headers["api-key" if azure else "authorization"] == ("sk-1" if azure else "Bearer sk-1")


def test_only_wires_that_say_when_words_were_said_promise_it() -> None:
    timed = {name for name, dialect in DIALECTS.items() if dialect.words}
    assert timed == {"saywire", "dashscope-task", "funasr"}
