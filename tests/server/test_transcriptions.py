from __future__ import annotations

import asyncio
import json
import logging
from contextlib import aclosing

import httpx
import numpy as np
import pytest

from audio.media import encode
from saywire import messages as m
from saywire.errors import EngineFailed, Overloaded, UnknownModel, Unsupported
from saywire.server import transcriptions
from saywire.types import RATE, Options, Turns
from server.audio import noise, quiet, wav
from server.doubles import ScriptedHost, in_loop, polite, serving, settings, talkative

URL = "/v1/audio/transcriptions"
SPEECH = wav(quiet(1.0))  # the scripted host hears something in each block of half a second
FIELDS = {"model": "scripted"}


async def post(at, fields=FIELDS, file=SPEECH, **more) -> httpx.Response:
    async with httpx.AsyncClient(base_url=at.http) as client:
        return await client.post(URL, data=fields, files={"file": ("speech.wav", file)}, **more)


def error_of(answer: httpx.Response) -> dict:
    body = answer.json()
    assert set(body) == {"error"} and set(body["error"]) == {"message", "type", "param", "code"}
    return body["error"]


@in_loop
async def test_a_file_becomes_text():
    host = ScriptedHost(talkative)
    async with serving(host) as at:
        answer = await post(at, {"model": "scripted", "language": "en", "prompt": "p", "keywords[]": ["k"]})
    assert answer.status_code == 200
    assert answer.json()["text"].startswith("said 0 said 1")
    assert answer.json()["usage"] == {"type": "duration", "seconds": 1}
    (session,) = host.sessions
    assert session.options == Options(
        model="scripted", language="en", prompt="p", hotwords=("k",), turns=Turns()
    )
    assert session.closed.is_set()


@pytest.mark.parametrize(
    ("format", "kind", "begins"),
    [
        ("text", "text/plain; charset=utf-8", "said 0 said 1"),
        ("srt", "text/plain; charset=utf-8", "1\n00:00:00,000 --> 00:00:00,5"),
        ("vtt", "text/vtt; charset=utf-8", "WEBVTT\n\n00:00:00.000"),
        ("verbose_json", "application/json", '{"task":"transcribe"'),
    ],
)
@in_loop
async def test_formats(format, kind, begins):
    async with serving(ScriptedHost(talkative)) as at:
        answer = await post(at, FIELDS | {"response_format": format})
    assert answer.headers["content-type"] == kind
    assert answer.text.startswith(begins)


@in_loop
async def test_file_first_chunked_and_of_any_type_as_node_sends_it():
    boundary = "----x"
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="blob"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    field = f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="model"\r\n\r\nscripted'
    tail = f"{field}\r\n--{boundary}--\r\n"

    async def body():
        yield head.encode()
        for start in range(0, len(SPEECH), 1000):
            yield SPEECH[start : start + 1000]
        yield tail.encode()

    async with serving(ScriptedHost(talkative)) as at, httpx.AsyncClient(base_url=at.http) as client:
        headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
        answer = await client.post(URL, content=body(), headers=headers)
    assert "content-length" not in answer.request.headers
    assert answer.json()["text"].startswith("said 0 said 1")


@pytest.mark.parametrize(
    "path", ["/openai/v1/audio/transcriptions", "/openai/deployments/d/audio/transcriptions"]
)
@in_loop
async def test_paths(path):
    async with serving(ScriptedHost(talkative)) as at, httpx.AsyncClient(base_url=at.http) as client:
        answer = await client.post(path, data=FIELDS, files={"file": ("a", SPEECH)})
        assert answer.status_code == 200


@in_loop
async def test_a_deployment_is_a_model_unless_the_form_names_one():
    host = ScriptedHost(talkative)
    path = "/openai/deployments/mine/audio/transcriptions"
    async with serving(host) as at, httpx.AsyncClient(base_url=at.http) as client:
        for fields in ({}, {"model": "other"}):
            answer = await client.post(path, data=fields, files={"file": ("a", SPEECH)})
            assert answer.status_code == 200
    assert [session.options.model for session in host.sessions] == ["mine", "other"]


@pytest.mark.parametrize(
    ("fields", "param"), [({}, "model"), (FIELDS | {"response_format": "xml"}, "response_format")]
)
@in_loop
async def test_bad_fields_are_400(fields, param):
    async with serving(ScriptedHost()) as at:
        answer = await post(at, fields)
    assert answer.status_code == 400
    assert error_of(answer)["param"] == param
    assert error_of(answer)["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    "content",
    [
        {"json": {"model": "scripted"}},
        {"data": {"model": "scripted"}},
        {"content": b"RIFF", "headers": {"content-type": "audio/wav"}},
        {"content": b"--y\r\n", "headers": {"content-type": "multipart/form-data; boundary=x"}},
        {"content": b"", "headers": {"content-type": "multipart/form-data"}},
    ],
)
@in_loop
async def test_bodies_that_are_no_form_are_400(content):
    async with serving(ScriptedHost()) as at, httpx.AsyncClient(base_url=at.http) as client:
        answer = await client.post(URL, **content)
    assert answer.status_code == 400
    error_of(answer)


@pytest.mark.parametrize("file", [b"", b"not audio at all", b"\x00" * 5000])
@in_loop
async def test_file_that_is_no_audio_is_400(file):
    host = ScriptedHost()
    async with serving(host) as at:
        answer = await post(at, file=file)
    assert answer.status_code == 400
    assert error_of(answer)["code"] in ("invalid_audio", "audio_empty")
    assert all(session.closed.is_set() for session in host.sessions)


@in_loop
async def test_audio_beyond_the_limit_is_400():
    async with serving(ScriptedHost(), settings(max_audio_seconds=0.9)) as at:
        answer = await post(at)
    assert (answer.status_code, error_of(answer)["code"]) == (400, "audio_too_long")


@in_loop
async def test_body_over_the_limit_is_413_whether_announced_or_not():
    host = ScriptedHost()
    async with serving(host, settings(max_upload_bytes=10_000)) as at:
        announced = await post(at)
        size = int(announced.request.headers["content-length"])
        assert announced.status_code == 413
        assert error_of(announced) == {
            "message": f"Maximum content size limit (10000) exceeded ({size} bytes read)",
            "type": "server_error",
            "param": None,
            "code": None,
        }

        async def endless():
            yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
            for _ in range(1000):
                yield b"y" * 5000

        async with httpx.AsyncClient(base_url=at.http) as client:
            headers = {"content-type": "multipart/form-data; boundary=x"}
            streamed = await client.post(URL, content=endless(), headers=headers)
        assert streamed.status_code == 413
        assert error_of(streamed)["message"].startswith("Maximum content size limit (10000) exceeded (")
        assert (await post(at, file=b"")).status_code == 400  # the server lives on
    assert all(session.closed.is_set() for session in host.sessions)


@in_loop
async def test_unknown_model_is_404():
    def refuses(session, command):
        return [m.Failed(None, UnknownModel("no model 'nope'; there are: scripted", param="model"))]

    async with serving(ScriptedHost(refuses)) as at:
        answer = await post(at, {"model": "nope"})
    assert answer.status_code == 404
    assert error_of(answer)["code"] == "model_not_found"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Unsupported("language 'xx' is not in this model; it has en", param="language"), 400),
        (EngineFailed("out of memory"), 500),
        (Overloaded("too far behind"), 503),
    ],
)
@in_loop
async def test_failures_of_the_session(error, status):
    def fails(session, command):
        return [m.Failed(0, error)] if isinstance(command, m.Audio) else polite(session, command)

    async with serving(ScriptedHost(fails)) as at:
        answer = await post(at)
    assert answer.status_code == status
    assert error_of(answer)["message"] == str(error)


@in_loop
async def test_translations_are_a_wish_of_the_session():
    host = ScriptedHost(talkative)
    async with serving(host) as at, httpx.AsyncClient(base_url=at.http) as client:
        for root in ("/v1", "/openai/v1", "/openai/deployments/d"):
            answer = await client.post(
                f"{root}/audio/translations", data=FIELDS, files={"file": ("a", SPEECH)}
            )
            assert answer.json()["text"].startswith("said 0")
    assert [session.options.translate for session in host.sessions] == [True] * 3


@in_loop
async def test_a_channel_for_each_speaker():
    host = ScriptedHost(talkative)
    call = encode(np.stack([noise(1.0), noise(1.0)[::-1]]), RATE, "wav", "pcm_s16le")
    async with serving(host) as at:
        answer = await post(at, FIELDS | {"response_format": "diarized_json"}, call)
        alike = encode(np.stack([noise(1.0)] * 2), RATE, "wav", "pcm_s16le")
        refused = await post(at, FIELDS | {"response_format": "diarized_json"}, alike)
    assert [segment["speaker"] for segment in answer.json()["segments"]][:2] == ["A", "B"]
    assert (refused.status_code, error_of(refused)["param"]) == (400, "response_format")
    assert len(host.sessions) == 2 and all(session.closed.is_set() for session in host.sessions)


@in_loop
async def test_samples_of_known_speakers_may_be_long():
    sample = "data:audio/wav;base64," + "A" * 3_000_000
    fields = FIELDS | {"known_speaker_references[]": sample, "known_speaker_names[]": "agent"}
    async with serving(ScriptedHost(talkative)) as at:
        assert (await post(at, fields)).status_code == 200


@in_loop
async def test_full_house_is_503_and_says_when_to_come_again():
    for host, config in (ScriptedHost(full=True), settings()), (ScriptedHost(), settings(max_sessions=0)):
        async with serving(host, config) as at:
            answer = await post(at)
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        assert error_of(answer)["code"] == "overloaded"


@in_loop
async def test_word_times_from_an_engine_without_them_are_refused_before_the_work():
    host = ScriptedHost(talkative)
    async with serving(host) as at:
        answer = await post(
            at, FIELDS | {"response_format": "verbose_json", "timestamp_granularities[]": "word"}
        )
    assert (answer.status_code, error_of(answer)["param"]) == (400, "timestamp_granularities")
    assert host.sessions == []


@in_loop
async def test_client_that_leaves_ends_its_session():
    host = ScriptedHost(lambda session, command: [])
    async with serving(host) as at:
        asking = asyncio.create_task(post(at))
        session = await host.first()
        await session.heard(m.Finish)
        asking.cancel()
        await session.closed.wait()


@in_loop
async def test_client_that_leaves_while_it_uploads(caplog):
    async def half():
        yield b"--x\r\n"
        await asyncio.Event().wait()

    async with serving(ScriptedHost()) as at, httpx.AsyncClient(base_url=at.http) as client:
        headers = {"content-type": "multipart/form-data; boundary=x"}
        asking = asyncio.create_task(client.post(URL, content=half(), headers=headers))
        while not (await client.get("/health")).json()["sessions"]:
            pass
        asking.cancel()
        while (await client.get("/health")).json()["sessions"]:
            pass
    assert "Exception" not in caplog.text


@in_loop
async def test_shutdown_lets_a_file_finish():
    host = ScriptedHost(lambda session, command: [])
    async with serving(host) as at:
        asking = asyncio.create_task(post(at))
        session = await host.first()
        await session.heard(m.Finish)
        at.server.stop()
        session.say(m.Final(0, "in time", 0, 1), m.Finished(1.0))
        assert (await asking).json()["text"] == "in time"
        await at.stopped


@in_loop
async def test_stream_sends_deltas_while_it_hears():
    host = ScriptedHost(lambda session, command: [])
    async with serving(host) as at, httpx.AsyncClient(base_url=at.http) as client:
        files, fields = {"file": ("a.wav", SPEECH)}, FIELDS | {"stream": "true"}
        opening = asyncio.create_task(
            client.send(client.build_request("POST", URL, data=fields, files=files), stream=True)
        )
        session = await host.first()
        session.say(m.Final(0, "first", 0, 1))
        answer = await opening
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        lines = answer.aiter_lines()
        assert json.loads((await anext(lines))[6:])["delta"] == "first"
        session.say(m.Final(1, "second", 1, 2), m.Finished(2.0))
        rest = [json.loads(line[6:]) async for line in lines if line]
        assert [line["type"] for line in rest] == ["transcript.text.delta", "transcript.text.done"]
        assert rest[-1]["text"] == "first second"


@in_loop
async def test_stream_that_cannot_begin_is_told_by_the_status():
    async with serving(ScriptedHost()) as at:
        answer = await post(at, FIELDS | {"stream": "true"}, b"no audio")
    assert answer.status_code == 400
    error_of(answer)


@in_loop
async def test_stream_whose_client_leaves_ends_its_session():
    host = ScriptedHost(lambda session, command: [])
    async with serving(host) as at:
        async with httpx.AsyncClient(base_url=at.http) as client:
            files, fields = {"file": ("a.wav", SPEECH)}, FIELDS | {"stream": "true"}
            opening = asyncio.create_task(
                client.send(client.build_request("POST", URL, data=fields, files=files), stream=True)
            )
            session = await host.first()
            session.say(m.Final(0, "first", 0, 1))
            answer = await opening
            await answer.aclose()
        await session.closed.wait()


@pytest.mark.parametrize(("stream", "status"), [("true", 200), ("false", 503)])
@in_loop
async def test_an_engine_that_does_not_keep_up_is_told_and_logged(stream, status, caplog, monkeypatch):
    async def in_no_time(items, seconds):
        async with aclosing(items):
            yield await anext(items)
        raise Overloaded("the transcription took longer than that")

    caplog.set_level(logging.INFO, "saywire")
    monkeypatch.setattr(transcriptions, "in_time", in_no_time)
    async with serving(ScriptedHost(talkative)) as at:
        answer = await post(at, FIELDS | {"stream": stream})
    assert answer.status_code == status
    assert json.loads(answer.text.removeprefix("data: "))["error"]["code"] == "overloaded"
    assert "cause=overloaded" in caplog.text


@in_loop
async def test_log_says_what_came_of_it_and_nothing_that_was_said(caplog):
    caplog.set_level(logging.INFO, "saywire")
    async with serving(ScriptedHost(talkative)) as at:
        await post(at)
        await post(at, {})
        streamed = await post(at, FIELDS | {"stream": "true"})
        assert streamed.text.count("data: ") == 5
    ends = [r.getMessage() for r in caplog.records if " end " in r.getMessage()]
    assert [line.rpartition("cause=")[2] for line in ends] == ["answered", "invalid_request", "answered"]
    assert "model=scripted audio=1.0s finals=" in ends[0]
    assert "said" not in caplog.text
