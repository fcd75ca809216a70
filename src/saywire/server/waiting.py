"""Waiting for whichever comes first: an end, a client's going away, a time limit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive

from ..errors import Overloaded

T = TypeVar("T")


async def until_one_ends(*works: Coroutine[Any, Any, object]) -> None:
    """Do all of them until the first ends; the others are cancelled then. Raises what one of them raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    for end in ends:
        if isinstance(end, Exception):
            raise end


async def until_gone(receive: Receive) -> None:
    """Until the client of a request has gone away; whatever else it sends is not read."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Do the work, but give it up and raise ClientDisconnect when the client goes away."""
    working = asyncio.create_task(work)
    leaving = asyncio.create_task(until_gone(request.receive))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def in_time(items: AsyncGenerator[T], seconds: float) -> AsyncGenerator[T]:
    """The same, and closed with it. Raises Overloaded when they do not end in so many seconds."""
    end = asyncio.get_running_loop().time() + seconds
    async with aclosing(items):
        while True:
            try:
                async with asyncio.timeout_at(end):
                    item = await anext(items)
            except StopAsyncIteration:
                return
            except TimeoutError as e:
                raise Overloaded(f"the transcription took longer than {seconds:g} s; send less") from e
            yield item
