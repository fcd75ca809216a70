"""The client against a server of real sockets: both kinds of streams, and every way to fail."""

from __future__ import annotations

import logging
import socket
import ssl
import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path

import pytest

from engines.remote import recorded
from engines.remote.peer import Reply, answer, events, open_peer
from saywire.config import RemoteConfig
from saywire.engines.remote import client as client_file
from saywire.engines.remote.client import Client
from saywire.engines.remote.dialects import DIALECTS
from saywire.engines.remote.request import Form, Json
from saywire.engines.remote.server import Server
from saywire.errors import EngineFailed
from saywire.server.certificates import make as make_certificate

MADE: list[Client] = []
KEY = "sk-not-for-anybody"
FORM = Form((("model", "large"), ("timestamp_granularities[]", "word")), b"RIFF")
GOOD = answer(b'{"text":"hello there","usage":{"type":"duration","seconds":1}}')

OPENAI = (
    '{"type":"transcript.text.delta","delta":"hello","logprobs":[{"token":"hello","logprob":-0.1}]}',
    '{"type":"transcript.text.delta","delta":" there"}',
    '{"type":"transcript.text.done","text":"Hello there.","usage":{"type":"tokens","total_tokens":9}}',
)
VLLM, KILLED, ENGINE_KILLED = (
    Reply(recorded.answered(name))
    for name in ("whisper-stream", "qwen-stream-server-killed", "qwen-stream-engine-killed")
)


def make(url: str, pauses: list[float] | None = None, dialect: str = "openai", **settings: object) -> Client:
    remote = RemoteConfig("cloud", url, "large", api_key_env="CLOUD_KEY", **settings)  # type: ignore[arg-type]
    waited = [] if pauses is None else pauses
    row = DIALECTS[dialect]
    server = Server(remote, KEY, row.path, key_header=row.key_header, roots=row.roots, draw=lambda: 0.5)
    client = Client(remote, row, server, waited.append)
    MADE.append(client)
    return client


@pytest.fixture(autouse=True)
def close_all() -> Iterator[None]:
    yield
    while MADE:
        MADE.pop().close()


def fail(*replies: Reply, dialect: str = "openai", retries: int = 0, timeout: float = 20.0) -> EngineFailed:
    """What one request comes to. The key is never in it."""
    with open_peer(*replies) as peer:
        client = make(peer.url, dialect=dialect, retries=retries, timeout=timeout)
        with pytest.raises(EngineFailed) as caught:
            client.ask(FORM)
    assert KEY not in caught.value.message
    assert caught.value.message.startswith("remote 'cloud' (127.0.0.1): ")
    return caught.value


def test_a_form_and_the_key_arrive_and_the_answer_comes_back() -> None:
    with open_peer(GOOD) as peer:
        client = make(peer.url)
        assert client.ask(FORM).text == "hello there"
    (asked,) = peer.asked
    assert asked.line == "POST /v1/audio/transcriptions HTTP/1.1"
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.fields == [("model", b"large"), ("timestamp_granularities[]", b"word"), ("file", b"RIFF")]


def test_json_and_the_header_of_azure() -> None:
    with open_peer(answer(b'{"choices":[{"message":{"content":"hi"}}]}'), GOOD) as peer:
        chat, azure = make(peer.url + "/", dialect="vllm-chat"), make(peer.url + "?v=1", dialect="azure")
        assert chat.ask(Json(b'{"model":"large"}')).text == "hi"
        assert azure.ask(FORM).text == "hello there"
    assert peer.asked[0].line == "POST /v1/chat/completions HTTP/1.1"
    assert (peer.asked[0].body, peer.asked[0].headers["content-type"]) == (
        b'{"model":"large"}',
        "application/json",
    )
    assert peer.asked[1].line == "POST /v1/audio/transcriptions?v=1 HTTP/1.1"
    assert peer.asked[1].headers["api-key"] == KEY and "authorization" not in peer.asked[1].headers


@pytest.mark.parametrize(
    ("dialect", "reply", "text"),
    [("openai-stream", events(*OPENAI), "Hello there."), ("vllm-stream", VLLM, "ke ladadada kada le")],
)
def test_both_kinds_of_streams(dialect: str, reply: Reply, text: str) -> None:
    with open_peer(reply) as peer:
        assert make(peer.url, dialect=dialect).ask(FORM).text == text


def test_connections_are_used_again_after_streams_too() -> None:
    with open_peer(GOOD, VLLM, events(*OPENAI), answer(b"{}", status="500 No"), GOOD) as peer:
        client = make(peer.url)
        for _ in range(4):
            client.ask(FORM)
    assert (len(peer.asked), peer.connections) == (5, 1)


def test_a_stream_that_does_not_end_after_its_end_is_an_answer() -> None:
    with open_peer(events(*OPENAI, end=False, fate="hang")) as peer:
        assert make(peer.url, timeout=3.0).ask(FORM).text == "Hello there."


TROUBLES = {
    "429": answer(b'{"error":{"message":"slow down"}}', status="429 Too Many Requests"),
    "408": answer(b"", status="408 Request Timeout"),
    "500": answer(b"Internal Server Error", "text/plain", "500 Internal Server Error"),
    "503": answer(b"<html>", "text/html", "503 Unavailable"),
    "reset at once": Reply(b"", "reset"),
    "closed at once": Reply(b"", "close"),
    "reset amid a stream": events(OPENAI[0], end=False, fate="reset"),
    "closed amid a chunked stream": Reply(KILLED.data, "close"),
    "a stream that ends too early": events(OPENAI[0]),
    "a body that is cut off": Reply(GOOD.data[:-9], "close"),
    "an error of the server's in a stream": ENGINE_KILLED,
}


@pytest.mark.parametrize("name", TROUBLES)
def test_what_may_pass_is_tried_again_after_random_pauses_that_grow(name: str) -> None:
    pauses: list[float] = []
    with open_peer(TROUBLES[name], TROUBLES[name], GOOD) as peer:
        client = make(peer.url, pauses)
        assert client.ask(FORM).text == "hello there"
    assert len(peer.asked) == 3
    assert all(asked.fields == peer.asked[0].fields for asked in peer.asked)
    assert pauses == [0.375, 0.75]


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("429", "remote_overloaded", "too many requests (429: slow down)"),
        ("500", "remote_failed", "failed (500: it begins with 'Internal Server Error')"),
        ("408", "remote_failed", "failed (408: nothing was in it)"),
        ("reset at once", "remote_unreachable", "the connection broke"),
        ("reset amid a stream", "remote_unreachable", "the connection broke"),
        ("closed amid a chunked stream", "remote_unreachable", "the connection broke"),
        ("a stream that ends too early", "remote_unreachable", "the answer was cut off"),
        ("a body that is cut off", "remote_unreachable", "the connection broke"),
        ("an error of the server's in a stream", "remote_failed", "failed while answering: EngineCore"),
    ],
)
def test_what_does_not_pass_is_told_apart(name: str, code: str, words: str) -> None:
    error = fail(TROUBLES[name])
    assert error.code == code and words in error.message


FINAL = {
    "a login page": (
        answer(b"<!DOCTYPE html>\n<title>Log in</title>", "text/html; charset=utf-8"),
        "remote_malformed",
        "answered with text/html that is not a transcript",
        "it begins with '<!DOCTYPE html> <title>Log in</title>'",
    ),
    "half a JSON": (answer(b'{"text": "hel'), "remote_malformed", "application/json", '\'{"text": "hel\''),
    "other JSON": (answer(b'{"status":"ok"}'), "remote_malformed", "neither text nor choices"),
    "bytes": (answer(b"\xff\x00\x01", "audio/wav"), "remote_malformed", "answered with audio/wav"),
    "nothing": (answer(b"", "text/plain"), "remote_malformed", "nothing was in it"),
    "a wrong stream": (events('{"type":'), "remote_malformed", "text/event-stream"),
    "a wrong key": (
        answer(f'{{"error":{{"message":"no key {KEY}"}}}}'.encode(), status="401 Unauthorized"),
        "remote_key_refused",
        "the key in $CLOUD_KEY was refused",
    ),
    "a place it may not be used": (
        answer(f'{{"error":{{"message":"{KEY} not in your country"}}}}'.encode(), status="403 Forbidden"),
        "remote_key_refused",
        "(403: (key) not in your country)",
    ),
    "an unknown model": (
        answer(b'{"error":{"message":"no model large","code":404}}', status="404 Not Found"),
        "remote_refused",
        "refused the request (404: no model large); check url, model and dialect",
    ),
    "a path that is not there": (answer(b'{"detail":"Not Found"}', status="404 x"), "remote_refused", "404"),
    "an empty account": (
        answer(b'{"error":{"message":"pay","code":"insufficient_quota"}}', status="429 x"),
        "remote_overloaded",
        "429: pay",
    ),
    "a redirect": (
        answer(b"", status="307 x", location="https://elsewhere.example/"),
        "remote_failed",
        "sends us elsewhere (307)",
    ),
    "an error in a stream": (
        events('{"error":{"message":"too long","code":"bad"}}'),
        "remote_failed",
        "failed while answering: bad: too long",
    ),
}


@pytest.mark.parametrize("name", FINAL)
def test_what_another_try_cannot_mend_is_not_tried_again(name: str) -> None:
    reply, code, *words = FINAL[name]
    assert isinstance(reply, Reply)
    error = fail(reply, answer(b'{"text":"tried again"}'), retries=3)
    assert error.code == code
    assert all(word in error.message for word in words)


def test_json_of_another_name_is_read_all_the_same() -> None:
    with open_peer(answer(b'{"text":"hello"}', "text/plain")) as peer:
        assert make(peer.url).ask(FORM).text == "hello"


def test_a_server_that_hangs_is_given_up_in_time() -> None:
    assert fail(Reply(b"", "hang"), timeout=0.2, retries=2).code == "remote_timeout"
    error = fail(events(OPENAI[0], end=False, fate="hang"), timeout=0.2)
    assert "no answer within 0.2 s; remote.cloud.timeout allows more" in error.message


def test_nobody_listening_is_told_as_that() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    pauses: list[float] = []
    with pytest.raises(EngineFailed, match=r"cannot be reached: .*is it running, and is url right"):
        make(f"http://127.0.0.1:{port}", pauses).ask(FORM)
    assert len(pauses) == 2


@pytest.mark.parametrize("after", ["3", "1.5", "date"])
def test_the_server_says_how_long_to_wait(after: str) -> None:
    seconds = formatdate(time.time() + 9, usegmt=True) if after == "date" else after
    pauses: list[float] = []
    with open_peer(answer(b"{}", status="429 x", retry_after=seconds), GOOD) as peer:
        assert make(peer.url, pauses).ask(FORM).text == "hello there"
    (pause,) = pauses
    assert 5 < pause <= 9 if after == "date" else pause == float(after)


def test_a_wait_beyond_the_deadline_is_not_begun() -> None:
    pauses: list[float] = []
    error = "it wants to be left alone for 3600 s"
    replies = answer(b"{}", status="429 x", retry_after="3600"), GOOD
    with open_peer(*replies) as peer, pytest.raises(EngineFailed, match=error):
        make(peer.url, pauses).ask(FORM)
    assert pauses == [] and len(peer.asked) == 1


@pytest.mark.parametrize("after", ["soon", "-5", "nan", "inf", "Thu, 99 Foo 2026"])
def test_a_wait_that_cannot_be_read_is_none(after: str) -> None:
    pauses: list[float] = []
    with open_peer(answer(b"{}", status="503 x", retry_after=after), GOOD) as peer:
        make(peer.url, pauses).ask(FORM)
    assert pauses == [0.375]


def test_an_endless_answer_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_file, "MOST", 1000)
    error = fail(answer(b'{"text":"' + b"x" * 2000 + b'"}'), retries=2)
    assert "answered with more than 1000 bytes" in error.message


def test_words_without_times_are_refused_where_times_were_asked_for() -> None:
    error = fail(answer(b'{"text":"hello","words":null}'), dialect="openai-verbose")
    assert "model 'large' gives no word times; use a dialect that asks for none" in error.message


def test_the_key_is_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        fail(answer(f"what is {KEY}?".encode(), "text/plain", "401 x"))
        fail(answer(f"{'x' * 110} {KEY}".encode(), "text/plain"))
    assert caplog.records
    assert KEY[:8] not in caplog.text


def test_an_authority_of_ones_own_is_trusted(tmp_path: Path) -> None:
    make_certificate(tmp_path, ["127.0.0.1"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    with open_peer(GOOD, context=context) as peer:
        url = peer.url.replace("http:", "https:")
        assert make(url, ca=str(tmp_path / "ca.pem")).ask(FORM).text == "hello there"
        with pytest.raises(EngineFailed, match="CERTIFICATE_VERIFY_FAILED"):
            make(url, retries=0).ask(FORM)
        with pytest.raises(EngineFailed, match=r"remote.cloud.ca: no authorities in PEM can be read"):
            make(url, ca=str(tmp_path / "none.pem"))
