"""A ``[remote.NAME]`` table as an engine."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from saywire.config import DialectName, RemoteConfig
from saywire.engines.remote import load
from saywire.engines.remote.loading import read_key
from saywire.errors import EngineFailed, Unsupported
from saywire.types import RATE, Options


def settings(url: str = "http://127.0.0.1:9/v1", **others: Any) -> RemoteConfig:
    return RemoteConfig("cloud", url, "large", **others)


def ask(remote: RemoteConfig) -> None:
    """Raises why it cannot be asked."""
    engine = load(remote)
    try:
        stream = engine.open(Options())
        stream.accept(np.ones(RATE, np.float32))
        stream.finish()
        while stream.ready:
            engine.decode([stream])
    finally:
        engine.close()


def test_loading_connects_to_nothing_and_tells_what_the_engine_can() -> None:
    engine = load(settings(dialect="openai-verbose", languages=("en", "de"), partials=2.0, requests=3))
    info = engine.info
    assert (info.name, info.languages, info.words, info.hotwords) == ("cloud", ("en", "de"), True, True)
    assert (info.partials, info.stability, info.max_batch, info.long_steps) == (True, "agreement", 3, True)
    with pytest.raises(Unsupported, match="language 'xx' is not in model 'cloud'; it has: en, de"):
        engine.open(Options(language="xx"))
    engine.close()
    engine.close()


def test_keys_come_from_the_environment() -> None:
    wants = settings(api_key_env="CLOUD_KEY")
    assert read_key(settings(), {}) == ""
    assert read_key(wants, {"CLOUD_KEY": " sk-1\n"}) == "sk-1"
    for environment in ({}, {"CLOUD_KEY": " "}):
        with pytest.raises(EngineFailed, match=r"remote 'cloud' wants its key in \$CLOUD_KEY"):
            read_key(wants, environment)
    for key in ("sk-1\nx", "sk-ü"):
        with pytest.raises(EngineFailed, match=r"\$CLOUD_KEY has characters that no key has") as caught:
            read_key(wants, {"CLOUD_KEY": key})
        assert "sk-" not in caught.value.message


def test_an_address_that_is_none_is_refused() -> None:
    for url in ("http://nowhere:port/v1", "http://a..b/v1", "127.0.0.1:8000", "ftp://x/"):
        with pytest.raises(EngineFailed, match=r"remote\.cloud\.url: .* is no server's address"):
            load(settings(url))


@pytest.mark.parametrize("dialect", ["openai", "openai-realtime"])
@pytest.mark.parametrize("proxy", ["foo://me:secret@127.0.0.1:9", "socks5://me:secret@127.0.0.1:9"])
def test_a_proxy_that_will_not_do_is_told(
    monkeypatch: pytest.MonkeyPatch, dialect: DialectName, proxy: str
) -> None:
    for name in ("http_proxy", "ws_proxy"):
        monkeypatch.setenv(name, proxy)
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(EngineFailed, match="by the proxy of the environment: ") as caught:
        ask(settings("http://asr.example/v1", dialect=dialect, retries=0))
    assert "secret" not in caught.value.message
    with pytest.raises(EngineFailed, match="is it running"):  # nobody asks a proxy for that
        ask(settings("http://127.0.0.1:9/v1", dialect=dialect, retries=0))
