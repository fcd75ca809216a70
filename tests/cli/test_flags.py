"""Flags to configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from saywire.cli.flags import default_model, describe_model, load
from saywire.config import Config, EngineConfig
from saywire.errors import ConfigError, UnknownModel


@pytest.fixture(autouse=True)
def nobodys_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)


def test_a_flag_not_given_changes_nothing() -> None:
    assert load(None, None, {"server.port": None, "engine.model": None}).config == Config()


def test_flags_beat_sets_and_sets_beat_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAYWIRE_TURNS_SILENCE", "0.9")
    monkeypatch.setenv("SAYWIRE_SERVER_PORT", "1")
    loaded = load(None, ["turns.silence=0.8", "server.port = 2"], {"server.port": 3})
    assert (loaded.config.turns.silence, loaded.config.server.port) == (0.8, 3)


def test_a_value_may_have_an_equals_sign_and_must_be_there() -> None:
    assert load(None, ["server.api_keys=a=b,c"], {}).config.server.api_keys == ("a=b", "c")
    with pytest.raises(ConfigError, match=r"write --set server\.port=VALUE"):
        load(None, ["server.port"], {})


def test_auto_says_what_it_came_to() -> None:
    chinese = Config(engine=EngineConfig(language="zh"))
    assert default_model(chinese) == "tiny" and "auto: tiny" in describe_model(chinese)
    named = Config(engine=EngineConfig(model="fake"))
    assert default_model(named) == "fake" and describe_model(named) == "model fake"
    with pytest.raises(UnknownModel, match="no engine here knows language 'xx'"):
        describe_model(Config(engine=EngineConfig(language="xx")))
