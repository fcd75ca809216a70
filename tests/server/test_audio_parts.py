from __future__ import annotations

import base64

import httpx
import pytest

from saywire.config import ServerConfig
from saywire.errors import BadAudio, BadRequest
from saywire.server.audio_parts import fetch, read_data_url
from saywire.server.problems import TooLarge
from server.doubles import ScriptedHost, in_loop, serving

DATA = b"some audio"
CODED = base64.b64encode(DATA).decode()


def test_audio_in_the_message():
    for head in ("", "data:;base64,", "data:audio/wav;base64,"):
        assert read_data_url(head + CODED) == DATA


@pytest.mark.parametrize(
    "audio", ["", "*", "data:audio/wav,abc", "data:audio/wav;base64", "file:///etc/passwd"]
)
def test_what_is_no_audio(audio):
    with pytest.raises(BadRequest):
        read_data_url(audio)


async def fetched(address, **settings):
    async with fetch(address, ServerConfig(**settings)) as file:
        return file.read()


@in_loop
async def test_only_named_hosts_are_asked():
    async with serving(ScriptedHost()) as at:
        assert b'"status"' in await fetched(f"{at.http}/health", audio_hosts=("127.0.0.1",))
        for hosts in ((), ("example.com", "localhost")):
            with pytest.raises(BadRequest, match="audio_hosts"):
                await fetched(f"{at.http}/health", audio_hosts=hosts)


@in_loop
async def test_what_cannot_be_fetched_is_told():
    async with serving(ScriptedHost()) as at:
        with pytest.raises(BadAudio, match="answered 404"):
            await fetched(f"{at.http}/nothing", audio_hosts=("127.0.0.1",))
        with pytest.raises(TooLarge):
            await fetched(f"{at.http}/docs", audio_hosts=("127.0.0.1",), max_upload_bytes=10)
    with pytest.raises(BadAudio, match="cannot be fetched"):
        await fetched(f"{at.http}/health", audio_hosts=("127.0.0.1",))
    with pytest.raises((BadRequest, httpx.InvalidURL)):
        await fetched("http://[", audio_hosts=("127.0.0.1",))
