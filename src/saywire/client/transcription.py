"""A whole recording at once: ``saywire.transcribe``, by an engine on this machine or by a server."""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ..audio import container
from ..core.transcript import Transcript, to_transcript
from ..errors import BadAudio, BadRequest
from ..messages import Event, Failed, Final, Finished
from ..runtime.files import read_file
from ..runtime.pool import Pool
from ..settings import load
from ..types import RATE, Options, Samples, Turns
from . import sources
from .connection import connect, to_texts
from .hear import hear
from .sound import Door, Sound

Recording = str | os.PathLike[str] | BinaryIO | Sound
"""A file's name, an open file that can be sought in, or samples."""


def transcribe(
    recording: Recording,
    url: str | None = None,
    *,
    api_key: str | None = None,
    model: str | None = None,
    language: str | None = None,
    prompt: str = "",
    hotwords: Sequence[str] = (),
    turns: Turns | None = None,
    rate: int = RATE,
    ca: str | os.PathLike[str] | None = None,
) -> Transcript:
    """What is said in a recording; returns when all of it was heard.

    ``recording``: an audio or video file of any kind that FFmpeg reads, by name or open, or samples of
    ``rate`` Hz (mono floats in [-1, 1], 16-bit integers, or bytes of 16-bit PCM). Without ``url`` an engine
    on this machine hears it, as ``saywire transcribe`` does and with the same settings (``saywire.toml`` and
    the environment); its processes are started for this call and ended with it. With ``url`` the server there
    does; that and the rest are as in ``connect``. With asyncio, call it in a thread (``asyncio.to_thread``).

    Raises BadAudio for what is no recording or cannot be decoded, BadRequest in asyncio's loop, what
    ``connect`` raises, ConfigError for settings that are wrong, and the first error that takes the place of
    an utterance.
    """
    blocks = _read(recording, rate)
    options = Options(model, language, prompt, to_texts("hotwords", hotwords), turns=turns or Turns())
    if url is None:
        return _run(_hear_here(blocks, options, turns is not None))
    connection = connect(
        url,
        api_key=api_key,
        model=model,
        language=language,
        prompt=prompt,
        hotwords=hotwords,
        turns=turns,
        ca=ca,
    )
    return _run(hear(connection, blocks))


def _read(recording: Recording, rate: int) -> Iterator[Samples]:
    match recording:
        case str() | os.PathLike():
            return sources.read_file(Path(recording))
        case bytes() | bytearray() | memoryview() | np.ndarray():
            door = Door(rate)
            return iter((door.take(recording), door.flush()))
        case _ if hasattr(recording, "encoding"):
            raise BadAudio("the file was opened for its text; open it with 'rb'")
        case _ if hasattr(recording, "read"):
            return container.decode(recording, max_seconds=math.inf)
        case _:
            kind = type(recording).__name__
            raise BadAudio(f"a {kind} is no recording; give a file's name, an open file, or samples")


async def _hear_here(blocks: Iterator[Samples], options: Options, turned: bool) -> AsyncGenerator[Event]:
    """``turned``: whether turns were asked for; else those of the settings hold."""
    config = load(None, os.environ, {}).config
    named = config.engine
    config = replace(config, engine=replace(named, workers=1, preload=(), model=options.model or named.model))
    if not turned:
        options = replace(options, turns=config.turns)
    if options.language is None:
        options = replace(options, language=named.language)
    async with Pool(config) as pool, aclosing(read_file(pool, blocks, options)) as events:
        async for event in events:
            yield event


def _run(heard: AsyncGenerator[Event]) -> Transcript:
    """Raises BadRequest where a loop runs already, as in a notebook."""
    running = None
    with suppress(RuntimeError):
        running = asyncio.get_running_loop()
    if running:
        raise BadRequest("a loop runs here: await asyncio.to_thread(saywire.transcribe, ...)")
    return asyncio.run(_gather(heard))


async def _gather(heard: AsyncGenerator[Event]) -> Transcript:
    finals: list[Final] = []
    seconds = 0.0
    async with aclosing(heard) as events:
        async for event in events:
            match event:
                case Final():
                    finals.append(event)
                case Failed(error=error):
                    raise error
                case Finished(seconds):
                    pass
    return to_transcript(finals, seconds)
