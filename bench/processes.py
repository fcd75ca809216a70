"""What a tree of processes takes, from Linux's /proc.

PSS counts a page shared by n processes as 1/n each, so its sum is what they take of the machine; the sum of
RSS counts shared pages again and again.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MB = 1e6
TICK = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Memory:
    """MB, all processes together."""

    processes: int
    pss: float
    rss: float


def find_tree(root: int) -> Iterator[int]:
    """The process and all below it; whoever is forked by a zygote is below the zygote."""
    yield root
    for task in Path(f"/proc/{root}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from find_tree(int(child))


def read_memory(root: int) -> Memory:
    """Of the process and all below it."""
    sums = {"Pss": 0, "Rss": 0}
    processes = list(find_tree(root))
    for process in processes:
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()[1:]:
            name, _, rest = line.partition(":")
            if name in sums:
                sums[name] += int(rest.split()[0]) * 1024
    return Memory(len(processes), sums["Pss"] / MB, sums["Rss"] / MB)


def cpu_seconds(processes: Iterable[int]) -> dict[int, float]:
    """Of all threads of each, user and system; those that are gone are left out."""
    taken = {}
    for process in processes:
        with suppress(FileNotFoundError, ProcessLookupError):
            numbers = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            taken[process] = (int(numbers[11]) + int(numbers[12])) * TICK
    return taken
