"""POST /v1/audio/transcriptions and translations: a file in a form, through a session, to a transcript.

The body is spooled to disk beyond 1 MB and counted while it is read; the file is decoded in a thread,
block by block, and the session is never far ahead of its engine, so that a request needs the same memory
whatever it holds. A client that goes away ends its session. Source: openai-openapi openapi.yaml 2026-08-21.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing
from functools import partial
from typing import TypeVar

from fastapi import FastAPI, Request
from starlette.requests import ClientDisconnect
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from ..audio.container import count_voices, decode, decode_channels
from ..config import Config
from ..errors import SaywireError
from ..messages import Failed
from ..runtime.files import read_channels
from ..types import Options
from .answers import Answer, Heard, Plain, no_words, told
from .connection import House
from .diarized import Diarized
from .forms import FORM_SCHEMA, Ask, Format, Granularity, read_ask
from .limits import limit_body
from .logs import SessionLog
from .requests import name_of
from .waiting import in_time, unless_gone

ROOTS = ("/v1/audio/", "/openai/v1/audio/", "/openai/deployments/{deployment}/audio/")
"""OpenAI's, and where the clients of Azure look for it."""

MAX_FILES = 8
"""File parts in a form."""
MAX_FIELD = 8 * 2**20
"""Bytes of a text field: samples of known speakers come as data URLs, and are ignored."""

UNBUFFERED = {"cache-control": "no-store", "x-accel-buffering": "no"}
"""The second is nginx's, which would keep the deltas until the end."""

SLACK = 60.0
"""Seconds beyond its time that a client has to take what was said of it; then it is cut off."""

T = TypeVar("T")


def add_transcriptions(app: FastAPI, house: House, config: Config, defaults: Options) -> None:
    transcriptions = Transcriptions(house, config, defaults)

    async def transcribe(request: Request) -> Response:
        """The text of an audio file, in OpenAI's formats; `stream` sends it while it is recognised."""
        return await transcriptions.answer(request, translate=False)

    async def translate(request: Request) -> Response:
        """What is said in an audio file in English, by models that translate, or that hear only English."""
        return await transcriptions.answer(request, translate=True)

    routes = (
        ("transcriptions", "Transcribe a file", transcribe),
        ("translations", "Translate a file", translate),
    )
    for root in ROOTS:
        for name, summary, endpoint in routes:
            app.add_api_route(
                root + name,
                endpoint,
                methods=["POST"],
                tags=["audio"],
                summary=summary,
                response_class=Response,
                include_in_schema=root == ROOTS[0],
                openapi_extra={"requestBody": {"required": True, "content": FORM_SCHEMA}},
            )


class Transcriptions:
    """The route's work, and what it needs for it."""

    def __init__(self, house: House, config: Config, defaults: Options) -> None:
        self._house = house
        self._settings = config.server
        self._defaults = defaults

    async def answer(self, request: Request, translate: bool) -> Response:
        """Raises SaywireError for all that the client is to be told, ClientDisconnect when it has gone."""
        client = request.client.host if request.client else "?"
        path = request.scope["route"].path  # as it was declared: names in it are no labels for metrics
        log = SessionLog(name_of(request), path, client, meter=self._house.watch(path))
        log.start()
        async with AsyncExitStack() as stack:
            stack.callback(log.end)
            try:
                return await self._answer(request, translate, log, stack)
            except SaywireError as error:
                log.cause = error.code
                log.fail(error)
                raise
            except ClientDisconnect:
                log.cause = "client left"
                raise

    async def _answer(
        self, request: Request, translate: bool, log: SessionLog, stack: AsyncExitStack
    ) -> Response:
        stack.enter_context(self._house.admission.enter(lambda: None))
        body = limit_body(request, self._settings.max_upload_bytes)
        form = await stack.enter_async_context(body.form(max_files=MAX_FILES, max_part_size=MAX_FIELD))
        ask = read_ask(form, self._defaults, translate, request.path_params.get("deployment"))
        log.model = ask.options.model
        self._check_words(ask)
        channels = await self._count_channels(ask)
        answer: Answer = Plain(ask) if channels is None else Diarized(ask, channels)
        heard = await stack.enter_async_context(aclosing(self._hear(ask, channels, log)))
        if not ask.stream:
            return await unless_gone(request, answer.whole(heard))
        # What is wrong from the start is still told by the status.
        first = await unless_gone(request, _next(heard))
        log.cause = "client left"
        return _EventStream(told(answer.stream(_chain(first, heard))), stack.pop_all(), self._patience)

    @property
    def _patience(self) -> float:
        """Seconds a request may take: who cannot keep up with real time will not."""
        return self._settings.max_audio_seconds

    def _check_words(self, ask: Ask) -> None:
        if ask.format is not Format.VERBOSE_JSON or Granularity.WORD not in ask.granularities:
            return
        for model in self._house.host.models():
            if model.name == ask.options.model and model.info and not model.info.words:
                raise no_words(model.name)

    async def _count_channels(self, ask: Ask) -> int | None:
        """Of those that are to be heard apart; None: they are to be mixed."""
        if ask.format is not Format.DIARIZED_JSON:
            return None
        most = self._settings.max_audio_seconds
        return await asyncio.to_thread(partial(count_voices, ask.file, max_seconds=most))

    async def _hear(self, ask: Ask, channels: int | None, log: SessionLog) -> AsyncGenerator[Heard]:
        """The file's events. Raises the error of a Failed: a transcript with a hole would look whole."""
        read = decode if channels is None else decode_channels
        blocks = read(ask.file, max_seconds=self._settings.max_audio_seconds)
        events = read_channels(self._house.host, blocks, channels or 1, ask.options)
        try:
            async with aclosing(in_time(events, self._patience)) as heard:
                async for channel, event in heard:
                    log.note(event)
                    if isinstance(event, Failed):
                        raise event.error
                    yield channel, event
            log.cause = "answered"
        except SaywireError as error:
            log.cause = error.code
            log.fail(error)
            raise


class _EventStream(StreamingResponse):
    """Server-sent events that hold what they need until they end, however they end."""

    def __init__(self, events: AsyncIterator[bytes], held: AsyncExitStack, patience: float) -> None:
        super().__init__(events, headers=UNBUFFERED, media_type="text/event-stream")
        self._held = held
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._held, asyncio.timeout(self._patience + SLACK):
            await super().__call__(scope, receive, send)


async def _next(items: AsyncIterator[T]) -> T:
    return await anext(items)


async def _chain(first: T, items: AsyncIterator[T]) -> AsyncIterator[T]:
    yield first
    async for item in items:
        yield item
