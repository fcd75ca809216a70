"""Addresses, headers, and the words for what servers say; what comes over sockets is in test_client.py."""

from __future__ import annotations

from typing import Any

import pytest

from saywire.config import RemoteConfig
from saywire.engines.remote.answer import Refusal
from saywire.engines.remote.dialects import DASHSCOPE_ROOTS
from saywire.engines.remote.server import LONGEST_PAUSE, Server

KEY = "sk-not-for-anybody"
PATH = "/api-ws/v1/realtime"


def make(url: str = "http://x/v1", path: str = "/realtime", **others: Any) -> Server:
    remote = RemoteConfig("cloud", url, "large", api_key_env="CLOUD_KEY", retries=8)
    return Server(remote, KEY, path, **others)


@pytest.mark.parametrize(
    ("url", "scheme", "address"),
    [
        ("http://x:8000/v1", "ws", "ws://x:8000/v1/realtime"),
        ("https://x/v1/", "ws", "wss://x/v1/realtime"),
        ("wss://x/v1", "ws", "wss://x/v1/realtime"),
        ("ws://x/v1", "http", "http://x/v1/realtime"),
        ("wss://x/v1?v=1", "http", "https://x/v1/realtime?v=1"),
        ("https://x", "http", "https://x/realtime"),
        ("wss://x/a/v1/realtime", "ws", "wss://x/a/v1/realtime"),
    ],
)
def test_the_dialect_knows_its_scheme_and_path(url: str, scheme: str, address: str) -> None:
    assert str(make(url, scheme=scheme).url) == address


@pytest.mark.parametrize(
    "base", ["", "/", "/compatible-mode/v1", "/compatible-mode/v1/", "/api/v1", "/v1", PATH]
)
def test_any_address_of_dashscope_means_all_its_interfaces(base: str) -> None:
    for before in ("", "/gateway"):
        server = make(f"https://x{before}{base}", PATH, roots=DASHSCOPE_ROOTS)
        assert str(server.url) == f"https://x{before}{PATH}"


def test_the_key_is_in_one_header() -> None:
    assert make().headers["authorization"] == f"Bearer {KEY}"
    assert make(key_header="api-key").headers == {"user-agent": "saywire", "api-key": KEY}
    assert Server(RemoteConfig("cloud", "http://x", "large"), "", "").headers == {"user-agent": "saywire"}


def test_pauses_double_up_to_a_limit_and_are_drawn() -> None:
    assert list(make(draw=lambda: 0.0).pauses()) == [0.25, 0.5, 1.0, 2.0, 4.0, 4.0, 4.0, 4.0]
    assert max(make(draw=lambda: 0.999).pauses()) < LONGEST_PAUSE


@pytest.mark.parametrize(
    ("code", "kind", "again", "words"),
    [
        (
            "invalid_api_key",
            "remote_key_refused",
            False,
            "the key in $CLOUD_KEY was refused (invalid_api_key",
        ),
        ("InvalidApiKey", "remote_key_refused", False, "InvalidApiKey: no"),
        ("insufficient_quota", "remote_overloaded", False, "too many requests (insufficient_quota: no)"),
        ("Arrearage", "remote_overloaded", False, "Arrearage"),
        ("rate_limit_exceeded", "remote_overloaded", True, "too many requests"),
        ("Throttling.RateQuota", "remote_overloaded", True, "Throttling.RateQuota: no"),
        ("overloaded", "remote_overloaded", True, "too many requests"),
        ("invalid_value", "remote_refused", False, "check url, model and dialect"),
        ("model_not_found", "remote_refused", False, "refused the request (model_not_found: no)"),
        ("ModelNotFound", "remote_refused", False, "refused the request"),
        ("server_error", "remote_failed", True, "failed while answering: server_error: no"),
        ("InternalError.Algo", "remote_failed", True, "failed while answering"),
        ("processing_error", "remote_failed", True, "failed while answering"),
        ("session_expired", "remote_failed", True, "session_expired"),
        ("shutting_down", "remote_failed", True, "shutting_down"),
        ("engine_failed", "remote_failed", False, "failed while answering: engine_failed: no"),
        ("500", "remote_failed", True, "failed while answering: no"),
        ("400", "remote_failed", False, "failed while answering: no"),
        ("", "remote_failed", False, "failed while answering: no"),
    ],
)
def test_what_errors_in_messages_mean(code: str, kind: str, again: bool, words: str) -> None:
    trouble = make().judge_refusal(Refusal("no", code))
    assert (trouble.code, trouble.again) == (kind, again)
    assert words in str(trouble)


def test_whatever_a_server_says_the_key_is_not_repeated() -> None:
    server = make()
    for trouble in (
        server.judge_refusal(Refusal(f"who is {KEY}", KEY)),
        server.judge_break(KEY),
        server.judge_status(403, {}, f'{{"message":"{KEY}"}}'.encode()),
        server.judge_status(500, {}, f"{'x' * 115} {KEY}".encode()),
    ):
        assert KEY[:8] not in server.fail(trouble).message


def test_a_server_that_wants_a_key_and_gets_none() -> None:
    server = Server(RemoteConfig("cloud", "http://x", "large"), "", "")
    assert str(server.judge_key()) == "wants a key; name its variable in remote.cloud.api_key_env"
