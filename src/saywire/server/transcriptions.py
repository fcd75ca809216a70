"""POST /v1/audio/transcriptions: a file in a form, through a session, to a transcript.

The body is spooled to disk beyond 1 MB and counted while it is read; the file is decoded in a thread,
block by block, and the session is never far ahead of its engine, so that a request needs the same memory
whatever it holds. A client that goes away ends its session. Source: openai-openapi openapi.yaml 2026-08-21.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from contextlib import AsyncExitStack, aclosing
from typing import Any, TypeVar

from fastapi import FastAPI, Request
from starlette.requests import ClientDisconnect
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from ..audio.container import decode
from ..config import Config
from ..core.transcript import Transcript, to_transcript
from ..errors import Overloaded, SaywireError
from ..messages import Event, Failed, Final, Finished
from ..runtime.base import Host
from ..runtime.files import read_file
from ..types import Options
from . import answers
from .forms import FORM_SCHEMA, Ask, Format, Granularity, read_ask
from .limits import Admission, limit_body
from .logs import SessionLog

PATHS = (
    "/v1/audio/transcriptions",
    "/openai/v1/audio/transcriptions",
    "/openai/deployments/{deployment}/audio/transcriptions",
)
"""OpenAI's, and where the clients of Azure look for it."""

MAX_FILES = 8
"""File parts in a form: the audio, and samples of known speakers, which are ignored."""

CLIENT_GONE = 499
"""Never seen by anybody; the status nginx has for it."""

UNBUFFERED = {"cache-control": "no-store", "x-accel-buffering": "no"}
"""The second is nginx's, which would keep the deltas until the end."""

T = TypeVar("T")


def add_transcriptions(
    app: FastAPI, host: Host, config: Config, admission: Admission, defaults: Options
) -> None:
    transcriptions = Transcriptions(host, config, admission, defaults)

    async def transcribe(request: Request) -> Response:
        """The text of an audio file, in OpenAI's formats; `stream` sends it while it is recognised."""
        return await transcriptions.answer(request)

    for path in PATHS:
        app.add_api_route(
            path,
            transcribe,
            methods=["POST"],
            tags=["audio"],
            summary="Transcribe a file",
            response_class=Response,
            include_in_schema=path == PATHS[0],
            openapi_extra={"requestBody": {"required": True, "content": FORM_SCHEMA}},
        )


class Transcriptions:
    """The route's work, and what it needs for it."""

    def __init__(self, host: Host, config: Config, admission: Admission, defaults: Options) -> None:
        self._host = host
        self._settings = config.server
        self._admission = admission
        self._defaults = defaults

    async def answer(self, request: Request) -> Response:
        """Raises SaywireError for all that the client is to be told."""
        log = SessionLog(
            secrets.token_hex(4), request.url.path, request.client.host if request.client else "?"
        )
        log.start()
        async with AsyncExitStack() as stack:
            stack.callback(log.end)
            try:
                return await self._answer(request, log, stack)
            except SaywireError as error:
                log.cause = error.code
                raise
            except ClientDisconnect:
                log.cause = "client left"
                return Response(status_code=CLIENT_GONE)

    async def _answer(self, request: Request, log: SessionLog, stack: AsyncExitStack) -> Response:
        stack.enter_context(self._admission.enter(lambda: None))
        body = limit_body(request, self._settings.max_upload_bytes)
        form = await stack.enter_async_context(body.form(max_files=MAX_FILES))
        ask = read_ask(form, self._defaults)
        log.model = ask.options.model
        self._check_words(ask)
        events = await stack.enter_async_context(aclosing(self._events(ask, log)))
        if not ask.stream:
            return answers.render(ask, await unless_gone(request, self._hear(events)))
        # What is wrong from the start is still told by the status.
        first = await unless_gone(request, _next(events))
        log.cause = "client left"
        return _EventStream(answers.stream(_chain(first, events)), stack.pop_all(), self._patience)

    @property
    def _patience(self) -> float:
        """Seconds a request may take: who cannot keep up with real time will not."""
        return self._settings.max_audio_seconds

    def _check_words(self, ask: Ask) -> None:
        if ask.format is not Format.VERBOSE_JSON or Granularity.WORD not in ask.granularities:
            return
        for model in self._host.models():
            if model.name == ask.options.model and model.info and not model.info.words:
                raise answers.no_words(model.name)

    async def _events(self, ask: Ask, log: SessionLog) -> AsyncGenerator[Event]:
        """The file's events. Raises the error of a Failed: a transcript with a hole would look whole."""
        blocks = decode(ask.file, max_seconds=self._settings.max_audio_seconds)
        try:
            async with aclosing(read_file(self._host, blocks, ask.options)) as events:
                async for event in events:
                    log.note(event)
                    if isinstance(event, Failed):
                        raise event.error
                    yield event
            log.cause = "answered"
        except SaywireError as error:
            log.cause = error.code
            raise

    async def _hear(self, events: AsyncIterator[Event]) -> Transcript:
        finals: list[Final] = []
        seconds = 0.0
        try:
            async with asyncio.timeout(self._patience):
                async for event in events:
                    match event:
                        case Final():
                            finals.append(event)
                        case Finished(seconds):
                            pass
        except TimeoutError as e:
            raise Overloaded(f"the transcription took longer than {self._patience:g} s; send less") from e
        return to_transcript(finals, seconds)


class _EventStream(StreamingResponse):
    """Server-sent events that hold what they need until they end, however they end."""

    def __init__(self, events: AsyncIterator[bytes], held: AsyncExitStack, patience: float) -> None:
        super().__init__(events, headers=UNBUFFERED, media_type="text/event-stream")
        self._held = held
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._held, asyncio.timeout(self._patience):
            await super().__call__(scope, receive, send)


async def unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Do the work, but give it up and raise ClientDisconnect when the client goes away."""
    working = asyncio.create_task(work)
    leaving = asyncio.create_task(_gone(request))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _next(events: AsyncIterator[Event]) -> Event:
    return await anext(events)


async def _chain(first: Event, events: AsyncIterator[Event]) -> AsyncIterator[Event]:
    yield first
    async for event in events:
        yield event
