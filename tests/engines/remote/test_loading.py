"""A ``[remote.NAME]`` table as an engine."""

from __future__ import annotations

from typing import Any

import pytest

from saywire.config import RemoteConfig
from saywire.engines.remote import load
from saywire.engines.remote.loading import read_key
from saywire.errors import EngineFailed, Unsupported
from saywire.types import Options


def settings(url: str = "http://127.0.0.1:9/v1", **others: Any) -> RemoteConfig:
    return RemoteConfig("cloud", url, "large", **others)


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
    with pytest.raises(EngineFailed, match=r"remote\.cloud\.url is no address"):
        load(settings("http://nowhere:port/v1"))
