"""Captions in a terminal, or in a file: what is final stays, what may still change is rewritten in place."""

from __future__ import annotations

from rich.console import Console
from rich.live import Live
from rich.text import Text

from ..client.measure import Heard
from ..errors import SaywireError
from ..messages import Failed, Final, Partial


class Screen:
    """One live line for what may still change, and above it what is final; plain lines without a terminal."""

    def __init__(self, console: Console) -> None:
        self.finals: list[str] = []
        self.failure: SaywireError | None = None
        self._console = console
        self._live = Live(console=console, transient=True) if console.is_terminal else None
        self._shown = ""

    def __enter__(self) -> None:
        if self._live:
            self._live.start()

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def show(self, heard: Heard) -> None:
        match heard.event:
            case Partial(hypothesis=hypothesis):
                text, stable = hypothesis.text, hypothesis.stable
                self._line(heard.at, Text.assemble(text[:stable], (text[stable:], "dim")))
            case Final(text=text, start=start, end=end) if text:
                self.finals.append(text)
                self._line(heard.at, Text())
                times = f"  {start:6.2f} - {end:6.2f} s  "
                self._console.print(Text.assemble((times, "cyan"), (text, "bold")))
            case Failed(error=error):
                self.failure = error
                self._console.print(Text(f"  failed: {error.message}", "red"))

    def _line(self, at: float, text: Text) -> None:
        line = Text.assemble(f"  {at:6.2f} s ... ", text)
        if self._live:
            self._live.update(line if text else Text(), refresh=True)
        elif text.plain and text.plain != self._shown:
            self._console.print(line)
        self._shown = text.plain
