"""Live captions in a terminal: finals stay, what may still change is rewritten in place, below them.

Each voice has a line of its own for that. Without a terminal there are finals alone. Widths are those of a
terminal, where Chinese characters take two columns.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.text import Text

from ..errors import SaywireError
from ..messages import Cleared, Event, Failed, Final, Partial

COLOURS = ("green", "magenta", "cyan", "yellow")
TALLEST = 3
"""Lines of what a voice says now; of more, the last are shown."""


class Captions:
    """``with`` it, or else nothing is rewritten."""

    def __init__(self, console: Console, labels: Sequence[str] = ("",)) -> None:
        """``labels``: of the voices; one that is empty is alone and not named."""
        self._console = console
        self._labels = tuple(labels)
        self._open = Open()
        live = Live(
            self._open,
            console=console,
            transient=True,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live = live if console.is_terminal else None

    def __enter__(self) -> Captions:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.texts.clear()
        if self._live:
            self._live.stop()

    def tell(self, label: str, event: Event) -> None:
        match event:
            case Partial(hypothesis=said):
                changing = (said.text[said.stable :], "dim")
                self._show(label, Text.assemble(self._name(label), said.text[: said.stable], changing))
            case Final(text=text, start=start, end=end):
                self._hide(label)
                if text.strip():
                    times = (f"  {start:6.2f} - {end:6.2f} s  ", "cyan")
                    self._print(Text.assemble(times, self._name(label), (text.strip(), "bold")))
            case Cleared():
                self._hide(label)
            case Failed(error=error):
                self.fail(label, error)

    def fail(self, label: str, error: SaywireError) -> None:
        """On standard error."""
        self._hide(label)
        self.note(f"{label}: {error.message}" if label else error.message)

    def note(self, text: str) -> None:
        """What is not said by anybody; from any thread. On standard error, above what may still change."""
        if self._live and sys.stderr.isatty():
            self._print(Text(f"saywire: {text}", "yellow"))
        else:
            print(f"saywire: {text}\n", end="", file=sys.stderr, flush=True)  # in one piece

    def _name(self, label: str) -> tuple[str, str]:
        """Labels take the same width each, so that texts stand below each other."""
        if not label:
            return "", ""
        width = max(map(cell_len, self._labels))
        colour = COLOURS[self._labels.index(label) % len(COLOURS)]
        return label + " " * (width - cell_len(label) + 2), colour

    def _print(self, line: Text) -> None:
        self._console.print(line, soft_wrap=True)

    def _show(self, label: str, text: Text) -> None:
        self._open.texts[label] = text
        self._refresh()

    def _hide(self, label: str) -> None:
        if self._open.texts.pop(label, None) is not None:
            self._refresh()

    def _refresh(self) -> None:
        if self._live:
            self._live.refresh()


class Open:
    """What is not final yet, each voice's in as many columns as there are when it is drawn."""

    def __init__(self) -> None:
        self.texts: dict[str, Text] = {}

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for label in sorted(self.texts):
            lines = self.texts[label].wrap(console, max(console.width - 1, 2), no_wrap=False)
            yield from lines[-TALLEST:]
