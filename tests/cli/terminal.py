"""As much of a terminal as rich writes to: it wraps at its width, and wide characters take two columns."""

from __future__ import annotations

import re

from rich.cells import cell_len

CODE = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])|\x1b\][^\x07]*\x07|.|\n|\r", re.DOTALL)


class Terminal:
    def __init__(self, width: int) -> None:
        self._width = width
        self._rows: list[list[str]] = [[]]
        self._row = self._column = 0

    @property
    def lines(self) -> list[str]:
        """What stands on it, without blanks at the ends."""
        rows = ["".join(row).rstrip() for row in self._rows]
        while rows and not rows[-1]:
            rows.pop()
        return rows

    def feed(self, output: str) -> None:
        for match in CODE.finditer(output):
            self._obey(match[0], match[1], match[2])

    def _obey(self, text: str, number: str | None, code: str | None) -> None:
        if code == "A":
            self._row -= int(number or 1)
            assert self._row >= 0
        elif code == "K":
            assert number == "2"
            self._rows[self._row] = []
        elif text == "\n":
            self._down()
        elif text == "\r":
            self._column = 0
        elif code is None and not text.startswith("\x1b"):
            self._write(text)
        else:
            assert code in ("m", "h", "l"), f"{text!r} is not known here"

    def _down(self) -> None:
        self._row += 1
        self._column = 0
        if self._row == len(self._rows):
            self._rows.append([])

    def _write(self, character: str) -> None:
        wide = cell_len(character)
        if self._column + wide > self._width:
            self._down()
        row = self._rows[self._row]
        row.extend(" " * (self._column + wide - len(row)))
        row[self._column : self._column + wide] = [character] + [""] * (wide - 1)
        self._column += wide
