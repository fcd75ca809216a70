"""One websocket: handshakes that fail in every way, turns that end well, the words for what went wrong."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engines.remote.peer import Reply, answer, open_peer
from engines.remote.realtime.script import name_model, open_scripted, read_talk
from saywire.config import RemoteConfig
from saywire.engines.remote.realtime import connection as connection_file
from saywire.engines.remote.realtime.connection import Connection, connect
from saywire.engines.remote.realtime.dialects import DIALECTS
from saywire.engines.remote.realtime.engine import make_server
from saywire.engines.remote.realtime.turn import Turn
from saywire.engines.remote.server import Trouble
from saywire.server.certificates import make as make_certificate
from saywire.types import Hypothesis, Options

KEY = "sk-not-for-anybody"
LONGEST = 60.0
CREATED, UPDATED = '{"type":"session.created"}', '{"type":"session.updated"}'


def run(
    url: str,
    *turns: Turn,
    dialect: str = "openai-realtime",
    within: float = 20.0,
    key: str = KEY,
    ca: str = "",
) -> None:
    """Connect, have the turns, hang up."""
    row = DIALECTS[dialect]
    variable = "CLOUD_KEY" if key else ""
    remote = RemoteConfig("cloud", url, name_model(dialect), api_key_env=variable, ca=ca)

    async def talk() -> None:
        async with asyncio.timeout(LONGEST):
            server = make_server(remote, row, key)
            connection = await connect(server, row.make(remote, Options()), within)
            try:
                for turn in turns:
                    await connection.converse(turn)
            finally:
                await connection.close()

    asyncio.run(talk())


def fail(url: str, *turns: Turn, **others: Any) -> Trouble:
    with pytest.raises(Trouble) as caught:
        run(url, *turns, **others)
    assert KEY not in str(caught.value)
    return caught.value


def spoken(rate: int = 16_000) -> Turn:
    """A second of audio, committed."""
    turn = Turn([bytes([number]) * (rate // 5) for number in range(10)])
    turn.commit(LONGEST)
    return turn


def test_an_authority_of_ones_own_is_trusted(tmp_path: Path) -> None:
    greeting, turn = read_talk("vllm-realtime")
    make_certificate(tmp_path, ["127.0.0.1"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    with open_scripted(greeting + turn, context=context) as peer:
        said = spoken()
        run(peer.url, said, dialect="vllm-realtime", ca=str(tmp_path / "ca.pem"))
        assert said.said.text == "Hello there."
        trouble = fail(peer.url, dialect="vllm-realtime")
    assert (trouble.code, trouble.again) == ("remote_unreachable", False)
    assert "is not trusted (" in str(trouble)
    assert str(trouble).endswith("name the authority that signed it in remote.cloud.ca")


class Watched(Turn):
    def __init__(self, frames: list[bytes]) -> None:
        super().__init__(frames)
        self.heard = asyncio.Event()

    def hear(self, now: Hypothesis) -> None:
        super().hear(now)
        if now.text:
            self.heard.set()


@pytest.mark.parametrize(
    "dialect",
    [
        "openai-realtime",
        "dashscope-realtime",
        "vllm-realtime",
        "dashscope-task",
        "funasr",
        "funasr-realtime",
    ],
)
def test_turns_one_after_the_other(dialect: str) -> None:
    greeting, turn = read_talk(dialect)
    rate = DIALECTS[dialect].rate
    one, other = spoken(rate), spoken(rate)
    with open_scripted(greeting + turn + turn.replace("$task", "$other"), rate=rate) as peer:
        run(peer.url, one, other, dialect=dialect)
    assert (one.said.text, other.said.text) == ("Hello there.", "Hello there.")
    assert b"".join(peer.audio[:2]) == b"".join(peer.audio[2:]) == b"".join(one.frames)
    assert peer.headers[0]["authorization"] == f"Bearer {KEY}"
    assert peer.headers[0]["user-agent"] == "saywire"


def test_what_is_said_meanwhile_is_seen_before_the_end() -> None:
    greeting, turn = read_talk("vllm-realtime")
    remote, row = RemoteConfig("cloud", "", "large"), DIALECTS["vllm-realtime"]

    async def talk(url: str) -> None:
        server = make_server(replace(remote, url=url), row, "")
        connection = await connect(server, row.make(remote, Options()), 20.0)
        said = Watched([bytes(3200)] * 5)
        talking = asyncio.create_task(connection.converse(said))
        await said.heard.wait()
        assert said.said.text == "Hello"
        said.frames += [bytes(3200)] * 5
        connection.wake()
        said.commit(LONGEST)
        connection.wake()
        await talking
        assert said.said.text == "Hello there." and not connection.broken
        await connection.close()
        assert connection.broken

    with open_scripted(greeting + turn) as peer:
        asyncio.run(asyncio.wait_for(talk(peer.url), LONGEST))


HANDSHAKES = {
    "a login page": (
        answer(b"<!DOCTYPE html>\n<title>Log in</title>", "text/html; charset=utf-8"),
        "remote_malformed",
        False,
        "answered with text/html instead of a websocket (200): it begins with '<!DOCTYPE html> <title>",
    ),
    "a wrong key": (
        answer(f'{{"error":{{"message":"no {KEY}"}}}}'.encode(), status="401 Unauthorized"),
        "remote_key_refused",
        False,
        "the key in $CLOUD_KEY was refused",
    ),
    "a forbidden place": (
        answer(f'{{"code":"x","message":"not in your country, {KEY}"}}'.encode(), status="403 Forbidden"),
        "remote_key_refused",
        False,
        "(403: not in your country, (key))",
    ),
    "too many": (
        answer(b'{"error":{"message":"slow down"}}', status="429 Too Many Requests", retry_after="7"),
        "remote_overloaded",
        True,
        "too many requests (429: slow down)",
    ),
    "a broken server": (
        answer(b"oops", "text/plain", "502 x"),
        "remote_failed",
        True,
        "failed (502: it begins",
    ),
    "a path that is not there": (
        answer(b'{"detail":"Not Found"}', status="404 Not Found"),
        "remote_refused",
        False,
        "refused the request (404: Not Found); check url, model and dialect",
    ),
    "a redirect": (
        answer(b"", status="307 x", location="ws://elsewhere.example/"),
        "remote_failed",
        False,
        "sends us elsewhere (307)",
    ),
    "closed at once": (Reply(b"", "close"), "remote_unreachable", True, "the connection broke"),
    "reset at once": (Reply(b"", "reset"), "remote_unreachable", True, "the connection broke"),
    "no HTTP": (Reply(b"220 mail ESMTP\r\n", "close"), "remote_unreachable", True, "the connection broke"),
    "an upgrade to something else": (
        Reply(b"HTTP/1.1 101 x\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n", "close"),
        "remote_unreachable",
        True,
        "the connection broke",
    ),
}


@pytest.mark.parametrize("name", HANDSHAKES)
def test_handshakes_that_fail(name: str) -> None:
    reply, code, again, words = HANDSHAKES[name]
    with open_peer(reply, answer(b"followed")) as peer:
        trouble = fail(peer.url)
    assert (trouble.code, trouble.again) == (code, again)
    assert words in str(trouble)
    assert trouble.after == (7 if name == "too many" else 0)
    assert len(peer.asked) == 1


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    trouble = fail(url)
    assert (trouble.code, trouble.again) == ("remote_unreachable", True)
    assert "is it running, and is url right?" in str(trouble)


@pytest.mark.parametrize("data", [b"", b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n"])
def test_a_handshake_that_hangs(data: bytes) -> None:
    with open_peer(Reply(data, "hang")) as peer:
        trouble = fail(peer.url, within=0.2)
    assert (trouble.code, trouble.again) == ("remote_timeout", True)
    assert "no websocket within 0.2 s" in str(trouble)


def test_a_server_that_does_not_greet() -> None:
    remote, row = RemoteConfig("cloud", "", "large"), DIALECTS["openai-realtime"]

    async def talk(url: str) -> None:
        server = make_server(replace(remote, url=url), row, "")
        socket = await connection_file._open(server, 20.0)
        connection = Connection(socket, row.make(remote, Options()), server)
        with pytest.raises(Trouble, match=r"did not greet us within 0\.1 s; check url and dialect") as caught:
            await connection.greet(0.1)
        assert (caught.value.code, caught.value.again) == ("remote_timeout", True)
        await connection.close()

    with open_scripted("S< hang") as peer:
        asyncio.run(asyncio.wait_for(talk(peer.url), LONGEST))


def error(kind: str, code: str, message: str = "no") -> str:
    quoted = f'"{code}"' if code else "null"
    return f'S< {{"type":"error","error":{{"type":"{kind}","code":{quoted},"message":"{message}"}}}}'


REFUSALS = {
    "a wrong key": (
        f"{error('invalid_request_error', 'invalid_api_key')}\nS< close 3000 invalid_request_error",
        "remote_key_refused",
        False,
        "the key in $CLOUD_KEY was refused (invalid_api_key: no)",
    ),
    "no key": (
        f"{error('invalid_request_error', '', 'Missing bearer')}\nS< close 3000 invalid_request_error",
        "remote_key_refused",
        False,
        "(Missing bearer)",
    ),
    "a request it does not like": (
        error("invalid_request_error", ""),
        "remote_refused",
        False,
        "refused the request (invalid_request_error: no)",
    ),
    "a wrong model": (
        f"S< {CREATED}\n{error('invalid_request_error', 'model_not_found')}",
        "remote_refused",
        False,
        "refused the request (model_not_found: no); check url, model and dialect",
    ),
    "no more turns": (
        f"S< {CREATED}\n{error('tokens', 'rate_limit_exceeded')}",
        "remote_overloaded",
        True,
        "too many requests",
    ),
    "a bug of its own": (f"{error('server_error', '')}", "remote_failed", True, "server_error: no"),
    "nonsense": ("S< <html>", "remote_malformed", False, "said what is no event of this dialect"),
    "a key refused by closing": ("S< close 3000 key", "remote_key_refused", False, "refused (key)"),
    "a policy": ("S< close 1008 go", "remote_refused", False, "closed the connection (1008: go)"),
    "a closing of its own": ("S< close 4000 invalid_model", "remote_refused", False, "(4000: invalid_model)"),
    "a restart": ("S< close 1012", "remote_unreachable", True, "closed the connection (1012)"),
    "a crowd": ("S< close 1013 later", "remote_overloaded", True, "(1013: later)"),
    "a goodbye": ("S< close 1000", "remote_unreachable", True, "closed the connection (1000)"),
    "a dropped line": ("S< drop", "remote_unreachable", True, "the connection broke"),
}


@pytest.mark.parametrize("greeted", [False, True])
@pytest.mark.parametrize("name", REFUSALS)
def test_what_a_server_says_instead_of_an_answer(name: str, greeted: bool) -> None:
    script, code, again, words = REFUSALS[name]
    before = f"{read_talk('openai-realtime')[0]}\nC> audio 0.1\n" if greeted else ""
    with open_scripted(before + script, rate=24_000) as peer:
        trouble = fail(peer.url, spoken(24_000))
    assert (trouble.code, trouble.again) == (code, again)
    assert words in str(trouble)


def test_without_a_key_a_server_that_wants_one_is_told_apart() -> None:
    with open_scripted("S< close 3000") as peer:
        trouble = fail(peer.url, key="")
    assert "wants a key; name its variable in remote.cloud.api_key_env" in str(trouble)
    assert "authorization" not in peer.headers[0]


def test_a_turn_that_the_server_ends_by_itself_is_not_taken_for_one() -> None:
    greeting, _ = read_talk("vllm-realtime")
    script = (
        'C> {"type":"input_audio_buffer.commit"}\nC> audio 0.1\nS< {"type":"transcription.done","text":"a"}'
    )
    with open_scripted(greeting + script) as peer:
        trouble = fail(peer.url, Turn([bytes(3200)]), dialect="vllm-realtime")
    assert trouble.code == "remote_malformed" and "it must leave turns to its clients" in str(trouble)


def test_a_final_that_comes_with_the_close_is_a_final() -> None:
    greeting, turn = read_talk("dashscope-task")
    one = spoken()
    with open_scripted(greeting + turn + "S< close 1000") as peer:
        run(peer.url, one, dialect="dashscope-task")
    assert one.said.text == "Hello there."


def test_keys_audio_and_text_are_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    greeting, turn = read_talk("openai-realtime")
    with caplog.at_level(logging.DEBUG), open_scripted(greeting + turn, rate=24_000) as peer:
        run(peer.url, spoken(24_000))
    ours = [record for record in caplog.records if not record.name.startswith("websockets.server")]
    assert "".join(record.getMessage() for record in ours).find(KEY[:8]) == -1
    assert not [record for record in ours if "Hello" in record.getMessage()]


def test_a_mistake_of_ours_is_raised() -> None:
    class Broken:
        greeted, open, over = False, False, False

        def frames_to_send(self) -> list[str]:
            return []

        def receive(self, frame: object) -> None:
            raise KeyError(frame)

    async def talk(url: str) -> None:
        server = make_server(RemoteConfig("cloud", url, "large"), DIALECTS["openai-realtime"], "")
        await connect(server, Broken(), 20.0)  # type: ignore[arg-type]

    with open_scripted(f"S< {CREATED}") as peer, pytest.raises(KeyError):
        asyncio.run(asyncio.wait_for(talk(peer.url), LONGEST))


def test_a_server_that_stops_reading_holds_nobody_up_who_hangs_up() -> None:
    async def talk(url: str) -> None:
        row = DIALECTS["vllm-realtime"]
        remote = RemoteConfig("cloud", url, "large")
        connection: Connection = await connect(
            make_server(remote, row, ""), row.make(remote, Options()), 20.0
        )
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await connection.converse(Turn([bytes(500_000)] * 40))
        await connection.close()

    with open_scripted(f"S< {CREATED}\nS< hang") as peer:
        asyncio.run(asyncio.wait_for(talk(peer.url), LONGEST))
