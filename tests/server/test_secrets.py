from __future__ import annotations

import pytest

from saywire.errors import Overloaded
from saywire.server import secrets
from saywire.server.secrets import Secrets


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_secret_is_known_until_it_expires():
    clock = Clock()
    known = Secrets(clock)
    secret = known.make(10, '{"a":1}')
    assert secret.value.startswith("ek_") and len(secret.value) > 40
    assert secret.expires_at == 1010
    assert known.find(secret.value) == secret
    assert known.find("ek_other") is None
    clock.now = 1010.0
    assert known.find(secret.value) is None


def test_what_is_tied_to_it_comes_with_it():
    known = Secrets(Clock())
    secret = known.make(10, '{"a":1}')
    scope = {"type": "http", "headers": [(b"api-key", secret.value.encode())], "query_string": b""}
    assert known.settings(scope) == ('{"a":1}',)
    assert known.settings(scope | {"headers": [(b"api-key", b"sesame")]}) == ()


def test_there_are_not_more_than_so_many_at_a_time(monkeypatch):
    monkeypatch.setattr(secrets, "MOST", 2)
    clock = Clock()
    known = Secrets(clock)
    first = [known.make(10, "{}") for _ in range(2)]
    with pytest.raises(Overloaded):
        known.make(10, "{}")
    clock.now = 1011.0
    assert known.make(10, "{}") not in first
