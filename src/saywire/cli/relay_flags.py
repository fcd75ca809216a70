"""The flags of ``saywire relay``, beside those that ``saywire listen`` has, too."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Source = Annotated[
    str,
    typer.Argument(
        metavar="mic|system|FILE|-", help="system is what plays; - is 16-bit PCM, or a WAV, on stdin."
    ),
]
Servers = Annotated[
    list[str] | None,
    typer.Option(metavar="URL", help="The saywire that writes it down; or several, called in turn."),
]
Spool = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="Where audio is kept until it is written down.")
]
Limit = Annotated[
    str, typer.Option(metavar="SIZE", help="The most of it, as in 500MB (4MB at least); an hour is 115 MB.")
]
Port = Annotated[int, typer.Option(help="Of the page and its websockets; 0: a free one.", min=0, max=65_535)]
Origins = Annotated[
    list[str] | None, typer.Option(help="A site whose pages may use them, beside this machine's.")
]
Wait = Annotated[bool, typer.Option("--wait", help="Capture only when a page asks for it.")]
Device = Annotated[
    str, typer.Option(metavar="ID|NAME", help="The device, by its id or (a part of) its name.")
]
