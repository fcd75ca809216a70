"""Requests as the servers' documentation and their captured traffic have them."""

from __future__ import annotations

import base64
import io
import json
import wave
from typing import Any

import numpy as np
import pytest

from saywire.config import RemoteConfig
from saywire.engines.recognizer import Window
from saywire.engines.remote.dialects import DIALECTS, TRANSCRIBE
from saywire.engines.remote.request import Form, Json, to_wav, write
from saywire.types import RATE, Options

REMOTE = RemoteConfig("cloud", "http://localhost/v1", "large")
SAMPLES = np.linspace(-1, 1, RATE, dtype=np.float32)
PLAIN = Window(SAMPLES, Options())
TOLD = Window(
    SAMPLES, Options(language="zh", prompt="a talk", hotwords=("Ünïcödé", "tea")), " before.", " pre"
)


def form(dialect: str, window: Window = PLAIN) -> list[tuple[str, str]]:
    request = write(DIALECTS[dialect], REMOTE, window)
    assert isinstance(request, Form)
    assert request.file == to_wav(window.samples)
    return list(request.fields)


def chat(dialect: str, window: Window = PLAIN, remote: RemoteConfig = REMOTE) -> dict[str, Any]:
    request = write(DIALECTS[dialect], remote, window)
    assert isinstance(request, Json)
    body: dict[str, Any] = json.loads(request.body)
    assert body.pop("model") == "large"
    return body


def test_audio_is_a_wav_file_that_is_long_enough_for_every_server() -> None:
    for length in (1, RATE // 2, RATE - 7):
        with wave.open(io.BytesIO(to_wav(SAMPLES[:length]))) as file:
            assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2)
            assert file.getnframes() == max(length, RATE // 2)
            heard = np.frombuffer(file.readframes(length), "<i2")[:length] / 32768
        assert np.abs(heard - SAMPLES[:length]).max() < 1e-4


def test_forms() -> None:
    plain = [("model", "large"), ("response_format", "json"), ("temperature", "0")]
    told = [("language", "zh"), ("prompt", "a talk Ünïcödé, tea before.")]
    assert form("openai") == form("azure") == form("vllm") == plain
    assert form("openai", TOLD) == [*plain, *told]
    assert form("vllm-stream", TOLD) == [
        *plain,
        ("stream", "true"),
        ("language", "zh"),
        ("prompt", "a talk Ünïcödé, tea"),
    ]
    assert form("openai-verbose") == [
        ("model", "large"),
        ("response_format", "verbose_json"),
        ("temperature", "0"),
        ("timestamp_granularities[]", "word"),
        ("timestamp_granularities[]", "segment"),
    ]
    assert form("vllm-verbose") == [plain[0], ("response_format", "verbose_json"), plain[2]]


DATA = base64.b64encode(to_wav(SAMPLES)).decode()
BASE64 = {"type": "input_audio", "input_audio": {"data": DATA, "format": "wav"}}
DATA_URL = {
    "type": "input_audio",
    "input_audio": {"data": f"data:audio/wav;base64,{DATA}", "format": "wav"},
}
AUDIO_URL = {"type": "audio_url", "audio_url": {"url": f"data:audio/wav;base64,{DATA}"}}


@pytest.mark.parametrize(
    ("dialect", "audio"),
    [
        ("openai-chat", BASE64),
        ("vllm-chat", BASE64),
        ("vllm-follow", BASE64),
        ("vllm-omni", AUDIO_URL),
        ("vllm-omni-follow", AUDIO_URL),
        ("vllm-captioner", AUDIO_URL),
        ("dashscope-asr", DATA_URL),
        ("dashscope-omni", DATA_URL),
        ("dashscope-captioner", DATA_URL),
    ],
)
def test_each_server_gets_audio_as_it_takes_it(dialect: str, audio: dict[str, object]) -> None:
    body = chat(dialect)
    (asked,) = (message for message in body["messages"] if message["role"] == "user")
    assert asked["content"][0] == audio
    assert body["stream"] is (dialect == "dashscope-omni")


def test_qwen_asr_on_vllm_has_its_context_in_the_system_turn() -> None:
    assert chat("vllm-chat")["messages"] == [{"role": "user", "content": [BASE64]}]
    assert chat("vllm-chat", TOLD) == {
        "messages": [
            {"role": "system", "content": "a talk Ünïcödé, tea"},
            {"role": "user", "content": [BASE64]},
        ],
        "stream": False,
        "max_tokens": 64 + 24,
        "temperature": 0,
    }


@pytest.mark.parametrize(
    ("dialect", "language", "prefix", "begin"),
    [
        ("vllm-follow", None, "", ""),
        ("vllm-follow", "en", "", "language English<asr_text>"),
        ("vllm-follow", "zh", "你好", "language Chinese<asr_text>你好"),
        ("vllm-follow", "tl", " hello there", "language Filipino<asr_text>hello there"),
        ("vllm-follow", "xx", " hello", "language Xx<asr_text>hello"),
        ("vllm-follow", None, " hello there", "hello there"),
        ("vllm-omni-follow", "en", " hello there", "hello there"),
        ("vllm-omni-follow", None, "", ""),
    ],
)
def test_an_answer_is_to_go_on_from_what_is_stable(
    dialect: str, language: str | None, prefix: str, begin: str
) -> None:
    body = chat(dialect, Window(SAMPLES, Options(language=language), prefix=prefix))
    assert body["messages"][-1] == {"role": "assistant", "content": begin}
    assert body["messages"][-2]["role"] == "user"
    assert body["continue_final_message"] and not body["add_generation_prompt"]


def test_an_answer_may_be_as_long_as_its_audio_allows() -> None:
    window = Window(np.zeros(30 * RATE, np.float32), Options())
    for dialect in ("vllm-chat", "vllm-follow", "vllm-omni", "vllm-omni-follow"):
        assert chat(dialect, window)["max_tokens"] == 64 + 30 * 24
    assert "max_tokens" not in chat("openai-chat", window)


def test_qwen_asr_on_dashscope() -> None:
    assert chat("dashscope-asr") == {
        "messages": [{"role": "user", "content": [DATA_URL]}],
        "stream": False,
        "asr_options": {"enable_itn": False},
    }
    told = chat("dashscope-asr", TOLD)
    assert told["messages"][0] == {"role": "system", "content": [{"text": "a talk Ünïcödé, tea"}]}
    assert told["asr_options"] == {"enable_itn": False, "language": "zh"}


def test_omni_is_streamed_and_told_what_to_do() -> None:
    body = chat("dashscope-omni")
    assert body["messages"][0]["content"][1] == {"type": "text", "text": TRANSCRIBE}
    assert (body["stream_options"], body["modalities"]) == ({"include_usage": True}, ["text"])
    text = chat("vllm-omni", TOLD)["messages"][0]["content"][1]["text"]
    assert text.startswith(TRANSCRIBE) and "The language is Chinese." in text and "Ünïcödé" in text
    own = RemoteConfig("cloud", "http://localhost/v1", "large", instruction="Write it down.")
    assert chat("openai-chat", remote=own)["messages"][0]["content"][1]["text"] == "Write it down."


def test_dashscopes_own_interface() -> None:
    audio = {"role": "user", "content": [{"audio": f"data:audio/wav;base64,{DATA}"}]}
    assert chat("dashscope-native") == {
        "input": {"messages": [audio]},
        "parameters": {"asr_options": {"enable_itn": False}},
    }
    assert chat("dashscope-native-stream", TOLD) == {
        "input": {"messages": [{"role": "system", "content": [{"text": "a talk Ünïcödé, tea"}]}, audio]},
        "parameters": {
            "asr_options": {"enable_itn": False, "language": "zh"},
            "incremental_output": True,
        },
    }
    assert chat("dashscope-native-captioner", TOLD) == {"input": {"messages": [audio]}, "parameters": {}}


@pytest.mark.parametrize("dialect", ["vllm-captioner", "dashscope-captioner"])
def test_the_captioner_gets_one_audio_and_no_text(dialect: str) -> None:
    (message,) = chat(dialect, TOLD)["messages"]
    (part,) = message["content"]
    assert part["type"] in ("audio_url", "input_audio")
