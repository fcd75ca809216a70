"""Waiting for whichever comes first."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from starlette.types import Receive


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
