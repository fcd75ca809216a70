"""``POST /api/v1/services/audio/asr/customization``: DashScope's vocabularies of hotwords.

Source: Alibaba Cloud's page on custom hotwords, and VocabularyService of dashscope 2.0.2, 2026-11-21. One
route for all actions, which are named in the body; errors are ``{"code", "message", "request_id"}``.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec
from fastapi import FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from ..errors import BadRequest
from .limits import limit_body
from .vocabularies import Vocabularies, Vocabulary, Word

PATH = "/api/v1/services/audio/asr/customization"
LARGEST_BODY = 2**20
LARGEST_PAGE = 100
_PREFIX = re.compile(r"[a-z0-9]{1,10}")


class Input(msgspec.Struct, frozen=True):
    action: str
    prefix: str = ""
    target_model: str = ""
    vocabulary: list[Word] = []
    vocabulary_id: str = ""
    page_index: int = 0
    page_size: int = 10


class _Body(msgspec.Struct, frozen=True):
    input: Input
    model: str = "speech-biasing"


def add_customization(app: FastAPI, vocabularies: Vocabularies) -> None:
    async def customize(request: Request) -> Response:
        """Create, list, query, update or delete a vocabulary, as DashScope's SDK asks for it."""
        try:
            asked = await _read(request)
            output = await run_in_threadpool(act, asked, vocabularies)
        except BadRequest as e:
            status = 404 if e.code == "not_found" else 400
            code = "ResourceNotExist" if status == 404 else "InvalidParameter"
            return _respond(status, {"code": code, "message": e.message})
        return _respond(200, {"output": output, "usage": {"count": 1}})

    app.add_api_route(
        PATH, customize, methods=["POST"], tags=["dashscope"], summary="Vocabularies of hotwords"
    )


async def _read(request: Request) -> Input:
    body = await limit_body(request, LARGEST_BODY).body()
    try:
        return msgspec.json.decode(body, type=_Body).input
    except (msgspec.DecodeError, UnicodeError, RecursionError) as e:
        raise BadRequest(f"the body is not understood: {e}") from e


def act(asked: Input, store: Vocabularies) -> Mapping[str, object]:
    """What an action comes to. Raises BadRequest, with the code ``not_found`` where an id is nobody's."""
    match asked.action:
        case "create_vocabulary":
            return _create(asked, store)
        case "list_vocabulary":
            return _list(asked, store)
        case "query_vocabulary":
            if one := store.read(asked.vocabulary_id):
                return _show(one) | {"target_model": one.target_model, "vocabulary": one.words}
        case "update_vocabulary":
            if store.update(asked.vocabulary_id, asked.vocabulary, time.time()):
                return {}
        case "delete_vocabulary":
            if store.delete(asked.vocabulary_id):
                return {}
        case action:
            raise BadRequest(f"action '{action[:40]}' is unknown")
    raise BadRequest(f"vocabulary '{asked.vocabulary_id[:80]}' does not exist", code="not_found")


def _create(asked: Input, store: Vocabularies) -> Mapping[str, object]:
    if not _PREFIX.fullmatch(asked.prefix):
        raise BadRequest("prefix must be 1 to 10 digits and lowercase letters")
    return {"vocabulary_id": store.create(asked.prefix, asked.target_model, asked.vocabulary, time.time())}


def _list(asked: Input, store: Vocabularies) -> Mapping[str, object]:
    if asked.page_index < 0 or not 1 <= asked.page_size <= LARGEST_PAGE:
        raise BadRequest(f"page_index must be 0 or more, page_size 1 to {LARGEST_PAGE}")
    found = store.list(asked.prefix, asked.page_index, asked.page_size)
    return {"vocabulary_list": [_show(one) for one in found]}


def _show(one: Vocabulary) -> dict[str, object]:
    return {
        "vocabulary_id": one.id,
        "gmt_create": _date(one.created),
        "gmt_modified": _date(one.modified),
        "status": "OK",
    }


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _respond(status: int, body: Mapping[str, object]) -> Response:
    whole = {**body, "request_id": secrets.token_hex(16)}
    return Response(msgspec.json.encode(whole), status, media_type="application/json")
