from __future__ import annotations

from typing import Any

import pytest

from client.real import realtime_server, stranger
from saywire import messages as m
from saywire.client.connection import connect
from saywire.errors import BadRequest, NotAllowed, UnknownModel
from saywire.types import Options, Turns
from server.doubles import ScriptedHost, in_loop


@in_loop
async def test_what_is_asked_arrives_and_the_rest_is_the_servers_choice() -> None:
    host = ScriptedHost()
    async with (
        realtime_server(host) as address,
        connect(address, model="m", language="zh", prompt="p", hotwords=["a"], turns=Turns(voice=False)),
        connect(address),
    ):
        pass
    asked = [[c.options for c in s.commands if isinstance(c, m.Configure)][-1] for s in host.sessions]
    assert asked[0] == Options("m", "zh", "p", ("a",), turns=Turns(voice=False))
    assert asked[1] == Options()


@in_loop
async def test_a_server_is_known_by_its_page(monkeypatch: pytest.MonkeyPatch) -> None:
    async with realtime_server(ScriptedHost(), api_keys=("sk-right",)) as address:
        page = address.replace("ws://", "http://").removesuffix("/v1/realtime")
        async with connect(page, api_key="sk-right") as session:
            await session.finish()
            assert [type(event) async for event in session] == [m.Finished]
        monkeypatch.setenv("SAYWIRE_API_KEY", "sk-right")
        async with connect([page]):
            pass
        with pytest.raises(NotAllowed):
            async with connect(page, api_key="sk-wrong"):
                pass


@in_loop
async def test_a_refusal_is_raised_on_entering() -> None:
    refusal = '{"type": "error", "error": {"message": "none such", "code": "model_not_found"}}'
    frames = ('{"type": "session.created"}', '{"type": "session.updated"}')
    async with stranger(*frames, refusal, listens=True) as address:
        with pytest.raises(UnknownModel, match="none such"):
            async with connect(address, model="x"):
                pass


def test_what_is_no_address_is_refused_at_once() -> None:
    with pytest.raises(BadRequest, match="no server's address"):
        connect("localhost:8000")
    with pytest.raises(BadRequest, match="needs the address"):
        connect([])


@pytest.mark.parametrize("hotwords", ["abc", b"abc", ["a", 1]])
def test_hotwords_are_a_list_of_texts(hotwords: Any) -> None:
    with pytest.raises(BadRequest, match="hotwords must be a list of texts"):
        connect("http://127.0.0.1:9", hotwords=hotwords)


@in_loop
async def test_a_connection_is_one_session_at_a_time() -> None:
    """Else one would be left with the other."""
    async with realtime_server(ScriptedHost()) as address:
        connection = connect(address)
        async with connection as first:
            with pytest.raises(BadRequest, match="open already; connect once more"):
                await connection.__aenter__()
            await first.finish()
        async with connection as second:
            await second.finish()
            assert [type(event) async for event in second] == [m.Finished]
