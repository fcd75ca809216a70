from __future__ import annotations

import pytest

from saywire.client.wires import NAMES, find_wire
from saywire.errors import BadRequest


@pytest.mark.parametrize(
    ("url", "name", "key"),
    [
        ("http://127.0.0.1:8000", "saywire", "SAYWIRE_API_KEY"),
        ("https://asr.example/v1/", "saywire", "SAYWIRE_API_KEY"),
        ("ws://127.0.0.1:8000/", "saywire", "SAYWIRE_API_KEY"),
        ("wss://asr.example/v1/realtime", "saywire", "SAYWIRE_API_KEY"),
        ("wss://api.openai.com/v1/realtime", "openai-realtime", "OPENAI_API_KEY"),
        ("https://api.openai.com/v1", "openai-realtime", "OPENAI_API_KEY"),
        ("https://me.openai.azure.com/openai/v1", "azure-realtime", "AZURE_OPENAI_API_KEY"),
        ("wss://dashscope.aliyuncs.com/api-ws/v1/realtime", "dashscope-realtime", "DASHSCOPE_API_KEY"),
        ("wss://dashscope-intl.aliyuncs.com/api-ws/v1/inference", "dashscope-task", "DASHSCOPE_API_KEY"),
        ("ws://127.0.0.1:8000/api-ws/v1/inference/", "dashscope-task", ""),
        ("ws://127.0.0.1:10095", "funasr", ""),
        ("wss://asr.example:10095/v1/realtime", "saywire", "SAYWIRE_API_KEY"),
        ("wss://api.openai.com.evil.example/v1/realtime", "saywire", "SAYWIRE_API_KEY"),
    ],
)
def test_an_address_tells_the_wire_and_whose_key_may_go_there(url, name, key):
    wire = find_wire(url)
    assert (wire.name, wire.key_variable, wire.url) == (name, key, url)


def test_a_wire_can_be_forced_and_gets_no_key_unasked():
    wire = find_wire("http://gpu:8000/v1", "vllm-realtime")
    assert (wire.name, wire.key_variable) == ("vllm-realtime", "")
    assert (wire.model, find_wire("ws://gpu:1/", "funasr").model) == ("", "2pass")
    assert find_wire("ws://gpu:10095/", "funasr-realtime").model == "fun-asr-nano"
    assert "saywire" in NAMES and "dashscope-task" in NAMES


@pytest.mark.parametrize(
    ("url", "forced", "message"),
    [
        ("localhost:8000", "", "is no server's address"),
        ("ftp://host/", "", "is no server's address"),
        ("ws://host:port/", "", "is no server's address"),
        ("http://host/other", "", "does not tell which wire"),
        ("http://host", "morse", "no wire is called 'morse'; there are: azure"),
    ],
)
def test_what_tells_nothing_is_refused(url, forced, message):
    with pytest.raises(BadRequest, match=message):
        find_wire(url, forced)
