"""The flags of ``saywire listen``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Mode(StrEnum):
    STREAMING = "streaming"
    SLICED = "sliced"


Sources = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[mic | system | mic system | FILE | -]",
        help="system is what plays; - is 16-bit PCM, or a WAV, on stdin. Without any: mic.",
    ),
]
Devices = Annotated[bool, typer.Option("--devices", help="List what can be captured, and end.")]
Device = Annotated[
    list[str] | None,
    typer.Option(metavar="[mic=|system=]ID|NAME", help="The device, by its id or (a part of) its name."),
]
Save = Annotated[
    list[Path] | None,
    typer.Option(metavar="FILE", help="Write .txt, .srt, .vtt, .jsonl or .json as it goes; repeatable."),
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite the files of --save.")]
Labels = Annotated[str, typer.Option(help="Names of the voices, as in me,them.")]
Events = Annotated[bool, typer.Option("--events", help="One JSON object a line instead of captions.")]
Modes = Annotated[
    Mode, typer.Option(help="Of events: streaming has what may still change, sliced only what is sure.")
]
Chunk = Annotated[float, typer.Option(help="Seconds taken from the source at a time.", min=0.02, max=5)]
Silence = Annotated[int | None, typer.Option(help="Silence that ends an utterance.", min=50, max=60_000)]
Hotwords = Annotated[str, typer.Option(help="Words to prefer, with commas between them.")]
Folder = Annotated[Path | None, typer.Option(help="A folder with a model, instead of an installed one.")]
Rate = Annotated[int, typer.Option(help="Of PCM on stdin, in Hz.", min=4_000, max=768_000)]
Server = Annotated[
    str, typer.Option(metavar="URL", help="Let a server write it down: http://HOST:PORT, wss://HOST/...")
]
Wire = Annotated[str, typer.Option(help="The server's, where its address does not tell it.")]
KeyName = Annotated[
    str, typer.Option(metavar="NAME", help="The environment variable that holds the server's key.")
]
Authorities = Annotated[
    Path | None, typer.Option(metavar="FILE", help="PEM of the authorities to trust for the server.")
]
