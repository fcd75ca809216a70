from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audio.media import tone
from cli.program import ROOT
from client.real import realtime_server
from saywire.cli.hearing import There, find_model, hear_here, hear_there
from saywire.client.samples import find_sample
from saywire.config import Config, EngineConfig
from saywire.errors import BadRequest, ModelError, SaywireError, UnknownModel
from saywire.messages import Configure, Failed, Final
from saywire.types import Options, Turns
from server.doubles import ScriptedHost, in_loop, talkative

SETTINGS = Config(engine=EngineConfig(model="tiny"))


@in_loop
async def test_an_engine_here_hears_several_voices_at_once() -> None:
    samples = find_sample("commands").read()[:48_000]
    hearing = hear_here(SETTINGS, None, ("computer",), 2)
    assert hearing.name == "tiny"
    async with hearing.start() as hear:
        for events in [hear(iter([samples])), hear(iter([samples]))]:
            texts = [event.text async for event in events if isinstance(event, Final)]
            assert texts and texts[0] == "hello computer"


def test_the_model_in_a_folder() -> None:
    assert hear_here(Config(), ROOT / "src" / "saywire" / "models" / "tiny", (), 1).name == "tiny"


def test_what_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(SaywireError, match="is not a model"):
        hear_here(Config(), tmp_path, (), 1)
    with pytest.raises(UnknownModel):
        flagged = replace(SETTINGS, engine=EngineConfig(language="xx"))
        hear_here(flagged, None, (), 1)
    assert issubclass(ModelError, SaywireError) and find_model.__doc__


@in_loop
async def test_our_own_server_is_asked_only_what_somebody_wants(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAYWIRE_API_KEY", "sk-right")
    host = ScriptedHost(talkative)
    settings = replace(SETTINGS, engine=EngineConfig(model="tiny", language="zh"), turns=Turns(silence=0.9))
    async with realtime_server(host, api_keys=("sk-right",)) as address:
        for made in [
            hear_there(There(address), settings, "m", ("词",), 1),
            hear_there(There(address), Config(), None, (), 1),
        ]:
            async with made.start() as hear:
                events = [event async for event in hear(iter([np.zeros(1600, np.float32)]))]
            assert [event.text for event in events if isinstance(event, Final)] == ["said 0"]
    asked = [[c.options for c in s.commands if isinstance(c, Configure)][-1] for s in host.sessions]
    assert asked[0] == Options("m", "zh", hotwords=("词",), turns=Turns(silence=0.9))
    assert asked[1] == Options()


@pytest.mark.parametrize(
    ("there", "model", "message"),
    [
        (There("ws://host:1/api-ws/v1/inference"), None, "must be told which model: --model NAME"),
        (There("http://host", key_variable="NO_SUCH_KEY"), None, "has no variable NO_SUCH_KEY"),
        (There("host"), None, "is no server's address"),
    ],
)
def test_what_a_server_is_not_told_is_asked_for_before_anybody_speaks(there, model, message):
    with pytest.raises(BadRequest, match=message):
        hear_there(there, Config(), model, (), 1)


@in_loop
async def test_another_wire_is_an_engine_of_sessions_here() -> None:
    """Nobody is there: the utterance fails in words, and says which server."""
    there = There("ws://127.0.0.1:9/api-ws/v1/inference")
    hearing = hear_there(there, Config(), "paraformer-realtime-v2", (), 1)
    assert hearing.name == "paraformer-realtime-v2"
    samples = np.concatenate([find_sample("commands").read()[:32_000], 0 * tone(1.0)])
    async with hearing.start() as hear:
        failed = [event.error async for event in hear(iter([samples])) if isinstance(event, Failed)]
    assert failed and "remote 'server' (127.0.0.1)" in failed[0].message
