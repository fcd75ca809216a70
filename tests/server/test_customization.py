from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx

from saywire.server.customization import LARGEST_BODY, PATH
from server.doubles import ScriptedHost, in_loop, serving, settings

WORDS = [{"text": "阿里巴巴", "weight": 4, "lang": "zh"}]


async def ask(client: httpx.AsyncClient, **given: object) -> httpx.Response:
    return await client.post(PATH, json={"model": "speech-biasing", "input": given})


async def create(client: httpx.AsyncClient) -> str:
    words: Any = {"prefix": "team", "target_model": "paraformer-realtime-v2", "vocabulary": WORDS}
    answer = await ask(client, action="create_vocabulary", **words)
    name: str = answer.json()["output"]["vocabulary_id"]
    return name


@in_loop
async def test_the_whole_life_of_a_vocabulary(tmp_path: Path) -> None:
    config = settings(vocabularies=str(tmp_path / "v.sqlite3"))
    async with serving(ScriptedHost(), config) as at, httpx.AsyncClient(base_url=at.http) as client:
        name = await create(client)
        [listed] = (await ask(client, action="list_vocabulary", prefix="team")).json()["output"][
            "vocabulary_list"
        ]
        assert listed["vocabulary_id"] == name and listed["status"] == "OK"
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", listed["gmt_create"])
        whole = (await ask(client, action="query_vocabulary", vocabulary_id=name)).json()["output"]
        assert (whole["vocabulary"], whole["target_model"]) == (WORDS, "paraformer-realtime-v2")
        change = {"vocabulary_id": name, "vocabulary": [{"text": "one"}]}
        assert (await ask(client, action="update_vocabulary", **change)).status_code == 200
        answer = await ask(client, action="delete_vocabulary", vocabulary_id=name)
        assert answer.status_code == 200 and answer.json()["request_id"]
        gone = await ask(client, action="query_vocabulary", vocabulary_id=name)
        assert gone.status_code == 404 and gone.json()["code"] == "ResourceNotExist"


@in_loop
async def test_what_makes_no_sense_is_refused_in_the_service_s_shape(tmp_path: Path) -> None:
    config = settings(vocabularies=str(tmp_path / "v.sqlite3"))
    async with serving(ScriptedHost(), config) as at, httpx.AsyncClient(base_url=at.http) as client:
        bad: list[dict[str, object]] = [
            {"action": "paint"},
            {"action": "create_vocabulary", "prefix": "Team!", "vocabulary": WORDS},
            {"action": "create_vocabulary", "prefix": "team", "vocabulary": []},
            {"action": "create_vocabulary", "prefix": "team", "vocabulary": 7},
            {"action": "list_vocabulary", "page_size": 0},
            {},
        ]
        for given in bad:
            answer = await ask(client, **given)
            assert answer.status_code == 400 and answer.json()["code"] == "InvalidParameter"
            assert answer.json()["message"] and answer.json()["request_id"]
        for body in (b"{", b"\xff", b"[" * 5000, b"x" * (LARGEST_BODY + 1)):
            assert (await client.post(PATH, content=body)).status_code == 400
