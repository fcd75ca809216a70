from __future__ import annotations

import base64
import io

import httpx
import pytest
from starlette.datastructures import UploadFile

from saywire.server.uploads import Cache
from server.audio import quiet, wav
from server.doubles import ScriptedHost, in_loop, serving, settings, talkative

SPEECH = wav(quiet(1.0))


@in_loop
async def test_audio_in_a_message():
    async with serving(ScriptedHost(talkative)) as at, httpx.AsyncClient(base_url=at.http) as client:
        for head in ("", "data:audio/wav;base64,"):
            body = {"audio_data": head + base64.b64encode(SPEECH).decode()}
            answer = await client.post("/recognize", json=body)
            assert answer.json()["text"].startswith("said 0 said 1")


@in_loop
async def test_audio_is_kept_and_recognised_by_its_name():
    async with serving(ScriptedHost(talkative)) as at, httpx.AsyncClient(base_url=at.http) as client:
        kept = (await client.post("/upload_audio", files={"audio": ("../../talk.wav", SPEECH)})).json()
        assert kept["success"] and kept["filename"].endswith(".wav") and "/" not in kept["filename"]
        heard = (await client.post("/recognize_speech", json={"filename": kept["filename"]})).json()
        assert heard["success"] and heard["result"].startswith("said 0 said 1")
        assert (await client.get(f"/cache/{kept['filename']}")).content == SPEECH


@in_loop
async def test_what_makes_no_sense_is_an_error_in_the_wire_s_shape():
    config = settings(max_upload_bytes=100_000)
    async with serving(ScriptedHost(talkative), config) as at, httpx.AsyncClient(base_url=at.http) as client:
        for name in ("nosuch", "../../etc/passwd", "/etc/passwd"):
            answer = await client.post("/recognize_speech", json={"filename": name})
            assert (answer.status_code, answer.json()) == (404, {"error": "文件不存在"})
        assert (await client.get("/cache/..%2f..%2fetc%2fpasswd")).status_code == 404
        for path, body in [
            ("/recognize", b"{"),
            ("/recognize", b'{"audio_data":"*"}'),
            ("/recognize", b'{"audio_data":""}'),
            ("/recognize", b'{"audio_data":"AAAA"}'),
            ("/recognize_speech", b"[]"),
            ("/upload_audio", b"audio"),
        ]:
            answer = await client.post(path, content=body)
            assert answer.status_code == 400 and answer.json()["error"], (path, body)
        large = await client.post("/upload_audio", files={"audio": ("a.wav", bytes(200_000))})
        assert large.status_code == 413


@pytest.mark.parametrize("name", ["a.wav", "a", "a.b/../c", "a.toolong", None])
def test_the_cache_is_bounded_and_makes_its_own_names(name):
    cache = Cache(most=2)
    names = [cache.keep(UploadFile(io.BytesIO(b"x"), filename=name)) for _ in range(3)]
    assert cache.find(names[0]) is None and not any("/" in n for n in names)
    found = cache.find(names[2])
    assert found and found.read_bytes() == b"x"
