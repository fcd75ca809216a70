"""``saywire listen``: live text from a microphone, from what plays, from both at once, a file or a pipe."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import ExitStack, aclosing
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Protocol

import typer
from rich.console import Console

from ..client.saving import Saved, open_all
from ..client.together import hear_all
from ..errors import SaywireError
from ..messages import Event, Failed, Final, Finished
from ..protocols.dashscope.corpus import find_hotwords
from ..server.run import run
from ..types import RATE
from . import flags
from .captions import Captions
from .devices import print_devices
from .hearing import Hearing, There, hear_here, hear_there
from .interrupts import interruptible
from .lines import Lines
from .voices import Voice, Wishes, name_voices, open_voices

INTERRUPTED = 130
"""Exit code of whoever was stopped before the end."""


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
        typer.Option(metavar="FILE", help="Write .txt, .srt, .vtt, .jsonl or .json as it goes; repeatable."),
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
    server: Annotated[
        str, typer.Option(metavar="URL", help="Let a server write it down: http://HOST:PORT, wss://HOST/...")
    ] = "",
    wire: Annotated[str, typer.Option(help="The server's, where its address does not tell it.")] = "",
    key_env: Annotated[
        str, typer.Option(metavar="NAME", help="The environment variable that holds the server's key.")
    ] = "",
    ca: Annotated[
        Path | None, typer.Option(metavar="FILE", help="PEM of the authorities to trust for the server.")
    ] = None,
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
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    wishes = Wishes(source or ["mic"], device or (), labels, rate, chunk_sec)
    silence = None if endpoint_silence_ms is None else endpoint_silence_ms / 1000
    given = {"engine.language": language, "turns.silence": silence}
    words = find_hotwords(hotwords)
    if server:
        settings = flags.load(config, sets, given).config
        hearing = hear_there(There(server, wire, key_env, ca), settings, model, words, len(wishes.sources))
    else:
        settings = flags.load(config, sets, given | {"engine.model": model}).config
        hearing = hear_here(settings, model_dir, words, len(wishes.sources))
    names = name_voices(wishes.sources, labels)
    with ExitStack() as stack:
        teller: Teller = Lines(f"saywire.{mode}.{hearing.name}", mode.value, names)
        if not events:
            teller = stack.enter_context(Captions(Console(highlight=False, soft_wrap=True), names))
        voices = open_voices(wishes, teller.note)
        stack.callback(stop, voices)
        minutes = Minutes(teller, open_all(save or (), force, teller.note))
        try:
            run(_listen(hearing, voices, minutes))
        except asyncio.CancelledError as e:
            raise typer.Exit(INTERRUPTED) from e
        finally:
            minutes.close()
    if not minutes.well:
        raise typer.Exit(1)


def stop(voices: Sequence[Voice]) -> None:
    for voice in voices:
        voice.stop()


class Teller(Protocol):
    """How what is heard is told."""

    def tell(self, label: str, event: Event) -> None: ...

    def fail(self, label: str, error: SaywireError) -> None: ...

    def note(self, text: str) -> None:
        """From any thread."""


class Minutes:
    """What is told and kept of what was heard, and whether all went well."""

    def __init__(self, teller: Teller, saves: Sequence[Saved]) -> None:
        self.well = True
        self.teller = teller
        self._saves = saves
        self._seconds = 0.0

    def take(self, label: str, event: Event | SaywireError) -> None:
        if isinstance(event, SaywireError):
            self.well = False
            self.teller.fail(label, event)
            return
        self.teller.tell(label, event)
        match event:
            case Final():
                for saved in self._saves:
                    saved.add(event, label)
            case Failed():
                self.well = False
            case Finished(seconds):
                self._seconds = max(self._seconds, seconds)

    def close(self) -> None:
        written = [saved.close(self._seconds) for saved in self._saves]
        self.well = self.well and all(written)


async def _listen(hearing: Hearing, voices: Sequence[Voice], minutes: Minutes) -> None:
    """Until all voices have ended, or somebody presses Ctrl-C and the last final is there."""

    def end() -> None:
        minutes.teller.note("ending; once more to end at once")
        stop(voices)

    with interruptible(end):
        async with hearing.start() as hear:
            heard = hear_all({voice.label: hear(voice.blocks) for voice in voices})
            async with aclosing(heard) as events:
                async for label, event in events:
                    minutes.take(label, event)
