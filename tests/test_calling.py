from __future__ import annotations

import pytest
from websockets.exceptions import InvalidProxy

from saywire.calling import choose_proxy, is_here, is_key, may_pass, split, tell_proxy
from saywire.errors import BadRequest


@pytest.mark.parametrize("host", ["localhost", "a.localhost", "127.0.0.1", "127.9.9.9", "::1"])
def test_no_proxy_is_asked_for_this_machine(host: str) -> None:
    assert is_here(host) and choose_proxy(host) is None


@pytest.mark.parametrize("host", ["", "asr.example", "localhost.example", "10.0.0.1", "::2"])
def test_others_are_called_as_the_environment_says(host: str) -> None:
    assert not is_here(host) and choose_proxy(host) is True


@pytest.mark.parametrize(
    "url",
    [
        *("", "localhost:8000", "127.0.0.1:8000", "ftp://x/", "http://", "/v1/realtime"),
        *("http://:8000", "http://[::1", "http://x:99999", "http://x:0", "http://x:y", "http://a..b/"),
    ],
)
def test_what_is_no_address_of_a_server(url: str) -> None:
    with pytest.raises(BadRequest, match="no server's address"):
        split(url)


def test_an_address_has_its_parts() -> None:
    parts = split("https://user@münchen.example:8443/v1")
    assert (parts.hostname, parts.port, parts.path) == ("münchen.example", 8443, "/v1")


def test_what_can_be_a_key() -> None:
    assert is_key("sk-123") and not any(map(is_key, ("sk-\n", "sk-钥", "sk\x00")))


def test_what_may_pass() -> None:
    assert [status for status in (200, 301, 400, 401, 404, 408, 429, 500, 503, 600) if may_pass(status)] == [
        *(408, 429, 500, 503)
    ]


def test_a_proxy_is_told_of_without_its_password() -> None:
    assert tell_proxy(InvalidProxy("foo://me:secret@x", "scheme foo isn't supported")).startswith(
        "scheme foo"
    )
    assert tell_proxy(ImportError("needs python-socks")) == "needs python-socks"
