"""DashScope's recognition over HTTP: qwen3-asr-flash, as chat completions and in DashScope's own form.

Source: Alibaba Cloud's page on Qwen3-ASR, 2026-11-21. Both take one recording in a user's message, as a data
URL or as an address, and context in the system's message. Text comes whole, or as it is heard: chat
completions with ``stream``, the own form with ``X-DashScope-SSE: enable``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import BinaryIO

import msgspec
from fastapi import FastAPI, Request
from starlette.responses import Response, StreamingResponse

from ..config import ServerConfig
from ..core.transcript import Deltas, Transcript
from ..errors import SaywireError
from ..messages import Event, Final, Finished
from ..types import Options
from .audio_parts import fetch
from .dashscope_forms import Ask, ChatForm, Form, Heard, NativeForm
from .hearing import Hearing
from .limits import limit_body
from .transcriptions import UNBUFFERED

CHAT = "/compatible-mode/v1/chat/completions"
NATIVE = "/api/v1/services/aigc/multimodal-generation/generation"


def add_dashscope(app: FastAPI, hearing: Hearing, settings: ServerConfig, defaults: Options) -> None:
    for path, form in ((CHAT, ChatForm()), (NATIVE, NativeForm())):
        route = Recognition(hearing, settings, defaults, form)
        app.add_api_route(
            path,
            route.answer,
            methods=["POST"],
            tags=["dashscope"],
            summary="Recognise a recording",
            response_class=Response,
        )


class Recognition:
    def __init__(self, hearing: Hearing, settings: ServerConfig, defaults: Options, form: Form) -> None:
        self._hearing = hearing
        self._settings = settings
        self._defaults = defaults
        self._form = form

    async def answer(self, request: Request) -> Response:
        """The text of one recording, whole or as it is heard."""
        async with AsyncExitStack() as stack:
            try:
                body = await limit_body(request, self._settings.max_upload_bytes * 4 // 3 + 65_536).body()
                streams = request.headers.get("x-dashscope-sse") == "enable"
                ask = self._form.read(body, streams, self._defaults)
                file = await stack.enter_async_context(fetch(ask.audio, self._settings))
                if ask.stream:
                    return await self._stream(request, ask, file, stack)
                heard = whole(await self._hearing.hear(request, file, ask.options), ask)
                return _json(self._form.whole(ask, heard))
            except SaywireError as error:
                return self._form.refuse(error)

    async def _stream(
        self, request: Request, ask: Ask, file: BinaryIO, stack: AsyncExitStack
    ) -> StreamingResponse:
        """What is wrong from the start is still told by the status."""
        events = await stack.enter_async_context(self._hearing.listen(request, file, ask.options))
        states = follow(events, ask)
        first = await anext(states)
        held = stack.pop_all()

        async def told() -> AsyncIterator[bytes]:
            async with held:
                try:
                    yield self._form.event(ask, first, True)
                    async for state in states:
                        yield self._form.event(ask, state, False)
                    yield self._form.end(ask)
                except SaywireError as error:
                    yield b"data: " + bytes(self._form.refuse(error).body) + b"\n\n"

        return StreamingResponse(told(), headers=UNBUFFERED, media_type="text/event-stream")


async def follow(events: AsyncIterator[Event], ask: Ask) -> AsyncIterator[Heard]:
    """A state for each piece of text that is sure, and one for the end."""
    deltas, text, language = Deltas(), "", ask.options.language
    async for event in events:
        if isinstance(event, Final) and event.language:
            language = event.language
        if new := deltas.take(event):
            text += new
            yield Heard(text, new, language)
        if isinstance(event, Finished):
            yield Heard(text, "", language, event.seconds, True)


def whole(transcript: Transcript, ask: Ask) -> Heard:
    language = transcript.language or ask.options.language
    return Heard(transcript.text, transcript.text, language, transcript.seconds, True)


def _json(body: object) -> Response:
    return Response(msgspec.json.encode(body), media_type="application/json")
