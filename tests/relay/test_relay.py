"""The relay against a real server and engine, over a line that can be cut."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from cli.program import served
from relay.desk import Crowd, Feed, Gate
from saywire import messages as m
from saywire.client.dial import Dial
from saywire.client.samples import find_sample
from saywire.client.sources import Ear, Stoppable
from saywire.errors import BadAudio, SaywireError
from saywire.relay import spool
from saywire.relay.audience import recall
from saywire.relay.relay import SEAM, Relay
from saywire.relay.source import Passing, Source
from saywire.relay.spool import DiskFailed
from saywire.types import RATE, Options, Samples

OPTIONS = Options(language="en")
SMALL = 20 * RATE * 2
"""Bytes of a small spool."""
HALF = 5 * RATE
"""In mid-sentence."""


def commands() -> Samples:
    return find_sample("commands").read()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of its realtime wire."""
    with served(tmp_path_factory.mktemp("home"), "--model", "tiny") as at:
        yield f"ws://{at}/v1/realtime"


def in_time(test: Callable[[Desk], Awaitable[None]]) -> Callable[[str, Path], None]:
    """At a desk of its own."""

    def run(server: str, tmp_path: Path) -> None:
        async def bounded() -> None:
            gate = Gate(server)
            async with asyncio.timeout(120), gate.stand() as address:
                await test(Desk(gate, address, tmp_path))

        asyncio.run(bounded())

    return run


class Desk:
    """A line to a server, and relays that use it, one after the other."""

    def __init__(self, gate: Gate, address: str, folder: Path) -> None:
        self.gate = gate
        self.address = address
        self.folder = folder

    def relay(
        self,
        source: Source,
        crowd: Crowd,
        options: Options = OPTIONS,
        limit: int = 10**9,
        folder: str = "spool",
    ) -> Relay:
        return Relay(Dial((self.address,)), options, self.folder / folder, limit, source, crowd)

    async def whole(self, audio: Samples, options: Options = OPTIONS) -> list[m.Final]:
        """What is said of it when nothing breaks."""
        feed, crowd = Feed(), Crowd()
        feed.give(audio)
        feed.end()
        was_open, self.gate._open = self.gate._open, True
        assert await self.relay(feed.source, crowd, options, folder="whole").run()
        self.gate._open = was_open
        return crowd.finals

    @property
    def left(self) -> list[str]:
        return sorted(path.name for path in (self.folder / "spool").rglob("*") if path.is_file())


@in_time
async def test_what_is_captured_is_written_down_and_nothing_is_left(place: Desk) -> None:
    place.gate.open()
    feed, crowd = Feed(), Crowd()
    feed.give(commands())
    feed.end()
    relay = place.relay(feed.source, crowd)
    assert await relay.run()
    assert [final.text for final in crowd.finals][:2] == ["hello computer", "play one two three"]
    assert place.left == [] and not crowd.warnings
    assert relay.state.lost == 0 and crowd.captured and not crowd.states[-1].connected


@in_time
async def test_a_server_that_is_away_in_mid_stream_changes_nothing(place: Desk) -> None:
    audio = commands()
    expected = await place.whole(audio)
    feed, crowd = Feed(), Crowd()
    running = asyncio.create_task(place.relay(feed.source, crowd).run())
    await crowd.until(lambda: any("server is away" in warning for warning in crowd.warnings))
    place.gate.open()
    feed.give(audio[:HALF])
    await crowd.until(lambda: crowd.finals)
    place.gate.shut()
    await crowd.until(lambda: not crowd.states[-1].connected)
    feed.give(audio[HALF:])
    feed.end()
    await crowd.until(lambda: crowd.captured)
    assert place.left and crowd.states[-1].waiting > 8
    place.gate.open()
    assert await running
    assert crowd.finals == expected and place.left == []
    assert [warning for warning in crowd.warnings if "there again" in warning]


@in_time
async def test_a_relay_that_is_killed_is_gone_on_with_by_the_next(place: Desk) -> None:
    """Cut off without an end, in the middle of a file, once before a final was heard and once after."""
    audio = commands()
    expected = await place.whole(audio)
    first, before = Feed("file", live=False), Crowd()
    running = asyncio.create_task(place.relay(first.source, before).run())
    first.give(audio[:HALF])
    await before.until(lambda: before.states and before.states[-1].waiting > 4)
    await kill(running, first)
    place.gate.open()
    second, middle = Feed("file", live=False), Crowd()
    relay = place.relay(second.source, middle)
    running = asyncio.create_task(relay.run())
    second.give(audio[: 2 * HALF])
    await middle.until(lambda: len(middle.finals) == 2)
    await kill(running, second)
    assert relay.went_on and HALF // 2 < second.opened[0] <= HALF
    third, after = Feed("file", live=False), Crowd()
    relay = place.relay(third.source, after)
    recall(relay.journal, after)
    third.give(audio)
    third.end()
    assert await relay.run()
    assert after.finals == expected and second.opened[0] <= third.opened[0] <= 2 * HALF
    assert place.left == []


async def kill(running: asyncio.Task[bool], feed: Feed) -> None:
    """As nearly as it goes in one process: no order is given, nothing is written."""
    running.cancel()
    feed.end()
    await asyncio.gather(running, return_exceptions=True)


@in_time
async def test_what_goes_on_from_a_live_source_is_kept_apart(place: Desk) -> None:
    place.gate.open()
    feed, crowd = Feed(), Crowd()
    relay = place.relay(feed.source, crowd)
    running = asyncio.create_task(relay.run())
    feed.give(commands()[: 4 * RATE])
    await crowd.until(lambda: crowd.finals and relay.seconds == 4)
    relay.rest()
    feed.give(np.zeros(1600, np.float32))  # what is being waited for when it is told to rest
    await crowd.until(lambda: len(crowd.finals) == 2)
    assert not relay.state.capturing
    relay.capture()
    feed.give(commands()[: 4 * RATE])
    feed.end()
    assert await running
    texts = [final.text for final in crowd.finals]
    assert texts[0] == texts[2] == "hello computer" and len(texts) == 4
    seam = SEAM + OPTIONS.turns.silence
    assert abs(crowd.finals[2].start - crowd.finals[0].start - 4 - 2 * seam) < 0.3


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "SMALLEST", SMALL)


@pytest.mark.usefixtures("small")
@in_time
async def test_a_full_spool_loses_the_oldest_and_says_so(place: Desk) -> None:
    """What is left is what was said last."""
    audio = commands()
    feed, crowd = Feed(), Crowd()
    relay = place.relay(feed.source, crowd, limit=SMALL)
    running = asyncio.create_task(relay.run())
    for _ in range(4):
        feed.give(audio)
    feed.end()
    await crowd.until(lambda: crowd.captured)
    await crowd.until(lambda: any("spool is full" in warning for warning in crowd.warnings))
    size = sum(path.stat().st_size for path in (place.folder / "spool" / "audio").iterdir())
    assert SMALL * 7 / 8 <= size <= SMALL
    assert 34 < crowd.states[-1].lost < 37 and 17 < crowd.states[-1].waiting <= 20
    place.gate.open()
    assert await running
    [gap] = crowd.gaps
    assert gap.start == 0 and gap.end == relay.state.lost == crowd.states[-1].lost
    [failed] = crowd.failed
    assert failed.error.message == f"{gap.end:.1f} s of audio are lost, from 0.0 s to {gap.end:.1f} s"
    assert min(final.start for final in crowd.finals) >= gap.end and crowd.finals[-1].text == "cancel"
    after = 3 * len(audio) / RATE
    starts = [final.start - after for final in crowd.finals if final.start > after]
    expected = [final.start for final in await place.whole(audio)]
    assert len(starts) == len(expected)
    assert all(abs(one - other) < 0.1 for one, other in zip(starts, expected, strict=True))
    assert place.left == []


@pytest.mark.usefixtures("small")
@in_time
async def test_audio_that_is_lost_ends_the_utterance_it_was_in(place: Desk) -> None:
    place.gate.open()
    feed, crowd = Feed(), Crowd()
    running = asyncio.create_task(place.relay(feed.source, crowd, limit=SMALL).run())
    feed.give(commands()[: int(3.5 * RATE)])
    await crowd.until(lambda: any(isinstance(e, m.Partial) and e.utterance == 1 for e in crowd.events))
    place.gate.shut()
    await crowd.until(lambda: not crowd.states[-1].connected)
    for _ in range(3):
        feed.give(commands())
    feed.end()
    await crowd.until(lambda: crowd.captured)
    place.gate.open()
    assert await running
    assert m.Cleared(1) in crowd.events and len(crowd.gaps) == 1
    ended = [e.utterance for e in crowd.events if isinstance(e, m.Final | m.Cleared)]
    assert ended == list(range(len(ended))) and crowd.finals[-1].text == "cancel"


@in_time
async def test_who_is_stopped_while_the_server_is_away_leaves_the_rest_for_later(place: Desk) -> None:
    audio = commands()
    feed, crowd = Feed(), Crowd()
    relay = place.relay(feed.source, crowd)
    running = asyncio.create_task(relay.run())
    feed.give(audio)
    feed.end()
    await crowd.until(lambda: crowd.states and crowd.states[-1].waiting > 13)
    relay.stop()
    assert not await running and place.left
    place.gate.open()
    rest, after = Feed(), Crowd()
    rest.end()
    assert await place.relay(rest.source, after).run()
    assert after.finals == await place.whole(audio) and place.left == []


@in_time
async def test_a_file_waits_for_a_server_that_is_away(place: Desk) -> None:
    audio = np.concatenate([commands()] * 3)
    feed, crowd = Feed("file", live=False), Crowd()
    feed.give(audio)
    feed.end()
    running = asyncio.create_task(place.relay(feed.source, crowd).run())
    await crowd.until(lambda: len([w for w in crowd.warnings if "server is away" in w]))
    await crowd.until(lambda: crowd.states[-1].waiting > 9)
    place.gate.open()
    assert await running
    assert max(state.waiting for state in crowd.states) < 11
    assert crowd.finals == await place.whole(audio)


@in_time
async def test_a_stop_waits_for_the_last_words(place: Desk) -> None:
    place.gate.open()
    feed, crowd = Feed(), Crowd()
    relay = place.relay(feed.source, crowd)
    running = asyncio.create_task(relay.run())
    feed.give(commands()[: 2 * RATE])
    await crowd.until(lambda: any(isinstance(event, m.Partial) for event in crowd.events))
    relay.stop()
    feed.end()
    assert await running and [final.text for final in crowd.finals] == ["hello computer"]


@in_time
async def test_what_speaks_against_the_session_from_the_first_is_raised(place: Desk) -> None:
    place.gate.open()
    feed, crowd = Feed(), Crowd()
    with pytest.raises(SaywireError, match="no model 'nonsense'"):
        feed.end()
        await place.relay(feed.source, crowd, Options("nonsense")).run()
    assert not place.left


@in_time
async def test_an_address_of_the_wrong_scheme_is_no_server_that_is_away(place: Desk) -> None:
    place.gate.open()
    place.address = place.address.replace("ws:", "wss:")
    feed, crowd = Feed(), Crowd()
    with pytest.raises(SaywireError, match="no TLS is spoken there; write http://"):
        await place.relay(feed.source, crowd).run()
    assert not crowd.warnings and not place.left


@in_time
async def test_a_source_that_fails_ends_the_session_unless_others_may_begin_it_anew(place: Desk) -> None:
    place.gate.open()
    feed, crowd = Feed(), Crowd()
    feed.give(commands()[: 2 * RATE])
    feed.end(BadAudio("it was unplugged"))
    assert await place.relay(feed.source, crowd).run()
    assert [final.text for final in crowd.finals] == ["hello computer"]
    assert [error.message for error in crowd.failures] == ["it was unplugged"]
    relay = place.relay(feed.source, crowd)
    running = asyncio.create_task(relay.run(capture=False))
    relay.capture()
    feed.end(BadAudio("it was unplugged"))
    await crowd.until(lambda: len(crowd.failures) == 2)
    relay.capture()
    feed.give(commands()[: 2 * RATE])
    await crowd.until(lambda: crowd.states[-1].capturing)
    relay.stop()
    feed.end()
    await running


@in_time
async def test_a_disk_that_takes_nothing_ends_it_and_what_was_kept_is_heard_later(place: Desk) -> None:
    feed, crowd = Feed(), Crowd()
    relay = place.relay(feed.source, crowd)
    running = asyncio.create_task(relay.run())
    feed.give(commands())
    feed.end()
    await crowd.until(lambda: crowd.states and crowd.states[-1].waiting > 13)
    relay.journal.close()
    relay.journal._file = relay.journal._path.open("rb", buffering=0)  # not for writing
    place.gate.open()
    with pytest.raises(DiskFailed, match="cannot write"):
        await running
    again, after = Feed(), Crowd()
    again.end()
    assert await place.relay(again.source, after).run()
    assert [final.text for final in after.finals][:1] == ["hello computer"]


@in_time
async def test_a_disk_that_takes_nothing_from_the_first_ends_it_too(place: Desk) -> None:
    feed, crowd = Feed(), Crowd()
    relay = place.relay(feed.source, crowd)
    relay.journal.close()
    relay.journal._file = relay.journal._path.open("rb", buffering=0)
    feed.end()
    with pytest.raises(DiskFailed, match="cannot write"):
        await relay.run()


@in_time
async def test_a_source_that_breaks_its_word_is_no_silence(place: Desk) -> None:
    def open_nothing(known: int) -> Stoppable:
        raise RuntimeError("a bug in a back end")

    place.gate.open()
    with pytest.raises(RuntimeError, match="a bug"):
        await place.relay(Source("mic", open_nothing), Crowd()).run()


@in_time
async def test_a_source_that_gives_nothing_is_raised_though_no_server_is_there(place: Desk) -> None:
    feed, crowd = Feed(), Crowd()
    feed.end(BadAudio("there is no microphone"))
    with pytest.raises(BadAudio, match="there is no microphone"):
        await place.relay(feed.source, crowd).run()
    assert place.left == [] and not crowd.failures


class Slow(Feed):
    """A device that takes its time; what it gave is never given again."""

    def __init__(self) -> None:
        super().__init__()
        self.waited, self.may = threading.Event(), threading.Event()
        self.opened = threading.Semaphore(0)
        self.ears: list[Ear] = []
        self._passing = Passing(self._take())
        self.source = Source("mic", self._listen)

    def _listen(self, known: int) -> Ear:
        self.waited.set()
        assert self.may.wait(100)
        self.ears.append(self._passing.listen())
        self.opened.release()
        return self.ears[-1]


@in_time
async def test_a_stop_and_a_start_while_a_device_is_opened_change_nothing(place: Desk) -> None:
    place.gate.open()
    feed, crowd = Slow(), Crowd()
    relay = place.relay(feed.source, crowd)
    running = asyncio.create_task(relay.run(capture=False))
    relay.capture()
    await asyncio.to_thread(feed.waited.wait)
    relay.rest()
    relay.capture()
    feed.may.set()
    feed.give(commands()[: 2 * RATE])
    await crowd.until(lambda: crowd.states and crowd.states[-1].capturing and crowd.states[-1].connected)
    relay.stop()
    feed.end()
    assert await running and len(feed.ears) == 1


@in_time
async def test_a_stop_and_a_start_at_once_are_no_end(place: Desk) -> None:
    place.gate.open()
    feed, crowd = Slow(), Crowd()
    feed.may.set()
    relay = place.relay(feed.source, crowd)
    running = asyncio.create_task(relay.run())
    feed.give(commands()[: 2 * RATE])
    await crowd.until(lambda: any(isinstance(event, m.Partial) for event in crowd.events))
    for _ in range(3):
        relay.rest()
        relay.capture()
    await crowd.until(lambda: len(crowd.finals) == 1)
    for _ in range(2):
        await asyncio.to_thread(feed.opened.acquire)
    feed.give(commands()[: 2 * RATE])
    feed.end()
    assert await running
    assert [final.text for final in crowd.finals] == ["hello computer"] * 2 and len(feed.ears) == 2


@in_time
async def test_who_ends_while_a_device_is_opened_does_not_leave_it_open(place: Desk) -> None:
    feed, crowd = Slow(), Crowd()
    running = asyncio.create_task(place.relay(feed.source, crowd).run())
    await asyncio.to_thread(feed.waited.wait)
    running.cancel()
    feed.may.set()
    await asyncio.gather(running, return_exceptions=True)
    assert feed.ears[0].stopped
    feed.end()
