"""The command line: each command has a file here that parses, calls and prints, and decides nothing.

This is the only place that imports a command, by name and when it is called: ``saywire --help`` must
answer at once, and most commands need the engines' and the server's libraries.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from .. import __version__
from ..errors import DISK_FULL, SaywireError

COMMANDS = {
    "demo": "Hear the samples recognised in real time, by a server that this starts.",
    "serve": "Run the server.",
    "listen": "Write down what is said, while it is said.",
    "relay": "Write down, by a server elsewhere, what is said or played here.",
    "transcribe": "Write down what is said in audio files.",
    "models": "List, install, check and remove models.",
    "doctor": "Tell what can run here, what cannot, and which settings hold.",
    "version": "Print the version.",
}
"""Name and first line of help; each is the function, or group, of that name in the module of that name."""


class Commands(TyperGroup):
    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Put the real command in its placeholder's place."""
        if args[0] in COMMANDS:
            self.add_command(load(args[0]), args[0])
        return super().resolve_command(ctx, args)


def load(name: str) -> Any:
    """The command, as typer's group wants it."""
    found = getattr(importlib.import_module(f"{__name__}.{name}"), name)
    if isinstance(found, typer.Typer):  # a group of commands
        return get_command(found)
    one = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    one.command(name)(found)
    return get_command(one)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


def _start(
    version: bool = typer.Option(
        False, "--version", is_eager=True, callback=_print_version, help="Print the version."
    ),
) -> None:
    """Self-hosted real-time speech recognition."""


app = typer.Typer(cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.callback()(_start)
for _name, _summary in COMMANDS.items():
    app.command(_name, help=_summary)(lambda: None)


def main() -> None:
    """The program. Exit codes: 0 done, 1 done in part or not well, 2 refused, 130 interrupted."""
    open_standard()
    try:
        app()
    except SaywireError as error:
        print(f"saywire: {error.message}", file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
        print(f"saywire: the output cannot be written: {error.strerror}", file=sys.stderr)
        sys.exit(1)


def open_standard() -> None:
    """What of standard input, output and error is closed leads nowhere: else the next file or socket that is
    opened would be it, and uvloop aborts when that is closed."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8", closefd=False)
