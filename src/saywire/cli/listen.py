"""``saywire listen``: live text from a microphone, from what plays, from a file or a pipe."""

from __future__ import annotations

import logging
import secrets
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, BinaryIO, Protocol

import typer
from rich.console import Console

from ..client import sources
from ..client.capture.base import Kind
from ..client.capture.choose import capture
from ..client.measure import Heard
from ..config import Config
from ..core.voice_events import VoiceEvents
from ..engines import Entry, layout, make_entry
from ..errors import ModelError, SaywireError
from ..messages import Event, Failed
from ..protocols.dashscope.corpus import find_hotwords
from ..runtime.files import read_file
from ..runtime.pool import Pool
from ..server.app import default_options
from ..server.run import run
from ..types import RATE, Options, Samples
from . import flags
from .screen import Screen


class Mode(StrEnum):
    STREAMING = "streaming"
    SLICED = "sliced"


def listen(
    source: Annotated[
        str,
        typer.Argument(
            metavar="mic|system|FILE|-", help="system is what plays; - is 16-bit PCM, or a WAV, on stdin."
        ),
    ] = "mic",
    events: Annotated[
        bool, typer.Option("--events", help="One JSON object a line instead of captions.")
    ] = False,
    mode: Annotated[
        Mode, typer.Option(help="streaming shows what may still change, sliced only what is sure.")
    ] = Mode.STREAMING,
    chunk_sec: Annotated[
        float, typer.Option(help="Seconds taken from the source at a time.", min=0.02, max=5)
    ] = 0.1,
    endpoint_silence_ms: Annotated[
        int | None, typer.Option(help="Silence that ends an utterance.", min=50, max=60_000)
    ] = None,
    hotwords: Annotated[str, typer.Option(help="Words to prefer, with commas between them.")] = "",
    model_dir: Annotated[
        Path | None, typer.Option(help="A folder with a model, instead of an installed one.")
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="The microphone or loudspeaker, by its name or id.")
    ] = None,
    rate: Annotated[int, typer.Option(help="Of PCM on stdin, in Hz.", min=4_000, max=768_000)] = RATE,
    model: flags.Model = None,
    language: flags.Language = None,
    config: flags.ConfigFile = None,
    sets: flags.Sets = None,
) -> None:
    """Write down what is said, while it is said. Exits with 1 when something of it failed."""
    silence = None if endpoint_silence_ms is None else endpoint_silence_ms / 1000
    given = {"engine.model": model, "engine.language": language, "turns.silence": silence}
    settings = flags.load(config, sets, given).config
    entries = [find_model(model_dir, language)] if model_dir else None
    if entries:
        settings = replace(settings, engine=replace(settings.engine, model=entries[0].name))
    settings = replace(settings, engine=replace(settings.engine, workers=1, preload=()))
    options = replace(default_options(settings), hotwords=find_hotwords(hotwords))
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    named = entries[0].name if entries else flags.default_model(settings)
    blocks = open_source(source, rate, chunk_sec, device)
    if events:
        well = run(_listen(settings, entries, options, blocks, Lines(f"saywire.{mode}.{named}", mode)))
    else:
        captions = Captions(Console(highlight=False, soft_wrap=True))
        with captions.screen:
            well = run(_listen(settings, entries, options, blocks, captions))
    if not well:
        raise typer.Exit(1)


def find_model(folder: Path, language: str | None) -> Entry:
    """The model in a folder, as an engine. Raises EngineFailed or ModelError for what is none."""
    found = layout.recognise(folder)
    languages = (language,) if language else ()
    entry = make_entry(folder, folder.name, found.family, found.kind, languages, f"the model in {folder}")
    if entry is None:
        raise ModelError(f"{folder} has a model of family '{found.family}', which no engine here runs")
    return entry


def open_source(
    source: str, rate: int, seconds: float, device: str | None, stdin: BinaryIO = sys.stdin.buffer
) -> Iterator[Samples]:
    match source:
        case "mic" | "system":
            return capture(Kind(source), device or "", seconds)
        case "-":
            return sources.read_pipe(stdin, rate, seconds)
        case _:
            return sources.read_file(Path(source))


class Teller(Protocol):
    """How what is heard is told."""

    def tell(self, event: Event) -> None: ...

    def fail(self, error: SaywireError) -> None: ...


class Lines:
    """One JSON object a line on standard output, at once."""

    def __init__(self, source: str, mode: Mode) -> None:
        self._events = VoiceEvents(source, mode.value, lambda: secrets.token_hex(8), time.time)

    def tell(self, event: Event) -> None:
        if line := self._events.tell(event):
            print(line, flush=True)

    def fail(self, error: SaywireError) -> None:
        print(self._events.fail(error), flush=True)


class Captions:
    """For people; what went wrong on standard error."""

    def __init__(self, console: Console) -> None:
        self.screen = Screen(console)
        self._began = time.monotonic()

    def tell(self, event: Event) -> None:
        self.screen.show(Heard(event, time.monotonic() - self._began))

    def fail(self, error: SaywireError) -> None:
        print(f"saywire: {error.message}", file=sys.stderr)


async def _listen(
    settings: Config,
    entries: Sequence[Entry] | None,
    options: Options,
    blocks: Iterator[Samples],
    teller: Teller,
) -> bool:
    """Whether all went well."""
    well = True
    async with Pool(settings, entries) as pool:
        try:
            async with aclosing(read_file(pool, blocks, options)) as events:
                async for event in events:
                    well = well and not isinstance(event, Failed)
                    teller.tell(event)
        except SaywireError as error:
            teller.fail(error)
            return False
    return well
