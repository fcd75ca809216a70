"""``saywire listen``: live text from a microphone, from what plays, from both at once, a file or a pipe."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, aclosing, asynccontextmanager, nullcontext
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Protocol

import typer
from rich.console import Console

from ..client.saving import Saved, open_all
from ..client.together import hear_all
from ..config import Config
from ..engines import Entry, layout, make_entry
from ..errors import ModelError, SaywireError
from ..messages import Event, Failed, Final, Finished
from ..protocols.dashscope.corpus import find_hotwords
from ..runtime.files import read_file
from ..runtime.pool import Pool
from ..server.app import default_options
from ..server.run import run
from ..types import RATE, Options, Samples
from . import flags
from .captions import Captions
from .devices import print_devices
from .interrupts import interruptible
from .lines import Lines
from .voices import Voice, Wishes, open_voices


class Mode(StrEnum):
    STREAMING = "streaming"
    SLICED = "sliced"


def listen(
    source: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[mic | system | mic system | FILE | -]",
            help="system is what plays; - is 16-bit PCM, or a WAV, on stdin. Without any: mic.",
        ),
    ] = None,
    devices: Annotated[bool, typer.Option("--devices", help="List what can be captured, and end.")] = False,
    device: Annotated[
        list[str] | None,
        typer.Option(metavar="[mic=|system=]ID|NAME", help="The device, by its id or (a part of) its name."),
    ] = None,
    save: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Write a .txt, .srt, .vtt, .jsonl or .json as it goes; repeatable."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the files of --save.")] = False,
    labels: Annotated[str, typer.Option(help="Names of the voices, as in me,them.")] = "",
    events: Annotated[
        bool, typer.Option("--events", help="One JSON object a line instead of captions.")
    ] = False,
    mode: Annotated[
        Mode, typer.Option(help="Of events: streaming has what may still change, sliced only what is sure.")
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
    rate: Annotated[int, typer.Option(help="Of PCM on stdin, in Hz.", min=4_000, max=768_000)] = RATE,
    model: flags.Model = None,
    language: flags.Language = None,
    config: flags.ConfigFile = None,
    sets: flags.Sets = None,
) -> None:
    """Write down what is said, while it is said. Ctrl-C ends it with the last final, twice at once.

    Exits with 1 when something of it failed.
    """
    if devices:
        print_devices(Console(highlight=False, soft_wrap=True))
        return
    silence = None if endpoint_silence_ms is None else endpoint_silence_ms / 1000
    given = {"engine.model": model, "engine.language": language, "turns.silence": silence}
    wishes = Wishes(source or ["mic"], device or (), labels, rate, chunk_sec)
    hearing = hear_here(flags.load(config, sets, given).config, model_dir, language, hotwords, len(wishes.sources))
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    ...
