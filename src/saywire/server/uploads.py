"""The two small HTTP interfaces of a Chinese family of recorders: audio up, text back.

``POST /recognize`` takes ``{"audio_data": base64}`` and answers ``{"text"}``. The other keeps what it gets:
``POST /upload_audio`` (a form with ``audio``), ``POST /recognize_speech`` with the name that it answered, and
``GET /cache/NAME``. Source: github.com/WangJinchao602/LLM-Realtime-ASR, 2026-11-21. There a name could lead
out of the folder; here names are made by the server, and only those are known. Errors are ``{"error"}``.
"""

from __future__ import annotations

import io
import os
import re
import secrets
import shutil
import tempfile
import weakref
from collections import OrderedDict
from pathlib import Path

import msgspec
from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.responses import Response

from ..errors import BadRequest, SaywireError
from ..types import Options
from . import problems
from .audio_parts import read_data_url
from .hearing import Hearing
from .limits import limit_body

MOST_FILES = 100
"""Kept at a time; the oldest goes first."""
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,5}")


class _Audio(msgspec.Struct):
    audio_data: str


class _Named(msgspec.Struct):
    filename: str


class Cache:
    """Uploaded files, in a folder that ends with the process."""

    def __init__(self, most: int = MOST_FILES) -> None:
        self._most = most
        self._folder: Path | None = None
        self._files: OrderedDict[str, Path] = OrderedDict()

    def keep(self, upload: UploadFile) -> str:
        """The name that it has from now on."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="saywire-"))
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        suffix = os.path.splitext(upload.filename or "")[1]
        name = secrets.token_hex(16) + (suffix.lower() if _SUFFIX.fullmatch(suffix) else "")
        path = self._folder / name
        with path.open("wb") as file:
            shutil.copyfileobj(upload.file, file)
        self._files[name] = path
        while len(self._files) > self._most:
            self._files.popitem(last=False)[1].unlink(missing_ok=True)
        return name

    def find(self, name: str) -> Path | None:
        return self._files.get(name)


def add_uploads(app: FastAPI, hearing: Hearing, options: Options, most_bytes: int) -> None:
    uploads = Uploads(hearing, options, most_bytes)
    for path, endpoint in (
        ("/recognize", uploads.recognize),
        ("/upload_audio", uploads.upload),
        ("/recognize_speech", uploads.recognize_kept),
    ):
        app.add_api_route(path, endpoint, methods=["POST"], response_class=Response, include_in_schema=False)
    app.add_api_route("/cache/{name}", uploads.fetch, response_class=Response, include_in_schema=False)


class Uploads:
    def __init__(self, hearing: Hearing, options: Options, most_bytes: int) -> None:
        self._hearing = hearing
        self._options = options
        self._most_bytes = most_bytes
        self._cache = Cache()

    async def recognize(self, request: Request) -> Response:
        try:
            asked = msgspec.json.decode(await self._body(request), type=_Audio)
            file = io.BytesIO(read_data_url(asked.audio_data))
            heard = await self._hearing.hear(request, file, self._options)
        except SaywireError as e:
            return _refuse(e)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as e:
            return _refuse(BadRequest(f"expected {{'audio_data': base64}}: {e}"))
        return JSONResponse({"text": heard.text})

    async def upload(self, request: Request) -> Response:
        try:
            async with limit_body(request, self._most_bytes).form(max_files=1) as form:
                audio = form.get("audio")
                if not isinstance(audio, UploadFile):
                    raise BadRequest("the form has no file 'audio'")
                name = await run_in_threadpool(self._cache.keep, audio)
        except SaywireError as e:
            return _refuse(e)
        return JSONResponse({"success": True, "filename": name, "message": "音频上传成功"})

    async def recognize_kept(self, request: Request) -> Response:
        try:
            name = msgspec.json.decode(await self._body(request), type=_Named).filename
            path = self._cache.find(name)
            if path is None:
                return JSONResponse({"error": "文件不存在"}, 404)
            with path.open("rb") as file:
                heard = await self._hearing.hear(request, file, self._options)
        except SaywireError as e:
            return _refuse(e)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as e:
            return _refuse(BadRequest(f"expected {{'filename': name}}: {e}"))
        return JSONResponse({"success": True, "result": heard.text})

    async def fetch(self, name: str) -> Response:
        path = self._cache.find(name)
        return FileResponse(path) if path else JSONResponse({"error": "文件不存在"}, 404)

    async def _body(self, request: Request) -> bytes:
        return await limit_body(request, self._most_bytes * 4 // 3 + 1024).body()


def _refuse(error: SaywireError) -> Response:
    return JSONResponse({"error": error.message}, problems.status(error))
