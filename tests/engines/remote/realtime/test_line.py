"""Turns through a line: another try, the deadline, the connection that is kept and the places there are."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from itertools import pairwise
from typing import Any

import pytest

from engines.remote.peer import Reply, answer, open_peer
from engines.remote.realtime.script import open_scripted, read_talk, wait_until
from saywire.config import RemoteConfig
from saywire.engines.remote import server as server_file
from saywire.engines.remote.realtime import line as line_file
from saywire.engines.remote.realtime.dialects import DIALECTS
from saywire.engines.remote.realtime.engine import make_server
from saywire.engines.remote.realtime.line import Line, Places
from saywire.engines.remote.realtime.turn import Turn
from saywire.errors import EngineFailed
from saywire.types import Hypothesis, Options

LONGEST = 60.0
GREETING, TURN = read_talk("vllm-realtime")
CREATED = 'S< {"type":"session.created"}'


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_file, "FIRST_PAUSE", 0.001)


class Desk:
    """Lines to one server, and what was settled."""

    def __init__(self, url: str, places: int = 8, **others: Any) -> None:
        self.remote = RemoteConfig("gpu", url, "large", "vllm-realtime", **{"timeout": 20.0} | others)
        self.places = Places(places)
        self._news = asyncio.Condition()
        self.tasks: list[asyncio.Task[None]] = []

    def open(self) -> Line:
        row = DIALECTS["vllm-realtime"]
        server = make_server(self.remote, row, "")
        return Line(
            server, self.places, lambda: row.make(self.remote, Options()), self.remote.timeout, self._note
        )

    def _note(self) -> None:
        self.tasks.append(asyncio.create_task(self._tell()))

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def settle(self, turn: Turn) -> Turn:
        async with self._news:
            await self._news.wait_for(lambda: turn.settled)
        return turn

    async def say(self, line: Line, seconds: float = 1.0) -> Turn:
        turn = spoken(seconds, self.remote.timeout)
        line.take(turn)
        return await self.settle(turn)


class Watched(Turn):
    """Keeps the stable text that was seen."""

    def __init__(self, frames: list[bytes]) -> None:
        super().__init__(frames)
        self.seen: list[str] = []
        self.heard = asyncio.Event()

    def hear(self, now: Hypothesis) -> None:
        super().hear(now)
        self.seen.append(self.said.text[: self.said.stable])
        if now.text:
            self.heard.set()


def spoken(seconds: float = 1.0, timeout: float = LONGEST) -> Turn:
    turn = Turn([bytes([number]) * 3200 for number in range(round(seconds * 10))])
    turn.commit(timeout)
    return turn


def run(talk: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(LONGEST):
            await talk()

    asyncio.run(bounded())


def error_of(turn: Turn) -> EngineFailed:
    assert turn.settled and turn.error
    return turn.error


def test_the_connection_is_kept_for_the_next_turn() -> None:
    with open_scripted(GREETING + TURN + TURN) as peer:

        async def talk() -> None:
            desk = Desk(peer.url)
            line = desk.open()
            assert (await desk.say(line)).said == Hypothesis("Hello there.", 12)
            assert (await desk.say(line)).said.text == "Hello there."

        run(talk)
    assert len(peer.paths) == 1


TROUBLES = {
    "refused for now": f'{CREATED}\nC> {{"type":"session.update","model":"large"}}\nS< close 1013',
    "dropped amid the audio": f'{GREETING}C> {{"type":"input_audio_buffer.commit"}}\nC> audio 0.3\nS< drop',
    "restarted amid the answer": TURN.join([GREETING, ""]).replace(
        'S< {"type":"transcription.done"', 'S< close 1012\nS< {"type":"x"'
    ),
    "out of order for now": f'{GREETING}C> {{"type":"input_audio_buffer.commit"}}\nC> audio 0.3\n'
    'S< {"type":"error","error":"boom","code":"processing_error"}',
}


@pytest.mark.parametrize("name", TROUBLES)
def test_what_may_pass_is_tried_again_with_all_of_the_audio(name: str) -> None:
    with open_scripted(TROUBLES[name], TROUBLES[name], GREETING + TURN) as peer:

        async def talk() -> None:
            desk = Desk(peer.url, retries=2)
            turn = await desk.say(desk.open())
            assert turn.said.text == "Hello there." and not turn.error
            assert b"".join(peer.audio[-2:]) == b"".join(turn.frames)

        run(talk)
    assert len(peer.paths) == 3


@pytest.mark.parametrize("name", TROUBLES)
def test_what_does_not_pass_is_an_error_and_what_was_said_stays(name: str) -> None:
    with open_scripted(TROUBLES[name]) as peer:

        async def talk() -> None:
            desk = Desk(peer.url, retries=1)
            turn = await desk.say(desk.open())
            assert error_of(turn).message.startswith("remote 'gpu' (127.0.0.1): ")
            assert turn.said.text == ("Hello there." if "answer" in name else "")

        run(talk)
    assert len(peer.paths) == 2


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (answer(b"", status="401 x"), "remote_key_refused"),
        (answer(b"<html>", "text/html"), "remote_malformed"),
        (answer(b"", status="429 x", retry_after="3600"), "remote_overloaded"),
    ],
)
def test_what_cannot_pass_is_not_tried_again(reply: Reply, code: str) -> None:
    with open_peer(reply) as peer:

        async def talk() -> None:
            desk = Desk(peer.url, retries=5)
            assert error_of(await desk.say(desk.open())).code == code

        run(talk)
    assert len(peer.asked) == 1


def test_the_server_says_how_long_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    async def note(pause: float) -> None:
        pauses.append(pause)

    with open_peer(answer(b"", status="503 x", retry_after="3"), answer(b"", status="400 x")) as peer:

        async def talk() -> None:
            desk = Desk(peer.url)
            monkeypatch.setattr(line_file.asyncio, "sleep", note)
            assert error_of(await desk.say(desk.open())).code == "remote_refused"

        run(talk)
    assert pauses == [3.0]


def test_text_never_runs_backwards_over_tries() -> None:
    """The second try hears something else, and the final takes more back."""
    begin = 'C> {"type":"input_audio_buffer.commit"}\nC> audio 0.5\n'
    first = f'{GREETING}{begin}S< {{"type":"transcription.delta","delta":"Hello there"}}\nS< close 1012'
    second = f"""{GREETING}{begin}
        S< {{"type":"transcription.delta","delta":"Hallo"}}
        C> audio
        C> {{"type":"input_audio_buffer.commit","final":true}}
        S< {{"type":"transcription.done","text":"Hallo Sir, well done"}}
    """
    seen: list[str] = []
    with open_scripted(first, second) as peer:

        async def talk() -> None:
            desk = Desk(peer.url)
            turn = Watched([bytes(3200)] * 10)
            turn.commit(LONGEST)
            desk.open().take(turn)
            await desk.settle(turn)
            seen.extend(turn.seen)

        run(talk)
    assert all(later.startswith(earlier) for earlier, later in pairwise(seen))
    assert "Hello there" in seen and seen[-1] == "Hello there well done"


@pytest.mark.parametrize("script", [f"{GREETING}S< hang", "S< hang"])
def test_a_server_that_hangs_is_given_up_at_the_deadline(script: str) -> None:
    with open_scripted(script) as peer:

        async def talk() -> None:
            desk = Desk(peer.url, timeout=0.3, retries=9)
            line = desk.open()
            began = time.monotonic()
            error = error_of(await desk.say(line))
            assert error.code == "remote_timeout" and time.monotonic() - began < LONGEST / 2

        run(talk)


def test_a_deadline_begins_with_the_commit() -> None:
    begun = f'{GREETING}C> {{"type":"input_audio_buffer.commit"}}\nC> audio 0.2\nS< hang'
    with open_scripted(begun) as peer:

        async def talk() -> None:
            desk = Desk(peer.url)
            line = desk.open()
            turn = Turn([bytes(3200)])
            line.take(turn)
            line.wake()
            turn.frames.append(bytes(3200))
            line.wake()
            await asyncio.to_thread(wait_until, lambda: bool(peer.audio))
            turn.commit(0.05)
            line.wake()
            line.wake()
            assert "no answer within" in error_of(await desk.settle(turn)).message

        run(talk)


def test_a_kept_connection_that_died_costs_no_try() -> None:
    with open_scripted(
        GREETING + TURN + "S< close 1001", f"{GREETING}{TURN}S< drop", GREETING + TURN
    ) as peer:

        async def talk() -> None:
            desk = Desk(peer.url, retries=0)
            line = desk.open()
            for _ in range(3):
                assert (await desk.say(line)).error is None

        run(talk)
    assert len(peer.paths) == 3


def test_nobody_speaks_for_a_while_and_the_connection_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_file, "IDLE", 0.01)
    with open_scripted(GREETING + TURN) as peer:

        async def talk() -> None:
            desk = Desk(peer.url, places=1)
            line = desk.open()
            await desk.say(line)
            while line._task:
                await asyncio.wait([line._task])
            assert line._connection is None
            assert (await desk.say(line)).error is None

        run(talk)
    assert len(peer.paths) == 2


def test_who_leaves_hangs_up_and_may_come_again() -> None:
    begun = f'{GREETING}C> {{"type":"input_audio_buffer.commit"}}\nC> audio 0.1\n'
    with open_scripted(f'{begun}S< {{"type":"transcription.delta","delta":"x"}}', GREETING + TURN) as peer:

        async def talk() -> None:
            desk = Desk(peer.url, places=1)
            line = desk.open()
            left = Watched([bytes(3200)])
            line.take(left)
            await left.heard.wait()
            line.take(Turn())
            line.leave()
            line.leave()
            assert (await desk.say(line)).error is None
            assert not left.settled

        run(talk)
    assert len(peer.paths) == 2


def test_a_line_that_is_not_used_gives_its_place_to_who_needs_one() -> None:
    with open_scripted(GREETING + TURN) as peer:

        async def talk() -> None:
            desk = Desk(peer.url, places=2)
            lines = [desk.open() for _ in range(4)]
            for line in (*lines, *lines):
                assert (await desk.say(line)).error is None

        run(talk)
    assert len(peer.paths) == 8


def test_who_finds_all_places_taken_waits_for_one() -> None:
    with open_scripted(GREETING + TURN) as peer:

        async def talk() -> None:
            desk = Desk(peer.url, places=1)
            turns = await asyncio.gather(*(desk.say(desk.open()) for _ in range(5)))
            assert [turn.error for turn in turns] == [None] * 5

        run(talk)


def test_who_waits_for_a_place_in_vain_is_told_so() -> None:
    with open_scripted(f"{GREETING}S< hang") as peer:

        async def talk() -> None:
            desk = Desk(peer.url, places=1, requests=1, timeout=0.3)
            first, second = desk.open(), desk.open()
            first.take(Turn([bytes(3200)]))
            error = error_of(await desk.say(second))
            assert error.code == "remote_overloaded"
            assert "all 1 connections were busy for 0.3 s; remote.gpu.requests allows more" in error.message

        run(talk)


def test_a_mistake_of_ours_is_an_error_of_the_turn_and_the_next_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def break_down(*_: object) -> None:
        monkeypatch.undo()
        raise KeyError("oh")

    with open_scripted(GREETING + TURN) as peer:

        async def talk() -> None:
            desk = Desk(peer.url, places=1)
            line = desk.open()
            monkeypatch.setattr(line_file, "connect", break_down)
            assert "KeyError: 'oh'" in error_of(await desk.say(line)).message
            assert (await desk.say(line)).error is None

        run(talk)
    assert "a connection to a remote engine broke" in caplog.text
