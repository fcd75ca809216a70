"""How much memory processes take together: the proportional set size, which counts shared pages once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

PROC = Path("/proc")


def measure(pids: Iterable[int], proc: Path = PROC) -> int | None:
    """Bytes; None where the system does not tell. A process that has just ended counts nothing."""
    if not proc.is_dir():
        return None
    return sum(_read_pss(proc / str(pid) / "smaps_rollup") for pid in pids)


def _read_pss(rollup: Path) -> int:
    try:
        lines = rollup.read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
