"""Who reads captions along, as a page does."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from saywire.server.captions import HOME

KEY = "speaker_" * 4


@dataclass
class Viewer:
    """What a page would show."""

    lines: dict[int, dict[str, Any]] = field(default_factory=dict)
    last: str = ""
    over: bool = False
    speaking: bool = False
    missing: bool = False

    @property
    def texts(self) -> list[str]:
        """Of the lines in their order; those that go on end in dots."""
        lines = [line for _, line in sorted(self.lines.items())]
        return [line["text"] + ("" if line["final"] else "...") for line in lines]

    def hear(self, name: str, value: str) -> None:
        if name == "id":
            self.last = value
        elif name == "event":
            self.over = value == "over"
        elif name == "data" and value:
            told = json.loads(value)
            self.lines = {} if told["fresh"] else self.lines
            self.speaking = told["speaking"]
            self.missing |= told["missing"]
            self.lines |= {line["id"]: line for line in told["lines"]}
            self.lines = {id: line for id, line in self.lines.items() if not line["gone"]}


@asynccontextmanager
async def watching(
    client: httpx.AsyncClient, token: str, last: str = ""
) -> AsyncIterator[tuple[Viewer, AsyncIterator[Viewer]]]:
    """A viewer, and the same after each event."""
    viewer = Viewer()
    headers = {"last-event-id": last} if last else {}
    async with client.stream("GET", f"{HOME}/{token}", headers=headers) as answer:
        assert answer.status_code == 200, await answer.aread()

        async def events() -> AsyncIterator[Viewer]:
            async for line in answer.aiter_lines():
                name, _, value = line.partition(": ")
                viewer.hear(name, value)
                if not line:
                    yield viewer

        yield viewer, events()


async def see(events: AsyncIterator[Viewer], *texts: str) -> None:
    """Wait until just these lines are shown."""
    async for viewer in events:
        if viewer.texts == list(texts):
            return
    raise AssertionError("the captions ended before")


async def share(client: httpx.AsyncClient, **more: Any) -> str:
    answer = await client.post(HOME, json={"share": KEY, **more})
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    return str(answer.json()["token"])
