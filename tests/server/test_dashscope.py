from __future__ import annotations

import base64
import json

import httpx
import pytest

from saywire import messages as m
from saywire.errors import EngineFailed, UnknownModel
from saywire.server.dashscope import CHAT, NATIVE
from server.audio import quiet, wav
from server.doubles import ScriptedHost, in_loop, serving, talkative

AUDIO = "data:audio/wav;base64," + base64.b64encode(wav(quiet(1.0))).decode()
CHAT_PARTS = [{"type": "input_audio", "input_audio": {"data": AUDIO}}]
NATIVE_PARTS = [{"audio": AUDIO}]


def messages(parts, context="阿里巴巴,通义"):
    return [{"role": "system", "content": [{"text": context}]}, {"role": "user", "content": parts}]


def chat(**more):
    return {"model": "scripted", "messages": messages(CHAT_PARTS)} | more


def native(**parameters):
    return {"model": "scripted", "input": {"messages": messages(NATIVE_PARTS)}, "parameters": parameters}


def events(text):
    return [
        json.loads(line[5:])
        for line in text.splitlines()
        if line.startswith("data:") and "[DONE]" not in line
    ]


@in_loop
async def test_chat_completion():
    host = ScriptedHost(talkative)
    async with serving(host) as at, httpx.AsyncClient(base_url=at.http) as client:
        body = (await client.post(CHAT, json=chat(asr_options={"language": "en"}))).json()
    [choice] = body["choices"]
    assert choice["message"]["content"].startswith("said 0 said 1") and choice["finish_reason"] == "stop"
    assert choice["message"]["annotations"][0]["language"] == "en"
    assert body["object"] == "chat.completion" and body["usage"]["seconds"] == 1
    assert body["usage"]["prompt_tokens_details"]["audio_tokens"] == 25
    options = host.sessions[0].options
    assert (options.language, options.hotwords, options.prompt) == (
        "en",
        ("阿里巴巴", "通义"),
        "阿里巴巴,通义",
    )


@in_loop
async def test_chat_completion_as_it_is_heard():
    async with serving(ScriptedHost(talkative)) as at, httpx.AsyncClient(base_url=at.http) as client:
        whole = (await client.post(CHAT, json=chat())).json()["choices"][0]["message"]["content"]
        answer = await client.post(CHAT, json=chat(stream=True))
    chunks = events(answer.text)
    assert answer.headers["content-type"].startswith("text/event-stream") and "[DONE]" in answer.text
    assert "".join(chunk["choices"][0]["delta"]["content"] for chunk in chunks) == whole
    assert [c["choices"][0]["finish_reason"] for c in chunks] == [None] * (len(chunks) - 1) + ["stop"]
    assert chunks[-1]["usage"]["seconds"] == 1 and len(chunks) > 2


@in_loop
async def test_the_own_form():
    async with serving(ScriptedHost(talkative)) as at, httpx.AsyncClient(base_url=at.http) as client:
        body = (await client.post(NATIVE, json=native(asr_options={"language": "zh"}))).json()
        [choice] = body["output"]["choices"]
        [text] = choice["message"]["content"]
        assert text["text"].startswith("said 0 said 1") and choice["finish_reason"] == "stop"
        assert body["usage"]["seconds"] == 1 and body["request_id"]
        for incremental in (True, False):
            asked = native(incremental_output=incremental)
            answer = await client.post(NATIVE, json=asked, headers={"X-DashScope-SSE": "enable"})
            told = [e["output"]["choices"][0]["message"]["content"] for e in events(answer.text)]
            pieces = [content[0]["text"] for content in told if content]
            assert ("".join(pieces) if incremental else pieces[-1]) == text["text"]


def both(data):
    """A body that either route reads."""
    said = messages([{"input_audio": {"data": data}, "audio": data}])
    return json.dumps({"messages": said, "input": {"messages": said}}).encode()


KLINGON = {"asr_options": {"language": "klingon!"}}
BAD = [
    b"{",
    b"[]",
    b'{"messages":[],"input":{"messages":[]}}',
    json.dumps(chat(**KLINGON) | native(**KLINGON)).encode(),
    both("*"),
    both("http://example.com/a.wav"),
]


@pytest.mark.parametrize("body", BAD)
@in_loop
async def test_what_makes_no_sense_is_refused_in_each_form(body):
    async with serving(ScriptedHost(talkative)) as at, httpx.AsyncClient(base_url=at.http) as client:
        answer = await client.post(CHAT, content=body)
        assert answer.status_code == 400 and answer.json()["error"]["message"]
        answer = await client.post(NATIVE, content=body)
        assert answer.status_code == 400 and answer.json()["code"] == "InvalidParameter"


def unknown(session, command):
    if isinstance(command, m.Audio):
        error = UnknownModel("no model 'x'", param="model")
        error.fatal = True
        yield m.Failed(None, error)


def breaking(session, command):
    yield from talkative(session, command)
    if isinstance(command, m.Finish):
        yield m.Failed(9, EngineFailed("the engine stopped"))


@in_loop
async def test_errors_of_the_session():
    async with serving(ScriptedHost(unknown)) as at, httpx.AsyncClient(base_url=at.http) as client:
        assert (await client.post(NATIVE, json=native())).json()["code"] == "ModelNotFound"
        assert (await client.post(CHAT, json=chat(stream=True))).status_code == 404
