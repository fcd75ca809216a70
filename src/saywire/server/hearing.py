"""A file through a session, for the routes that are not OpenAI's: its events, or its whole transcript.

As for ``transcriptions.py``: the file is decoded in a thread, the session is never far ahead of its engine, a
request holds a place among the sessions and has a time limit, and a client that goes away ends it.
"""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import BinaryIO

from starlette.requests import ClientDisconnect, Request

from ..audio.container import decode
from ..config import ServerConfig
from ..core.transcript import Transcript, to_transcript
from ..errors import SaywireError
from ..messages import Event, Failed, Final, Finished
from ..runtime.files import read_file
from ..types import Options
from .connection import House
from .logs import SessionLog
from .requests import name_of
from .waiting import in_time, unless_gone


class Hearing:
    def __init__(self, house: House, settings: ServerConfig) -> None:
        self._house = house
        self._settings = settings

    async def hear(self, request: Request, file: BinaryIO, options: Options) -> Transcript:
        """Raises SaywireError for all that the client is to be told, ClientDisconnect when it has gone."""
        async with self.listen(request, file, options) as events:
            return await unless_gone(request, _gather(events))

    @asynccontextmanager
    async def listen(
        self, request: Request, file: BinaryIO, options: Options
    ) -> AsyncIterator[AsyncGenerator[Event]]:
        """The file's events, while it is heard. Taking them raises the error of a Failed: a transcript with a
        hole would look whole."""
        client = request.client.host if request.client else "?"
        path = request.url.path
        log = SessionLog(name_of(request), path, client, options.model, self._house.watch(path))
        log.start()
        try:
            with self._house.admission.enter(lambda: None):
                events = in_time(self._read(file, options, log), self._settings.max_audio_seconds)
                async with aclosing(events):
                    yield events
            log.cause = "answered"
        except (ClientDisconnect, CancelledError):
            log.cause = "client left"
            raise
        except SaywireError as error:
            log.cause = error.code
            log.fail(error)
            raise
        finally:
            log.end()

    async def _read(self, file: BinaryIO, options: Options, log: SessionLog) -> AsyncGenerator[Event]:
        blocks = decode(file, max_seconds=self._settings.max_audio_seconds)
        async with aclosing(read_file(self._house.host, blocks, options)) as events:
            async for event in events:
                log.note(event)
                if isinstance(event, Failed):
                    raise event.error
                yield event


async def _gather(events: AsyncIterator[Event]) -> Transcript:
    finals, seconds = [], 0.0
    async for event in events:
        match event:
            case Final():
                finals.append(event)
            case Finished(seconds):
                pass
    return to_transcript(finals, seconds)
