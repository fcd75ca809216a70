"""The page and its websockets over real sockets; the relay behind them only does as it is told."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from saywire import messages as m
from saywire.errors import BadAudio, ConfigError
from saywire.relay import page as module
from saywire.relay.audience import State
from saywire.relay.journal import Gap
from saywire.relay.page import Page, is_ours
from saywire.types import Hypothesis
from server.doubles import in_loop

NOW = datetime(2026, 11, 21, 18, 30, 1)
RESTING, LISTENING = State(True, False, 0.0, 0.0), State(True, True, 0.0, 0.0)


class Obedient:
    """Captures at once."""

    def __init__(self, page: Page) -> None:
        self.state = RESTING
        self.asked: list[str] = []
        self._page = page

    def capture(self) -> None:
        self._become("capture", LISTENING)

    def rest(self) -> None:
        self._become("rest", RESTING)

    def _become(self, asked: str, state: State) -> None:
        self.asked.append(asked)
        self.state = state
        self._page.see(state)


@asynccontextmanager
async def served(*origins: str) -> AsyncIterator[tuple[Page, Obedient, str]]:
    page = Page(lambda: NOW)
    relay = Obedient(page)
    async with page.serve(relay, 0, origins) as address:
        yield page, relay, address


def ws(address: str, path: str = "") -> str:
    return address.replace("http:", "ws:") + path


async def hear(socket: ClientConnection, count: int = 1) -> list[dict[str, object]]:
    return [json.loads(await socket.recv()) for _ in range(count)]


def words(told: list[dict[str, object]]) -> list[object]:
    return [each.get("message", each["type"]) for each in told]


@in_loop
async def test_a_page_of_the_one_before_is_at_home() -> None:
    async with (
        served() as (page, relay, address),
        connect(ws(address)) as socket,
        connect(ws(address)) as other,
    ):
        assert words(await hear(socket)) == ["已连接到系统音频识别服务"]
        await hear(other)
        await socket.send('{"type":"ping"}')
        assert words(await hear(socket)) == ["pong"]
        await socket.send('{"type":"start_system_audio"}')
        started = ["系统音频捕获已开始", "系统音频录制已开始"]
        assert words(await hear(socket, 2)) == started == words(await hear(other, 2))
        await socket.send('{"type":"start_system_audio"}')
        assert words(await hear(socket, 2)) == started  # nobody else hears of it
        page.hear(m.Partial(0, Hypothesis("打")), 1.0)
        page.hear(m.Final(0, "打开灯", 0.5, 1.0), 1.5)
        [told] = await hear(other)
        assert (told["type"], told["text"], told["processing_time"]) == ("transcript", "打开灯", 0.5)
        await other.send('{"type":"stop_system_audio"}')
        assert words(await hear(other)) == ["系统音频录制已停止"] == words(await hear(socket, 2))[1:]
        await other.send('{"type":"stop_system_audio"}')
        await other.send("")
        assert words(await hear(other, 2)) == ["系统音频录制已停止", "收到空消息"]
        assert relay.asked == ["capture", "capture", "rest", "rest"]
        page.fail(BadAudio("no such device"))
        assert words(await hear(socket)) == ["系统音频捕获失败: no such device"]


@in_loop
async def test_the_page_here_is_told_all_there_was_and_is() -> None:
    async with served() as (page, relay, address):
        page.hear(m.Final(0, "one", 0.5, 1.0), 1.5)
        page.lose(Gap(1, 2))
        async with connect(ws(address, "captions")) as socket:
            told = await hear(socket, 3)
            assert [each["type"] for each in told] == ["final", "lost", "state"]
            page.hear(m.Partial(1, Hypothesis("tw", 1)), 2.0)
            page.warn("the server is away")
            page.lose(Gap(3, 4))
            assert [each["type"] for each in await hear(socket, 3)] == ["partial", "warning", "lost"]
            await socket.send('{"type":"start_system_audio"}')
            [told] = await hear(socket)
            assert told["capturing"] is True and relay.asked == ["capture"]


@in_loop
async def test_files_and_nothing_else() -> None:
    async with served() as (_, _, address), httpx.AsyncClient(base_url=address) as client:
        index = await client.get("/")
        assert "default-src 'self'" in index.headers["content-security-policy"]
        linked = re.findall(r'(?:href|src)="([^"]+)"', index.text)
        imported = ["relay/web/captions.mjs", "web/js/times.mjs"]
        assert len(linked) == 4
        for path in (*linked, *imported):
            found = await client.get(f"/{path}")
            assert found.status_code == 200 and found.headers["content-length"] == str(len(found.content))
        for path in ("/relay/control.py", "/relay/web/../control.py", "/etc/passwd", "/v1/models", "/web/"):
            assert (await client.get(path)).status_code == 404


@in_loop
async def test_only_pages_of_this_machine_and_of_those_that_were_named() -> None:
    async with served("https://desk.example") as (_, _, address):
        for origin in (None, "http://localhost:5000", "http://127.0.0.1", "https://desk.example"):
            async with connect(ws(address), origin=origin) as socket:  # type: ignore[arg-type]
                await hear(socket)
        for origin in ("https://evil.example", "null", "http://localhost.evil.example"):
            with pytest.raises(InvalidStatus, match="403"):
                async with connect(ws(address), origin=origin):  # type: ignore[arg-type]
                    pass
        with pytest.raises(InvalidStatus, match="404"):
            async with connect(ws(address, "v1/realtime")):
                pass
        async with httpx.AsyncClient() as client:
            led = await client.get(address, headers={"host": "evil.example:8765"})
            assert led.status_code == 403


@pytest.mark.parametrize(
    ("host", "origin", "ours"),
    [
        ("127.0.0.1:8765", None, True),
        ("localhost:8765", "http://localhost:3000", True),
        ("[::1]:8765", "http://[::1]:8765", True),
        ("127.0.0.1:8765", "https://named.example", True),
        ("127.0.0.1:8765", "https://other.example", False),
        ("evil.example:8765", "http://evil.example:8765", False),
        ("127.0.0.1:8765", "http://[broken", False),
        ("", None, False),
    ],
)
def test_who_is_ours(host: str, origin: str | None, ours: bool) -> None:
    assert is_ours(host, origin, ["https://named.example"]) is ours


@in_loop
async def test_a_page_that_does_not_read_is_sent_away_and_others_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 100_000)
    async with served() as (page, _, address), connect(ws(address, "captions"), max_queue=1) as deaf:
        await hear(deaf)
        async with connect(ws(address)) as socket:
            await hear(socket)
            for number in range(400):
                page.warn("x" * 100_000)
                await asyncio.sleep(0)
                page.hear(m.Final(number, f"{number}", 0.0, 1.0), 1.0)
                assert (await hear(socket))[0]["text"] == str(number)
        with pytest.raises(ConnectionClosed):
            while True:
                await deaf.recv()


@in_loop
async def test_a_port_that_is_taken_is_told() -> None:
    async with served() as (page, relay, address):
        with pytest.raises(ConfigError, match="choose another port"):
            async with page.serve(relay, int(address.rstrip("/").rpartition(":")[2])):
                pass
