"""Live audio to a server, and what it writes down meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

from ..messages import Event
from ..runtime.files import in_thread
from ..types import Samples
from .connection import Connection
from .session import Session


async def hear(connection: Connection, blocks: Iterator[Samples]) -> AsyncGenerator[Event]:
    """The events of a session on a server, while ``blocks`` of the house rate are sent, up to Finished.

    As ``runtime.files.read_file`` for an engine here: close it to give it up; ``blocks`` are closed then.
    Raises what ``connection`` and ``blocks`` raise; what was sent before is still written down.
    """
    async with connection as session:
        sending = asyncio.create_task(_send(session, blocks))
        try:
            async for event in session:
                yield event
            await sending
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)


async def _send(session: Session, blocks: Iterator[Samples]) -> None:
    me = asyncio.current_task()
    assert me
    try:
        async with aclosing(in_thread(blocks)) as produced:
            async for block in produced:
                await session.send(block)
    finally:
        if not me.cancelling():  # a device that is gone is no reason to forget what it heard
            await session.finish()
