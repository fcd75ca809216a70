"""``saywire relay``: captures here, has a server elsewhere write it down, keeps what is said while it is
away."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

import typer
from rich.console import Console

from ..client.capture.base import Kind
from ..client.capture.blocks import Blocks
from ..client.capture.choose import capture
from ..client.connection import KEY_VARIABLE
from ..client.dial import Dial, to_address
from ..client.saving import Saved, open_all, set_aside
from ..client.sources import open_stdin
from ..errors import BadRequest, ModelError, SaywireError
from ..messages import Event, Final
from ..protocols.dashscope.corpus import find_hotwords
from ..relay.audience import Audience, Everybody, State, mark, recall
from ..relay.journal import Gap
from ..relay.page import Page
from ..relay.relay import Relay
from ..relay.source import BLOCK, Source, file_source, pipe_source
from ..relay.spool import SMALLEST, DiskFailed
from ..runtime.locks import locked
from ..runtime.places import find_data
from ..server.run import run
from ..types import RATE, Options, Turns
from . import flags, listen_flags, relay_flags
from .captions import Captions
from .interrupts import interruptible

PORT = 8765
"""Where pages of LLM-Realtime-ASR look for it."""
LIMIT = "1GB"
UNITS = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
INTERRUPTED = 130
"""Exit code of whoever was stopped twice."""


def relay(
    source: relay_flags.Source = "system",
    server: relay_flags.Servers = None,
    model: flags.Model = None,
    language: flags.Language = None,
    hotwords: listen_flags.Hotwords = "",
    endpoint_silence_ms: listen_flags.Silence = None,
    save: listen_flags.Save = None,
    force: listen_flags.Force = False,
    spool: relay_flags.Spool = None,
    spool_limit: relay_flags.Limit = LIMIT,
    port: relay_flags.Port = PORT,
    origin: relay_flags.Origins = None,
    wait: relay_flags.Wait = False,
    device: relay_flags.Device = "",
    rate: listen_flags.Rate = RATE,
    ca: listen_flags.Authorities = None,
) -> None:
    """Write down, by a server elsewhere, what is said or played here.

    While it is away audio is kept on disk. Its key is in SAYWIRE_API_KEY, if it wants one. Exits with 1 when
    audio was lost or waits in the spool.
    """
    dial = Dial(tuple(map(to_address, server or ["http://127.0.0.1:8000"])), os.environ.get(KEY_VARIABLE), ca)
    turns = Turns() if endpoint_silence_ms is None else Turns(silence=endpoint_silence_ms / 1000)
    options = Options(model, language, hotwords=find_hotwords(hotwords), turns=turns)
    folder, limit = spool or find_data(os.environ) / "relay", to_limit(spool_limit)
    with ExitStack() as stack:
        hold(folder, stack)
        desk, page = Desk(stack.enter_context(Captions(Console(highlight=False, soft_wrap=True)))), Page()
        everybody = Everybody([desk, page])
        made = Relay(dial, options, folder, limit, find_source(source, rate, device, desk), everybody)
        desk.open(save or (), force, made)
        recall(made.journal, everybody)
        desk.go_on(made.seconds)
        try:
            well = run(_relay(made, page, port, origin or [], desk, not wait))
        except asyncio.CancelledError as e:
            raise typer.Exit(INTERRUPTED) from e
        saved = [each.close(made.seconds) for each in desk.saves]
    if not (well and desk.well and all(saved)) or made.state.lost:
        raise typer.Exit(1)


def hold(folder: Path, stack: ExitStack) -> None:
    """Alone, until the stack ends. Raises BadRequest, and DiskFailed where it cannot be written to."""
    try:
        stack.enter_context(locked(folder / "lock", lambda: refuse(folder)))
    except ModelError as e:
        raise DiskFailed(f"cannot write to {folder}: {e.__cause__}; give the relay another --spool") from e


def refuse(folder: Path) -> None:
    raise BadRequest(f"another relay uses {folder}; give this one a --spool of its own")


def to_limit(size: str) -> int:
    """Raises BadRequest."""
    limit = to_bytes(size)
    if limit < SMALLEST:
        raise BadRequest(f"a spool of {size} is too small, for it must hold two minutes: {SMALLEST / 1e6} MB")
    return limit


def to_bytes(size: str) -> int:
    """Raises BadRequest."""
    number, unit = size.strip()[:-2], size.strip()[-2:].upper()
    if unit not in UNITS or not number.strip().replace(".", "", 1).isdecimal():
        raise BadRequest(f"'{size}' is no size; write it as in 500MB or 2GB")
    return round(float(number) * UNITS[unit])


def find_source(name: str, rate: int, device: str, audience: Audience) -> Source:
    match name:
        case "mic" | "system":

            def listen(known: int) -> Blocks:
                blocks = capture(Kind(name), device, BLOCK, audience.warn)
                audience.warn(f"listening to {blocks.name}")
                return blocks

            return Source(name, listen)
        case "-":
            return pipe_source(open_stdin(), rate)
        case _:
            return file_source(Path(name))


class Desk:
    """An audience of the one who sits there, and of the files that keep what is said."""

    def __init__(self, captions: Captions) -> None:
        self.saves: Sequence[Saved] = ()
        self.well = True
        """Whether capturing has not failed."""
        self._captions = captions
        self._recalls = True

    def open(self, paths: Sequence[Path], force: bool, made: Relay) -> None:
        """The files. Who goes on writes them anew, but for what the journal does not know any more. Raises
        BadRequest."""
        for path in paths if made.journal.left_out.finals else ():
            if aside := set_aside(path):
                self.warn(f"{path} goes on with the last days; those before are in {aside}")
        self.saves = open_all(paths, force or made.went_on, self.warn)

    def go_on(self, seconds: float) -> None:
        """What was heard before, so many seconds, is told: from now on each final is written at once."""
        self._recalls = False
        for saved in self.saves:
            saved.close(seconds)

    def hear(self, event: Event, captured: float) -> None:
        self._captions.tell("", event)
        if isinstance(event, Final):
            for saved in self.saves:
                saved.add(event, now=not self._recalls)

    def lose(self, gap: Gap) -> None:
        self.hear(mark(gap), gap.end)

    def see(self, state: State) -> None:
        """It has the page for that."""

    def warn(self, message: str) -> None:
        self._captions.note(message)

    def fail(self, error: SaywireError) -> None:
        self.well = False
        self.warn(f"capturing has failed: {error.message}")


async def _relay(made: Relay, page: Page, port: int, origins: Sequence[str], desk: Desk, begin: bool) -> bool:
    async with AsyncExitStack() as stack:
        address = await stack.enter_async_context(page.serve(made, port, origins))
        stack.enter_context(interruptible(made.stop))
        desk.warn(f"captions at {address}")
        if made.went_on:
            desk.warn("a relay was ended before its time; this one goes on with what it left")
        well = await made.run(begin)
    if not well:
        desk.warn(f"{made.kept:.1f} s of audio wait to be written down; start again for that")
    return well
