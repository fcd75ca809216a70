"""``saywire listen``: live text from a microphone, from what plays, from both at once, a file or a pipe."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import ExitStack, aclosing
from pathlib import Path
from typing import Protocol

import typer
from rich.console import Console

from ..client.saving import Saved, open_all
from ..client.together import hear_all
from ..errors import SaywireError
from ..messages import Event, Failed, Final, Finished
from ..protocols.dashscope.corpus import find_hotwords
from ..server.run import run
from ..types import RATE
from . import flags, listen_flags
from .captions import Captions
from .devices import print_devices
from .hearing import Hearing, There, hear_here, hear_there
from .interrupts import interruptible
from .lines import Lines
from .listen_flags import Mode
from .voices import Voice, Wishes, name_voices, open_voices

INTERRUPTED = 130
"""Exit code of whoever was stopped before the end."""


def listen(
    source: listen_flags.Sources = None,
    devices: listen_flags.Devices = False,
    device: listen_flags.Device = None,
    save: listen_flags.Save = None,
    force: listen_flags.Force = False,
    labels: listen_flags.Labels = "",
    events: listen_flags.Events = False,
    mode: listen_flags.Modes = Mode.STREAMING,
    chunk_sec: listen_flags.Chunk = 0.1,
    endpoint_silence_ms: listen_flags.Silence = None,
    hotwords: listen_flags.Hotwords = "",
    model_dir: listen_flags.Folder = None,
    rate: listen_flags.Rate = RATE,
    server: listen_flags.Server = "",
    wire: listen_flags.Wire = "",
    key_env: listen_flags.KeyName = "",
    ca: listen_flags.Authorities = None,
    model: flags.Model = None,
    language: flags.Language = None,
    config: flags.ConfigFile = None,
    sets: flags.Sets = None,
) -> None:
    """Write down what is said, while it is said. Ctrl-C ends it with the last final, twice at once.

    Exits with 1 when something of it failed, with 2 when it could not begin.
    """
    if devices:
        print_devices(Console(highlight=False, soft_wrap=True))
        return
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    wishes = Wishes(source or ["mic"], device or (), labels, rate, chunk_sec)
    silence = None if endpoint_silence_ms is None else endpoint_silence_ms / 1000
    here = None if server else model
    given = {"engine.language": language, "turns.silence": silence, "engine.model": here}
    settings = flags.load(config, sets, given).config
    words, voices = find_hotwords(hotwords), len(wishes.sources)
    if server:
        hearing = hear_there(There(server, wire, key_env, ca), settings, model, words, voices)
    else:
        hearing = hear_here(settings, model_dir, words, voices)
    kept = _keep(wishes, hearing, mode if events else None, save or (), force)
    if not kept.well:
        raise typer.Exit(1 if kept.begun else 2)


def _keep(
    wishes: Wishes, hearing: Hearing, events: Mode | None, saves: Sequence[Path], force: bool
) -> Minutes:
    """``events``: in which mode, instead of captions."""
    names = name_voices(wishes.sources, wishes.labels)
    with ExitStack() as stack:
        if events:
            teller: Teller = Lines(f"saywire.{events}.{hearing.name}", events.value, names)
        else:
            teller = stack.enter_context(Captions(Console(highlight=False, soft_wrap=True), names))
        voices = open_voices(wishes, teller.note)
        stack.callback(stop, voices)
        minutes = Minutes(teller, open_all(saves, force, teller.note))
        try:
            run(_listen(hearing, voices, minutes))
        except asyncio.CancelledError as e:
            raise typer.Exit(INTERRUPTED) from e
        finally:
            minutes.close()
    return minutes


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
    """What is told and kept of what was heard."""

    def __init__(self, teller: Teller, saves: Sequence[Saved]) -> None:
        self.begun = False
        """Whether anything was heard."""
        self.well = True
        """Whether nothing failed."""
        self.teller = teller
        self._saves = saves
        self._seconds = 0.0

    def take(self, label: str, event: Event | SaywireError) -> None:
        if isinstance(event, SaywireError):
            self.well = False
            self.teller.fail(label, event)
            return
        self.begun = self.begun or not isinstance(event, Finished) or event.seconds > 0
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
