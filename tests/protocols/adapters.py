"""What the tests of adapters share: surroundings that repeat themselves, and the lines of the stories."""

import base64
import itertools
import re
from collections import defaultdict
from pathlib import Path

from saywire.protocols.base import Surroundings

GOLDEN = Path(__file__).parent / "golden"
STEP = b"\x00\x40"
"""Half of full scale."""


NOW = 1_789_000_000.0


def surroundings(now=lambda: NOW, **more):
    """Ids count by kind, the time stands still."""
    counts = defaultdict(itertools.count)
    return Surroundings(new_id=lambda kind: f"{kind}_{next(counts[kind]) + 1}", now=now, **more)


def stories(prefix=""):
    return sorted(GOLDEN.glob(f"{prefix}*.txt"))


def story_lines(mark, prefix=""):
    """What follows ``mark`` in every story."""
    lines = itertools.chain.from_iterable(path.read_text().splitlines() for path in stories(prefix))
    return [line.removeprefix(f"{mark} ") for line in lines if line.startswith(f"{mark} ")]


def frame(body):
    """The frame that a line of a story stands for (see test_golden)."""
    if body.startswith("binary "):
        return bytes.fromhex(body.removeprefix("binary "))
    return re.sub(r"@(silence|step|hex) (\w+)", lambda found: sound(*found.groups()), body)


def sound(kind, amount):
    data = bytes.fromhex(amount) if kind == "hex" else {"silence": bytes(2), "step": STEP}[kind] * int(amount)
    return base64.b64encode(data).decode()
