"""``tokens.txt`` of sherpa-onnx models: a line for each token, ``text id``.

sherpa-onnx ends the process over a table it cannot use, so it is checked here first. A line with an id alone
is the space. Source: symbol-table.cc of sherpa-onnx, August 2026.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import EngineFailed

BLANKS = ("<blk>", "<eps>", "<blank>")
LONGEST = 64 * 2**20
"""Bytes; the largest table of a published model has half a megabyte."""


def read_tokens(path: Path) -> dict[int, str]:
    """Text of each id. Raises EngineFailed for a table that sherpa-onnx would not read."""
    try:
        if path.stat().st_size > LONGEST:
            raise EngineFailed(f"'{path.name}' has over {LONGEST >> 20} MB; it is no table of tokens")
        lines = path.read_text("utf-8").split("\n")
    except OSError as e:
        raise EngineFailed(f"'{path.name}' cannot be read: {e.strerror}; the model needs it") from e
    except UnicodeDecodeError as e:
        raise EngineFailed(f"'{path.name}' is not UTF-8 text: {e.reason} at byte {e.start}") from e
    tokens = dict(_read_line(line, number, path.name) for number, line in enumerate(lines, 1) if line.strip())
    if not tokens:
        raise EngineFailed(f"'{path.name}' has no token; download it again")
    return tokens


def _read_line(line: str, number: int, name: str) -> tuple[int, str]:
    parts = line.split()
    text, index = ("▁", parts[0]) if len(parts) == 1 else (parts[0], parts[-1])
    if len(parts) > 2 or not index.isdecimal():
        raise EngineFailed(f"line {number} of '{name}' is '{line.strip()[:40]}'; expected a token and its id")
    return int(index), text


def check_tokens(
    tokens: dict[int, str], vocabulary: int | None, name: str, *, blank_last: bool = False
) -> None:
    """Raises EngineFailed unless the table fits a network with that many outputs (None: unknown), of which
    NeMo's transducers have the blank last."""
    if not any(blank in tokens.values() for blank in BLANKS):
        raise EngineFailed(
            f"'{name}' has none of {', '.join(BLANKS)}, which the model needs; is it another's?"
        )
    if blank_last and tokens[max(tokens)] != BLANKS[0]:
        last = tokens[max(tokens)]
        raise EngineFailed(f"the last token of '{name}' is '{last}', not {BLANKS[0]}; is it another model's?")
    # icefall's tables go on with #0, #1, ... for decoding graphs, which no network puts out.
    spoken = {index for index, text in tokens.items() if not re.fullmatch(r"#\d+", text)}
    if vocabulary is not None and spoken != set(range(vocabulary)):
        raise EngineFailed(
            f"'{name}' has {len(spoken)} tokens up to id {max(spoken)}, but the network has"
            f" {vocabulary} outputs; take tokens.txt and the network from the same model"
        )


@dataclass(frozen=True, slots=True)
class Script:
    """How a model writes, told by its table."""

    bytes: bool
    """Whether tokens are pieces of characters (byte-level BPE, each byte as a letter up to U+01BF)."""
    capitals: bool
    """Whether it knows only capital letters, which nobody wants to read."""
    suffixed: bool
    """Whether ``@@`` ends a token whose word goes on."""


def tell_script(tokens: Sequence[str]) -> Script:
    said = [token for token in tokens if not token.startswith("<")]
    letters = "".join(said).replace("▁", "")
    highest = ord(max(letters, default="a"))
    lower = any("a" <= letter <= "z" for letter in letters)
    capitals = not lower and any("A" <= letter <= "Z" for letter in letters)
    suffixed = any(token.endswith("@@") for token in said)
    return Script(0x180 <= highest <= 0x1BF, capitals, suffixed)
